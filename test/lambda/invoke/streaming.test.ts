/**
 * InvokeWithResponseStream through the SDK. What comes in which order is shown by a gate: the function writes its
 * second piece only when the test, which has read the first, has opened it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { InvokeWithResponseStreamCommandInput } from '@aws-sdk/client-lambda';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from './gate.ts';
import { createProbe } from './probe-function.ts';
import type { Streamed } from './streamed-invocation.ts';
import { invokeStreaming } from './streamed-invocation.ts';

const CODE = `
const { once } = require('node:events');
const pass = ${PASS_GATE};
let calls = 0;
const cases = {
  pieces: async (stream, { gate }) => { stream.write('first'); await pass(gate); stream.end('second'); },
  fails: async (stream, { gate }) => { stream.write('first'); await pass(gate); throw new RangeError('in the middle'); },
  exits: async (stream, { gate }) => { stream.write('first'); await pass(gate); process.exit(3); },
  hangs: async (stream) => { stream.write('first'); await new Promise(() => setInterval(() => {}, 1000)); },
  count: async (stream) => { stream.end(String(calls)); },
  much: async (stream, { bytes }) => {
    // More than a frame of the channel may hold.
    const piece = Buffer.alloc(100 * 1024 * 1024, 'x');
    for (let left = bytes; left > 0; left -= piece.length)
      if (!stream.write(piece.subarray(0, Math.min(left, piece.length)))) await once(stream, 'drain');
    stream.end();
  },
};
exports.handler = awslambda.streamifyResponse(async (event, stream) => { calls += 1; await cases[event.what](stream, event); });
`;

let platform: Platform;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;
before(async () => {
  platform = await openPlatform();
  lambda = new LambdaClient(clientSettings(platform));
  logs = new CloudWatchLogsClient(clientSettings(platform));
  await create('streaming');
  await createProbe(lambda, 'probe');
});
after(async () => {
  lambda.destroy();
  logs.destroy();
  await platform.close();
});

async function create(FunctionName: string, Timeout = 30): Promise<void> {
  const Code = { ZipFile: await zipOf({ 'index.js': CODE }) };
  await createProbe(lambda, FunctionName, { Timeout, Code });
}

function invoke(
  name: string,
  event: object,
  more: Partial<InvokeWithResponseStreamCommandInput> = {},
  abortSignal?: AbortSignal,
): Promise<Streamed> {
  return invokeStreaming(lambda, name, event, more, abortSignal);
}

test('gives the first piece before the function writes the second', async () => {
  await using gate = openGate(platform);
  const streamed = await invoke('streaming', { what: 'pieces', gate: gate.name }, { LogType: 'Tail' });
  assert.equal(await streamed.piece(), 'first');
  assert.deepEqual([streamed.status, streamed.version], [200, '$LATEST']);
  await gate.open();
  const { text, code, log } = await streamed.rest();
  assert.deepEqual([text, code], ['second', undefined]);
  assert.match(log, /^START RequestId: .*\nREPORT RequestId: .*Max Memory Used: \d+ MB/s);
});

test('tells of an error in the middle', async () => {
  await using gate = openGate(platform);
  const streamed = await invoke('streaming', { what: 'fails', gate: gate.name });
  assert.equal(await streamed.piece(), 'first');
  await gate.open();
  const { text, code, details } = await streamed.rest();
  assert.deepEqual([text, code], ['', 'Unhandled']);
  const { errorMessage } = JSON.parse(details) as { errorMessage: string };
  assert.equal(errorMessage, 'in the middle');
});
test('tells of a runtime that exits in the middle', async () => {
  await using gate = openGate(platform);
  const streamed = await invoke('streaming', { what: 'exits', gate: gate.name });
  assert.equal(await streamed.piece(), 'first');
  await gate.open();
  const { text, code, details } = await streamed.rest();
  assert.deepEqual([text, code], ['', 'Unhandled']);
  const { errorType, errorMessage } = JSON.parse(details) as { errorType: string; errorMessage: string };
  assert.equal(errorType, 'Runtime.ExitError');
  assert.match(errorMessage, /^RequestId: \S+ Error: Runtime exited with error: exit status 3$/);
});

test('tells of a time-out in the middle, after what was written', async () => {
  await create('hanging', 1);
  const streamed = await invoke('hanging', { what: 'hangs' });
  const { text, code, details } = await streamed.rest();
  assert.deepEqual([text, code], ['first', 'Unhandled']);
  assert.match(details, /"errorType":"Sandbox.Timedout".* Task timed out after 1\.00 seconds"/);
});

test('gives the result of an ordinary handler as one piece, and its error at the end', async () => {
  const answer = await invoke('probe', { a: 1 });
  assert.equal(await answer.piece(), '{"a":1}');
  const ended = await answer.rest();
  assert.deepEqual([ended.text, ended.code], ['', undefined]);
  const failed = await (await invoke('probe', { action: 'fail', message: 'no' })).rest();
  assert.deepEqual([failed.text, failed.code], ['', 'Unhandled']);
  assert.match(failed.details, /"errorType":"RangeError","errorMessage":"no"/);
});

test('streams 200 MB and not a byte more', async () => {
  const limit = 200 * 1024 * 1024;
  const all = await (await invoke('streaming', { what: 'much', bytes: limit })).rest();
  assert.deepEqual([all.bytes, all.code], [limit, undefined]);
  const more = await (await invoke('streaming', { what: 'much', bytes: limit + 1 })).rest();
  assert.deepEqual([more.bytes, more.code], [limit, 'Unhandled']);
  assert.deepEqual(JSON.parse(more.details), {
    errorMessage: 'Response payload size exceeded maximum allowed payload size (209715200 bytes).',
    errorType: 'Function.ResponseSizeTooLarge',
  });
});

test('refuses Invoke a streamed response of more than 6 MB', async () => {
  const Payload = JSON.stringify({ what: 'much', bytes: 6_291_557 });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'streaming', Payload }));
  assert.equal(answer.FunctionError, 'Unhandled');
  assert.match(Buffer.from(answer.Payload!).toString(), /maximum allowed payload size \(6291556 bytes\)/);
});

for (const event of [{ what: 'pieces' }, { what: 'much', bytes: 50 * 1024 * 1024 }]) {
  test(`lets a function run to its end when its caller has gone, and uses its environment again: ${event.what}`, async () => {
    const name = `left-${event.what}`;
    await create(name);
    await using gate = openGate(platform);
    const away = new AbortController();
    const { piece, requestId } = await invoke(name, { ...event, gate: gate.name }, {}, away.signal);
    await piece();
    away.abort();
    await gate.open();
    await reported(name, requestId);
    // Had its environment been stopped or were it still at work, another one would count from the start.
    assert.equal(await (await invoke(name, { what: 'count' })).piece(), '2');
  });
}

/** Resolves when the log has the invocation's report. */
async function reported(name: string, requestId: string): Promise<void> {
  const query = new FilterLogEventsCommand({
    logGroupName: `/aws/lambda/${name}`,
    filterPattern: `"REPORT RequestId: ${requestId}"`,
  });
  while ((await logs.send(query)).events?.length !== 1) await new Promise((resolve) => setImmediate(resolve));
}

test('runs nothing for DryRun, and answers 204', async () => {
  const { status, piece } = await invoke('streaming', { what: 'none' }, { InvocationType: 'DryRun' });
  assert.equal(status, 204);
  assert.equal(await piece(), undefined);
});

test('refuses what Invoke refuses, before a stream is begun', async () => {
  await assert.rejects(invoke('nobody', {}), { name: 'ResourceNotFoundException' });
  await assert.rejects(invoke('streaming', {}, { Payload: Buffer.from('{') }), {
    name: 'InvalidRequestContentException',
  });
});
