import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { EnvironmentSpec } from '../../../src/ports/environment.ts';
import { EnvironmentExtensions } from '../../../src/sandbox/extensions/environment-extensions.ts';

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

async function api(context: TestContext): Promise<Call> {
  const extensions = await EnvironmentExtensions.open(SPEC, {
    ready() {},
    initError() {},
    response() {},
    responseChunk() {},
    error() {},
    output() {},
    leaving() {},
    exit() {},
  });
  const address = await extensions.listen();
  context.after(() => extensions.close());
  return async (method, path, headers = {}, body) => {
    const answer = await fetch(`http://${address}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const identifier = answer.headers.get('lambda-extension-identifier') ?? '';
    return { status: answer.status, body: await answer.text(), identifier };
  };
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
  ] as const) {
    const answer = await subscribe(body);
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.body), { errorMessage, errorType: 'ValidationError' });
  }
  assert.equal((await subscribe({ types: ['platform'], destination })).status, 200);
});
