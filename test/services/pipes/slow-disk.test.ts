/** Pipes over a disk that takes its time, or refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARN, CALLER, openedPipes, PIPE } from './opened-pipes.ts';

test('tags that are being stored when a pipe is updated are not lost', async (context) => {
  const { operations, state, settled, reaches } = await openedPipes(context);
  await operations.CreatePipe!(PIPE, CALLER);
  await reaches('RUNNING');
  state.hold();
  const tagged = operations.TagResource!({ resourceArn: ARN, tags: { a: 'b' } }, CALLER);
  await settled();
  const { Name, RoleArn } = PIPE;
  const updated = operations.UpdatePipe!(
    { Name, RoleArn, Description: 'mine', SourceParameters: {} },
    CALLER,
  );
  state.letGo();
  await Promise.all([tagged, updated]);
  await reaches('RUNNING');
  const { Tags, Description } = await operations.DescribePipe!({ Name }, CALLER);
  assert.deepEqual([Tags, Description], [{ a: 'b' }, 'mine']);
});

test('a pipe that could not be deleted says so, and can be started again or deleted', async (context) => {
  const { pipes, operations, stream, state, sent, settled, reaches, until } = await openedPipes(context);
  const { Name } = PIPE;
  await operations.CreatePipe!(PIPE, CALLER);
  await reaches('RUNNING');
  await settled();
  const commit = state.commit.bind(state);
  state.commit = async (writes) => {
    if (writes.some((write) => write.table === 'pipes.pipes' && 'delete' in write))
      throw new Error('the disk is full');
    return commit(writes);
  };
  await operations.DeletePipe!({ Name }, CALLER);
  await reaches('DELETE_FAILED');
  assert.equal((await operations.DescribePipe!({ Name }, CALLER)).DesiredState, 'DELETED');
  await operations.StartPipe!({ Name }, CALLER);
  await reaches('RUNNING');
  stream.put('shard-0', 'k', 1);
  await until(() => sent.length === 1);
  state.commit = commit;
  await pipes.close();
  const again = await openedPipes(context, undefined, state);
  await again.pipes.resume();
  assert.equal(await again.stateOf(), 'RUNNING', 'it is not to be deleted any more');
  await again.operations.DeletePipe!({ Name }, CALLER);
  await again.settled();
  await assert.rejects(again.stateOf(), { code: 'NotFoundException' });
});
