import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type {
  EnvironmentExit,
  EnvironmentListener,
  EnvironmentSpec,
} from '../../../src/ports/environment.ts';
import { EnvironmentExtensions } from '../../../src/sandbox/extensions/environment-extensions.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { PATIENCE_MS } from './extended-environment.ts';

const SPEC: EnvironmentSpec = {
  environmentId: '0'.repeat(32),
  installation: { runtime: 'python3.13', family: 'python', directories: [], origin: 'test' },
  codeDirectory: '/code',
  handler: 'index.handler',
  variables: { AWS_LAMBDA_FUNCTION_NAME: 'echo', AWS_LAMBDA_FUNCTION_VERSION: '$LATEST' },
  endpoint: 'http://127.0.0.1:4566',
  memoryMb: 128,
  ephemeralStorageMb: 512,
  logFormat: 'text',
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly identifier: string;
}

type Call = (
  method: string,
  path: string,
  headers?: Record<string, string>,
  body?: unknown,
) => Promise<Answer>;

const DEAF: EnvironmentListener = {
  ready() {},
  initError() {},
  response() {},
  responseChunk() {},
  error() {},
  output() {},
  leaving() {},
  exit() {},
};

async function api(context: TestContext): Promise<Call> {
  return (await openApi(context)).call;
}

async function openApi(
  context: TestContext,
): Promise<{ readonly call: Call; readonly extensions: EnvironmentExtensions }> {
  const extensions = await EnvironmentExtensions.open(SPEC, DEAF);
  const address = await extensions.listen();
  context.after(() => extensions.close());
  const call: Call = async (method, path, headers = {}, body) => {
    const answer = await fetch(`http://${address}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const identifier = answer.headers.get('lambda-extension-identifier') ?? '';
    return { status: answer.status, body: await answer.text(), identifier };
  };
  return { call, extensions };
}

const REGISTER = '/2020-01-01/extension/register';
const NEXT = '/2020-01-01/extension/event/next';

async function registered(call: Call, name = 'one'): Promise<Record<string, string>> {
  const { identifier } = await call(
    'POST',
    REGISTER,
    { 'Lambda-Extension-Name': name },
    { events: ['INVOKE'] },
  );
  return { 'Lambda-Extension-Identifier': identifier };
}

test('calls that AWS refuses are refused in its words', async (context) => {
  const call = await api(context);
  const own = await registered(call);
  const refused: [string, string, Record<string, string>, unknown, string, string][] = [
    ['POST', REGISTER, {}, { events: [] }, 'Extension.InvalidExtensionName', 'Empty extension name'],
    [
      'POST',
      REGISTER,
      { 'Lambda-Extension-Name': 'two' },
      { events: ['OTHER'] },
      'Extension.InvalidEventType',
      'OTHER: ErrorInvalidEventType',
    ],
    [
      'POST',
      REGISTER,
      { 'Lambda-Extension-Name': 'one' },
      { events: [] },
      'Extension.InvalidExtensionState',
      'Extension with this name already registered',
    ],
    [
      'GET',
      NEXT,
      {},
      undefined,
      'Extension.MissingExtensionIdentifier',
      'Missing Lambda-Extension-Identifier header',
    ],
    [
      'GET',
      NEXT,
      { 'Lambda-Extension-Identifier': 'x' },
      undefined,
      'Extension.InvalidExtensionIdentifier',
      'Invalid Lambda-Extension-Identifier',
    ],
    [
      'GET',
      NEXT,
      { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' },
      undefined,
      'Extension.UnknownExtensionIdentifier',
      'Unknown extension 00000000-0000-4000-8000-000000000000',
    ],
    [
      'POST',
      '/2020-01-01/extension/init/error',
      own,
      undefined,
      'Extension.MissingHeader',
      'Lambda-Extension-Function-Error-Type not found',
    ],
  ];
  for (const [method, path, headers, body, errorType, errorMessage] of refused) {
    const answer = await call(method, path, headers, body);
    assert.equal(answer.status, 403);
    assert.deepEqual(JSON.parse(answer.body), { errorMessage, errorType });
  }
});

test('more than ten extensions are refused', async (context) => {
  const call = await api(context);
  for (let count = 1; count <= 10; count += 1) await registered(call, `extension-${count}`);
  const answer = await call('POST', REGISTER, { 'Lambda-Extension-Name': 'eleventh' }, { events: [] });
  assert.equal(answer.status, 403);
  assert.deepEqual(JSON.parse(answer.body), {
    errorMessage: 'Extension limit (10) reached',
    errorType: 'Extension.TooManyExtensions',
  });
});

test('a wrong subscription is told everything that is wrong with it', async (context) => {
  const call = await api(context);
  const own = await registered(call);
  const subscribe = (body: unknown): Promise<Answer> => call('PUT', '/2022-07-01/telemetry', own, body);
  const destination = { protocol: 'HTTP', URI: 'http://sandbox.localdomain:8080/x' };
  for (const [body, errorMessage] of [
    [
      { types: [], destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain/' } },
      'types should not be empty; URI port is not provided',
    ],
    [
      { types: ['platform'], destination, buffering: { maxItems: 10 } },
      'maxItems should be between 1000 and 10000',
    ],
    [
      { types: ['platform'], destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:9001/' } },
      'port 9001 is reserved',
    ],
    [
      { types: ['platform'], destination: { protocol: 'HTTP', URI: 'http://example.com:8080/' } },
      'URI host should be sandbox.localdomain',
    ],
    [
      { types: ['platform'], destination: { protocol: 'HTTP', URI: 'http://127.0.0.1:8080/' } },
      'URI host should be sandbox.localdomain',
    ],
    [
      {
        types: ['platform'],
        destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:1@127.0.0.1:8080/' },
      },
      'URI host should be sandbox.localdomain',
    ],
    [
      { types: ['platform'], destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:0/' } },
      'port should be between 1 and 65535',
    ],
    [{ types: ['platform'], destination: { protocol: 'TCP' } }, 'port is not provided'],
    [
      { types: ['platform'], destination: { protocol: 'TCP', port: 65_536, host: '127.0.0.1' } },
      'port should be between 1 and 65535',
    ],
    [
      { types: ['platform'], destination, schemaVersion: '2021-03-18' },
      'schemaVersion should be one of 2022-12-13, 2022-07-01, 2025-01-29',
    ],
  ] as const) {
    const answer = await subscribe(body);
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.body), { errorMessage, errorType: 'ValidationError' });
  }
  assert.equal((await subscribe({ types: ['platform'], destination })).status, 200);
});

test('subscriptions are taken during Init only', async (context) => {
  const { call, extensions } = await openApi(context);
  const own = await registered(call);
  const waiting = call('GET', NEXT, own);
  extensions.listener.ready();
  // Init is over when both the runtime and the extension wait for events; an event answers the open request.
  while (extensions.telemetry !== undefined) await new Promise((resolve) => setImmediate(resolve));
  for (const [path, api] of [
    ['/2022-07-01/telemetry', 'Telemetry'],
    ['/2020-08-15/logs', 'Logs'],
  ] as const) {
    const destination = { protocol: 'TCP', port: 1 };
    const answer = await call('PUT', path, own, { types: ['platform'], destination });
    assert.equal(answer.status, 403);
    assert.deepEqual(JSON.parse(answer.body), {
      errorMessage: `${api} API subscription is closed already`,
      errorType: `${api}.SubscriptionClosed`,
    });
  }
  extensions.invoke({
    requestId: 'id-1',
    payload: Buffer.from('1'),
    deadlineMs: 0,
    invokedFunctionArn: 'arn',
    traceId: undefined,
    clientContext: undefined,
    cognitoIdentity: undefined,
    tenantId: undefined,
  });
  assert.equal((JSON.parse((await waiting).body) as { requestId: string }).requestId, 'id-1');
});

/** Emits `told` whenever it has received lines. */
async function tcpSubscriber(
  context: TestContext,
): Promise<{ readonly received: string[]; readonly subscriber: Server; readonly port: number }> {
  const received: string[] = [];
  const subscriber = createServer(async (socket) => {
    let chunk = '';
    for await (const part of socket) chunk += String(part);
    received.push(...chunk.trim().split('\n'));
    socket.end();
    subscriber.emit('told');
  });
  subscriber.listen(0, '127.0.0.1');
  await once(subscriber, 'listening');
  context.after(() => subscriber.close());
  const { port } = subscriber.address() as AddressInfo;
  return { received, subscriber, port };
}

test('who subscribes late in Init is told what was said before, up to a limit, and how much was dropped', async (context) => {
  const { call, extensions } = await openApi(context);
  const own = await registered(call);
  const [count, text] = [30, 'x'.repeat(100_000)];
  for (let number = 0; number < count; number += 1)
    extensions.telemetry?.({ time: `t${number}`, type: 'function', record: text });
  const { received, subscriber, port } = await tcpSubscriber(context);
  await call('PUT', '/2022-07-01/telemetry', own, {
    types: ['function'],
    destination: { protocol: 'TCP', port },
    buffering: { timeoutMs: 25 },
  });
  const events = () => received.map((line) => JSON.parse(line) as { type: string; record: unknown });
  const dropped = () => events().find(({ type }) => type === 'platform.logsDropped')?.record;
  const told = () => events().filter(({ type }) => type === 'function').length;
  while (dropped() === undefined || told() < 10)
    await once(subscriber, 'told', { signal: AbortSignal.timeout(PATIENCE_MS) });
  // A mebibyte of events of 100 kB each.
  assert.equal(told(), 10);
  assert.equal((dropped() as { droppedRecords: number }).droppedRecords, count - 10);
});

test('more external extensions than a function may have end its environment', async (context) => {
  const layersDirectory = await scratchDirectory(context);
  await mkdir(join(layersDirectory, 'extensions'));
  for (let number = 1; number <= 11; number += 1)
    await writeFile(join(layersDirectory, 'extensions', `extension-${number}`), '', { mode: 0o755 });
  const exits: EnvironmentExit[] = [];
  const extensions = await EnvironmentExtensions.open(
    { ...SPEC, layersDirectory },
    { ...DEAF, exit: (exit) => exits.push(exit) },
  );
  extensions.attach({
    kill: async () => extensions.listener.exit({ code: null, signal: 'SIGKILL' }),
    keepLoop() {},
    async terminateRuntime() {},
    extensionOutput: undefined,
    control: undefined,
  });
  assert.deepEqual(exits, [
    {
      code: null,
      signal: 'SIGKILL',
      problem: { errorType: 'Extension.TooManyExtensions', message: 'Extension limit (10) reached' },
    },
  ]);
});

test('a subscriber inside the runtime is told what was gathered before the runtime is asked to end', async (context) => {
  const { call, extensions } = await openApi(context);
  const own = await registered(call);
  const { received, port } = await tcpSubscriber(context);
  await call('PUT', '/2022-07-01/telemetry', own, {
    types: ['function'],
    destination: { protocol: 'TCP', port },
    buffering: { timeoutMs: 30_000 },
  });
  let receivedBefore: number | undefined;
  extensions.attach({
    kill: async () => {},
    keepLoop() {},
    terminateRuntime: async () => {
      receivedBefore = received.length;
      extensions.listener.exit({ code: 0, signal: null });
    },
    extensionOutput: undefined,
    control: undefined,
  });
  extensions.telemetry?.({ time: 't', type: 'function', record: 'the last words' });
  await extensions.shutdown('spindown');
  assert.equal(receivedBefore, 1);
  assert.match(received[0]!, /the last words/);
});
