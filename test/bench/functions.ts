/** The functions that are measured, created and invoked over the API without an SDK in the way. */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zipOf } from '../kit/zip.ts';
import { awaited } from './patience.ts';

const run = promisify(execFile);

/** One vCPU. */
const MEMORY_MB = 1_769;

const NODE_ECHO = 'exports.handler = async (event) => event;\n';

/** Writes, waits, writes: what comes first must not wait for what comes then. */
const NODE_STREAM = `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('first');
  await new Promise((resolve) => setTimeout(resolve, 20));
  stream.end('second');
});
`;

const PYTHON_SLOW = 'import time\ntime.sleep(2)\ndef handler(event, context):\n    return event\n';

const PYTHON_ECHO = 'def handler(event, context):\n    return event\n';

/** What an SDK sends: routing goes by the credential scope. */
export const SIGNED_HEADERS = {
  'Content-Type': 'application/json',
  Authorization:
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, ' +
    'SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000',
  'X-Amz-Date': '20260101T000000Z',
};

export function invocationPath(name: string): string {
  return `/2015-03-31/functions/${name}/invocations`;
}

export async function createNodeEcho(port: number, name: string): Promise<void> {
  const zip = await zipOf({ 'index.js': NODE_ECHO });
  await create(port, { FunctionName: name, Runtime: 'nodejs24.x', Handler: 'index.handler' }, zip);
}

export async function createNodeFunction(port: number, name: string, code: string): Promise<void> {
  const zip = await zipOf({ 'index.js': code });
  await create(port, { FunctionName: name, Runtime: 'nodejs24.x', Handler: 'index.handler' }, zip);
}

export async function createNodeStream(port: number, name: string): Promise<void> {
  const zip = await zipOf({ 'index.js': NODE_STREAM });
  await create(port, { FunctionName: name, Runtime: 'nodejs24.x', Handler: 'index.handler' }, zip);
}

export async function createPythonEcho(port: number, name: string): Promise<void> {
  const zip = await zipOf({ 'index.py': PYTHON_ECHO });
  await create(port, { FunctionName: name, Runtime: 'python3.11', Handler: 'index.handler' }, zip);
}

/** Its init takes two seconds. Resolves when its version 1 is there, which is restored from a snapshot. */
export async function createSlowPython(port: number, name: string): Promise<void> {
  const zip = await zipOf({ 'index.py': PYTHON_SLOW });
  await create(
    port,
    {
      FunctionName: name,
      Runtime: 'python3.12',
      Handler: 'index.handler',
      SnapStart: { ApplyOn: 'PublishedVersions' },
    },
    zip,
  );
  await call(port, 'POST', `/2015-03-31/functions/${name}/versions`, '{}');
  await untilActive(port, name, '1');
}

/** Needs Go; its binary is kept between runs. */
export async function createGoEcho(port: number, name: string): Promise<void> {
  const source = fileURLToPath(new URL('go-echo', import.meta.url));
  const cache = fileURLToPath(new URL('../../node_modules/.cache/selfsame', import.meta.url));
  await mkdir(cache, { recursive: true });
  const binary = join(cache, 'bench-go-echo');
  await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', binary, '.'], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  const zip = await zipOf({ bootstrap: { content: await readFile(binary), mode: 0o100755 } });
  await create(port, { FunctionName: name, Runtime: 'provided.al2023', Handler: 'bootstrap' }, zip);
}

/** Reserves so many executions; 0 keeps a function from running at all. */
export async function reserveConcurrency(port: number, name: string, executions: number): Promise<void> {
  const body = JSON.stringify({ ReservedConcurrentExecutions: executions });
  await call(port, 'PUT', `/2017-10-31/functions/${name}/concurrency`, body);
}

/** Milliseconds from the request to the whole answer. */
export async function invokeOnce(port: number, name: string): Promise<number> {
  const startedAt = performance.now();
  await call(port, 'POST', invocationPath(name), '{}');
  return performance.now() - startedAt;
}

/** Milliseconds from the request to the first byte of a streamed response; resolves at its end. */
export async function firstByteOnce(port: number, name: string): Promise<number> {
  const startedAt = performance.now();
  const path = `/2021-11-15/functions/${name}/response-streaming-invocations`;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: SIGNED_HEADERS,
    body: '{}',
  });
  let firstByteMs: number | undefined;
  for await (const piece of response.body ?? []) {
    if (piece.length > 0) firstByteMs ??= performance.now() - startedAt;
  }
  if (!response.ok || firstByteMs === undefined) throw new Error(`${name} answered ${response.status}`);
  return firstByteMs;
}

async function create(
  port: number,
  settings: {
    readonly FunctionName: string;
    readonly Runtime: string;
    readonly Handler: string;
    readonly SnapStart?: { readonly ApplyOn: string };
  },
  zip: Buffer,
): Promise<void> {
  const body = {
    ...settings,
    Role: 'arn:aws:iam::000000000000:role/bench',
    MemorySize: MEMORY_MB,
    Timeout: 30,
    Code: { ZipFile: zip.toString('base64') },
  };
  await call(port, 'POST', '/2015-03-31/functions', JSON.stringify(body));
  await untilActive(port, settings.FunctionName, '$LATEST');
}

async function untilActive(port: number, name: string, version: string): Promise<void> {
  const path = `/2015-03-31/functions/${name}/configuration?Qualifier=${version}`;
  await awaited(`the state Active of ${name}:${version}`, async () => {
    const { State, StateReason } = JSON.parse(await call(port, 'GET', path)) as {
      State: string;
      StateReason?: string;
    };
    if (State === 'Failed') throw new Error(`${name}: ${StateReason}`);
    return State === 'Active' || undefined;
  });
}

export async function call(port: number, method: string, path: string, body?: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: SIGNED_HEADERS,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok || response.headers.has('x-amz-function-error')) {
    throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  }
  return text;
}
