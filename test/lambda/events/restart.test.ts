import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { scratchDirectory } from '../../storage/scratch.ts';
import { openAsynchronous } from './recording-function.ts';

const SLOW = `
const { appendFileSync } = require('node:fs');
exports.handler = async () => {
  appendFileSync(process.env.RUNS, '{}\\n');
  await new Promise((resolve) => setTimeout(resolve, 500));
  appendFileSync(process.env.RUNS, '{"event":{"name":"ended"}}\\n');
};`;

test('a server that is stopped ends what runs, and goes on with the rest when it is started again', async (context) => {
  const directory = await scratchDirectory(context);
  const open = () => openAsynchronous(directory, { dataDir: join(directory, 'data') });
  const first = await open();
  const send = (FunctionName: string, payload: object) =>
    first.lambda.send(
      new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }),
    );
  await first.create('slow', {}, SLOW);
  await first.create('failing');
  await first.create('throttled');
  first.platform.faults.add({ fault: 'throttle', functionName: 'throttled' });
  const { $metadata } = await send('failing', { fail: true });
  await send('throttled', {});
  await first.platform.clock.advance(0);
  await send('slow', {});
  while ((await first.runs('slow')).length === 0) await new Promise(setImmediate);
  await first.close();
  const slow = await first.runs('slow');
  assert.deepEqual(
    slow.map(({ event }) => event?.name),
    [undefined, 'ended'],
  );

  const second = await open();
  context.after(() => second.close());
  await second.platform.clock.advance('6h');
  assert.deepEqual(await second.runs('slow'), slow, 'what had ended is not repeated');
  assert.equal((await second.runs('throttled')).length, 1);
  const failing = await second.runs('failing');
  assert.equal(failing.length, 3, 'attempts before the restart count');
  assert.deepEqual(new Set(failing.map(({ requestId }) => requestId)), new Set([$metadata.requestId]));
});
