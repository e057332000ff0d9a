import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALLER, openedPipes, PIPE } from './opened-pipes.ts';

test('pipes are closed when it is stored what they have carried', async (context) => {
  const { pipes, operations, stream, state, sent, until, settled, reaches } = await openedPipes(context);
  await operations.CreatePipe!(PIPE, CALLER);
  await reaches('RUNNING');
  await settled();
  state.hold();
  stream.put('shard-0', 'k', 1);
  await until(() => sent.length === 1);
  await settled();
  let isClosed = false;
  const closed = pipes.close().then(() => {
    isClosed = true;
  });
  await settled();
  assert.equal(isClosed, false);
  state.letGo();
  await closed;
});

test('a pipe that is on its way when pipes are closed begins no more', async (context) => {
  const role = Promise.withResolvers<void>();
  const { pipes, operations, stream, sent, settled } = await openedPipes(context, () => role.promise);
  stream.put('shard-0', 'k', 1);
  await operations.CreatePipe!(PIPE, CALLER);
  await pipes.close();
  role.resolve();
  await settled();
  assert.deepEqual(sent, []);
});
