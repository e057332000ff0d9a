/**
 * The streaming mode of the HTTP runtime API, through the SDK. The runtime is a script for the Node.js that runs the
 * tests, which no sandbox but the process level shows it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from './gate.ts';
import { createProbe } from './probe-function.ts';
import type { Streamed } from './streamed-invocation.ts';
import { invokeStreaming } from './streamed-invocation.ts';

/** Streams, and tells of a failure in trailers. */
const BOOTSTRAP = `#!${process.execPath}
const http = require('node:http');
const pass = ${PASS_GATE};
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });
const call = (method, path, headers) => http.request({ host, port, agent, method, path: '/2018-06-01/runtime/invocation/' + path, headers });
const answered = (request) => new Promise((resolve, reject) => request.on('response', async (response) => {
  let text = '';
  for await (const piece of response) text += piece;
  resolve({ headers: response.headers, text });
}).on('error', reject).end());
(async () => {
  for (;;) {
    const { headers, text } = await answered(call('GET', 'next'));
    const { gate, fails } = JSON.parse(text);
    const response = call('POST', headers['lambda-runtime-aws-request-id'] + '/response', {
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    });
    response.write('first');
    await pass(gate);
    if (fails) response.addTrailers({
      'Lambda-Runtime-Function-Error-Type': 'Function.Midway',
      'Lambda-Runtime-Function-Error-Body': Buffer.from('{"errorType":"Function.Midway","errorMessage":"in the middle"}').toString('base64'),
    });
    else response.write('second');
    await answered(response);
  }
})();
`;

let platform: Platform;
let lambda: LambdaClient;
before(async () => {
  platform = await openPlatform({ isolation: 'process' });
  lambda = new LambdaClient(clientSettings(platform));
  const ZipFile = await zipOf({ bootstrap: { content: BOOTSTRAP, mode: 0o755 } });
  await createProbe(lambda, 'own', { Runtime: 'provided.al2023', Code: { ZipFile } });
});
after(async () => {
  lambda.destroy();
  await platform.close();
});

function invoke(event: object, more: { LogType?: 'Tail' } = {}): Promise<Streamed> {
  return invokeStreaming(lambda, 'own', event, more);
}

test('gives the first piece of a runtime before it writes the second', async () => {
  await using gate = openGate(platform);
  const streamed = await invoke({ gate: gate.name }, { LogType: 'Tail' });
  assert.equal(await streamed.piece(), 'first');
  assert.deepEqual([streamed.status, streamed.version], [200, '$LATEST']);
  await gate.open();
  const { text, code, log } = await streamed.rest();
  assert.deepEqual([text, code], ['second', undefined]);
  assert.match(log, /^START RequestId: .*\nREPORT RequestId: .*Max Memory Used: \d+ MB/s);
});

test('tells of an error of a runtime in the middle', async () => {
  await using gate = openGate(platform);
  const streamed = await invoke({ fails: true, gate: gate.name });
  assert.equal(await streamed.piece(), 'first');
  await gate.open();
  const { text, code, details } = await streamed.rest();
  assert.deepEqual([text, code], ['', 'Unhandled']);
  const { errorMessage } = JSON.parse(details) as { errorMessage: string };
  assert.equal(errorMessage, 'in the middle');
});
test('gives Invoke the whole of what a custom runtime streams, or the error alone', async () => {
  await using gate = openGate(platform);
  await gate.open();
  for (const [fails, error, text] of [
    [false, undefined, 'firstsecond'],
    [true, 'Unhandled', '{"errorType":"Function.Midway","errorMessage":"in the middle"}'],
  ] as const) {
    const Payload = JSON.stringify({ fails, gate: gate.name });
    const answer = await lambda.send(new InvokeCommand({ FunctionName: 'own', Payload }));
    assert.deepEqual([answer.FunctionError, Buffer.from(answer.Payload!).toString()], [error, text]);
  }
});
