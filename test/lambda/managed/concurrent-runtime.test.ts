/**
 * Several events at once in one environment, by a custom runtime that asks for as many as AWS_LAMBDA_MAX_CONCURRENCY
 * says. Source: AWS, "Building custom runtimes for Lambda Managed Instances".
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate, PASS_GATE } from '../invoke/gate.ts';
import type { ManagedFunctions } from './managed-functions.ts';
import { managedFunctions } from './managed-functions.ts';

const EVENTS = 10;

const BOOTSTRAP = `#!${process.execPath}
const http = require('node:http');
const pass = ${PASS_GATE};
const environment = require('node:crypto').randomUUID();
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });
const call = (method, path, body) => new Promise((resolve, reject) => {
  const request = http.request({ host, port, agent, method, path: '/2018-06-01/runtime/invocation/' + path });
  request.on('response', async (response) => {
    let text = '';
    for await (const piece of response) text += piece;
    resolve({ status: response.statusCode, headers: response.headers, text });
  }).on('error', reject).end(body);
});
async function work() {
  for (;;) {
    const { headers, text } = await call('GET', 'next');
    const id = headers['lambda-runtime-aws-request-id'];
    const { gate, exits, tooMany } = JSON.parse(text);
    let answer = { environment, id, heard, variable: process.env.AWS_LAMBDA_MAX_CONCURRENCY };
    if (gate) await pass(gate);
    if (exits) process.exit(3);
    if (tooMany) answer = { status: (await call('GET', 'next')).status };
    await call('POST', id + '/response', JSON.stringify(answer));
  }
}
let heard = 0;
async function extension() {
  const ask = (method, path, headers, body) => new Promise((resolve, reject) =>
    http.request({ host, port, method, path: '/2020-01-01/extension/' + path, headers }, (response) =>
      response.resume().on('end', () => resolve(response))).on('error', reject).end(body));
  const { headers } = await ask('POST', 'register', { 'Lambda-Extension-Name': 'inside' }, '{"events":["INVOKE"]}');
  const identifier = { 'Lambda-Extension-Identifier': headers['lambda-extension-identifier'] };
  for (;; heard += 1) await ask('GET', 'event/next', identifier);
}
void extension();
for (let worker = 0; worker < Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY); worker += 1) void work();
`;

interface Answer {
  readonly environment: string;
  readonly id: string;
  readonly variable: string;
  /** Events that an extension in the runtime got. */
  readonly heard: number;
}

let platform: Platform;
let functions: ManagedFunctions;
let code: Uint8Array;

before(async () => {
  platform = await openPlatform({ isolation: 'process' });
  functions = managedFunctions(platform);
  code = await zipOf({ bootstrap: { content: BOOTSTRAP, mode: 0o755 } });
  await functions.createProvider();
});
after(async () => {
  functions[Symbol.dispose]();
  await platform.close();
});

const invoke = async (name: string, event: object): Promise<Answer> =>
  JSON.parse(await functions.invoke(name, event)) as Answer;

test('ten events meet in one environment; an eleventh is refused, and a slow one holds nobody up', async () => {
  await functions.create('ten', { code, maxConcurrency: EVENTS }, { min: 1, max: 1 });
  await using gate = openGate(platform);
  const meeting = Array.from({ length: EVENTS }, () => invoke('ten', { gate: gate.name }));
  await gate.arrived(EVENTS);
  await assert.rejects(functions.invoke('ten', {}), {
    name: 'TooManyRequestsException',
    Reason: 'ConcurrentInvocationLimitExceeded',
  });
  await gate.open();
  const answers = await Promise.all(meeting);
  assert.equal(new Set(answers.map(({ environment }) => environment)).size, 1);
  assert.equal(new Set(answers.map(({ id }) => id)).size, EVENTS);
  assert.equal(answers[0]?.variable, String(EVENTS));

  await using slow = openGate(platform);
  const held = invoke('ten', { gate: slow.name });
  await slow.arrived(1);
  const quick = await invoke('ten', {});
  assert.equal(quick.environment, answers[0]?.environment);
  await slow.open();
  await held;
});

test('an extension hears nothing of events that overlap', async () => {
  assert.equal((await invoke('ten', {})).heard, 0);
});

test('a runtime that asks for more than it may have is refused', async () => {
  await functions.create('greedy', { code, maxConcurrency: 1 }, { min: 1, max: 1 });
  assert.equal(await functions.invoke('greedy', { tooMany: true }), '{"status":403}');
});

test('events go to the environment that has the fewest', async () => {
  await functions.create('two', { code, maxConcurrency: 2 }, { min: 2, max: 2 });
  await using gate = openGate(platform);
  const meeting = [invoke('two', { gate: gate.name }), invoke('two', { gate: gate.name })];
  await gate.arrived(2);
  await gate.open();
  const [one, other] = await Promise.all(meeting);
  assert.notEqual(one?.environment, other?.environment);
});

test('more environments come as those that are there fill up', async () => {
  await functions.create('growing', { code, maxConcurrency: 1 }, { min: 1, max: 2 });
  await using gate = openGate(platform);
  const first = invoke('growing', { gate: gate.name });
  await gate.arrived(1);
  // AWS scales beside the events: until another environment is there, they are refused.
  let second: Answer | undefined;
  while (second === undefined)
    second = await invoke('growing', {}).catch((error: Error) => {
      assert.equal(error.name, 'TooManyRequestsException');
      return undefined;
    });
  await gate.open();
  assert.notEqual((await first).environment, second.environment);
});

test('one that times out keeps its place and lets the others be', async () => {
  await functions.create('slow', { code, maxConcurrency: 2, Timeout: 1 }, { min: 1, max: 1 });
  const { environment } = await invoke('slow', {});
  await using gate = openGate(platform);
  const late = functions.lambda.send(
    new InvokeCommand({ FunctionName: 'slow', Payload: JSON.stringify({ gate: gate.name }) }),
  );
  const { Payload, FunctionError } = await late;
  assert.equal(FunctionError, 'Unhandled');
  assert.match(Buffer.from(Payload!).toString(), /Task timed out after 1\.00 seconds/);
  // The code runs on: its place is taken, and the other is free.
  assert.equal((await invoke('slow', {})).environment, environment);
  await gate.open();
  assert.equal((await invoke('slow', {})).environment, environment);
});

test('a runtime that exits ends all that it has with AWS’s error, and is replaced', async () => {
  await functions.create('fragile', { code, maxConcurrency: 2 }, { min: 1, max: 1 });
  await using gate = openGate(platform);
  const held = functions.invoke('fragile', { gate: gate.name });
  await gate.arrived(1);
  const exiting = functions.invoke('fragile', { exits: true });
  for (const text of await Promise.all([held, exiting])) {
    const { errorType, errorMessage } = JSON.parse(text) as Record<string, string>;
    assert.equal(errorType, 'Runtime.ExitError');
    assert.match(errorMessage!, /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/);
  }
  let replaced: Answer | undefined;
  while (replaced === undefined) replaced = await invoke('fragile', {}).catch(() => undefined);
  assert.equal(typeof replaced.environment, 'string');
});
