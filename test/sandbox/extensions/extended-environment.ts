/** A real environment of a function with extensions, at a level of isolation. */
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Environment } from '../../../src/lambda/invoke/environment.ts';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import type { IsolationLevel, RuntimeInstallation } from '../../../src/ports/environment.ts';
import { hostInterpreters } from '../../../src/sandbox/catalog/host-interpreters.ts';
import { createSandbox } from '../../../src/sandbox/sandboxes.ts';
import type { RecordingOwner } from '../../lambda/invoke/fixtures.ts';
import {
  frozenClock,
  functionRecord,
  invocation,
  MemoryLogSink,
  RecordingOwner as Owner,
} from '../../lambda/invoke/fixtures.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** One whole vCPU, so that no test waits for processor time. */
const MEMORY_MB = 1_769;

/** File names of the code by its language. */
const FILES = { commonjs: 'index.js', module: 'index.mjs', python: 'index.py' } as const;

export interface Extended {
  readonly environment: Environment;
  readonly sink: WatchedSink;
  readonly owner: RecordingOwner;
  /** The host's path of `/var/task`. */
  readonly codeDirectory: string;
  invoke(requestId: string, event?: unknown): ReturnType<Environment['invoke']>;
}

/** What has not come by then never comes: the test fails, and does not hang; milliseconds. */
export const PATIENCE_MS = 30_000;

/** A log that can be waited on. */
export class WatchedSink extends MemoryLogSink {
  private readonly watchers = new Set<() => void>();

  override append(address: unknown, events: Parameters<MemoryLogSink['append']>[1]): void {
    super.append(address, events);
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves with the first line that matches. */
  line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no line matches ${pattern} of: ${this.messages.join('')}`)),
        PATIENCE_MS,
      );
      const look = (): void => {
        const found = this.messages.find((message) => pattern.test(message));
        if (found === undefined) return;
        this.watchers.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      this.watchers.add(look);
      look();
    });
  }
}

export interface ExtendedFunction {
  readonly code: string;
  /** Default: CommonJS. */
  readonly language?: keyof typeof FILES;
  /** External extensions: file name and script; each is given its JavaScript prelude `EXTENSION`. */
  readonly extensions?: Readonly<Record<string, string>>;
  readonly change?: Partial<FunctionRecord>;
}

/** What the extensions of the tests have in common: calls to the Extensions API. */
export const EXTENSION = `
const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API;
let id;
async function register(name, events, headers = {}) {
  const answer = await fetch(base + '/2020-01-01/extension/register', {
    method: 'POST', headers: { 'Lambda-Extension-Name': name, ...headers }, body: JSON.stringify({ events }) });
  id = answer.headers.get('lambda-extension-identifier');
  return { status: answer.status, body: await answer.json() };
}
async function next() {
  const answer = await fetch(base + '/2020-01-01/extension/event/next', { headers: { 'Lambda-Extension-Identifier': id } });
  return answer.json();
}
async function report(kind, type) {
  return fetch(base + '/2020-01-01/extension/' + kind + '/error', { method: 'POST',
    headers: { 'Lambda-Extension-Identifier': id, 'Lambda-Extension-Function-Error-Type': type } });
}
`;

export async function extendedEnvironment(
  context: TestContext,
  level: IsolationLevel,
  { code, language = 'commonjs', extensions = {}, change = {} }: ExtendedFunction,
): Promise<Extended> {
  const [codeDirectory, layersDirectory, dataDirectory, runtimesDirectory] = await Promise.all(
    [0, 1, 2, 3].map(() => scratchDirectory(context)),
  );
  await Promise.all([codeDirectory!, layersDirectory!].map((directory) => chmod(directory, 0o755)));
  // As in a data directory, which is closed itself.
  const environmentsDirectory = join(dataDirectory!, 'environments');
  await mkdir(environmentsDirectory);
  await writeFile(join(codeDirectory!, FILES[language]), code);
  if (Object.keys(extensions).length > 0) await mkdir(join(layersDirectory!, 'extensions'));
  for (const [name, script] of Object.entries(extensions)) {
    const text = script.startsWith('#!') ? script : `#!/usr/bin/env node\n${EXTENSION}\n${script}`;
    await writeFile(join(layersDirectory!, 'extensions', name), text, { mode: 0o755 });
  }
  const sandbox = await createSandbox(level, {
    environmentsDirectory,
    runtimesDirectory: runtimesDirectory!,
    log: silent,
  });
  const record = functionRecord({ memoryMb: MEMORY_MB, ...change });
  const sink = new WatchedSink();
  const owner = new Owner();
  const log = new EnvironmentLog(sink, frozenClock, record, 'stream');
  const environment = new Environment(
    { clock: frozenClock, sandbox, log },
    record,
    {
      environmentId: '0'.repeat(32),
      installation: await installationOf(language === 'python' ? 'python' : 'nodejs'),
      codeDirectory: codeDirectory!,
      layersDirectory: layersDirectory!,
      handler: 'index.handler',
      accountId: '123456789012',
      variables: {
        AWS_LAMBDA_FUNCTION_NAME: 'echo',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_EXECUTION_ENV: 'AWS_Lambda_some-runtime',
        _HANDLER: 'index.handler',
        TASK: level === 'process' ? codeDirectory! : '/var/task',
      },
      endpoint: 'http://127.0.0.1:4566',
      memoryMb: record.memoryMb,
      ephemeralStorageMb: 512,
      logFormat: 'text',
    },
    owner,
  );
  context.after(async () => {
    await environment.stop('failure');
    await sandbox.close();
  });
  return {
    environment,
    sink,
    owner,
    codeDirectory: codeDirectory!,
    invoke: (requestId, event = {}) =>
      environment.invoke(invocation({ requestId, payload: Buffer.from(JSON.stringify(event)) })),
  };
}

/** The newest interpreter that this host has; a host without one fails. */
async function installationOf(family: 'nodejs' | 'python'): Promise<RuntimeInstallation> {
  const found = (await hostInterpreters()).filter((interpreter) => interpreter.family === family);
  const newest = found.sort((one, other) =>
    other.version.localeCompare(one.version, undefined, { numeric: true }),
  )[0];
  assert.ok(newest !== undefined, `this host has no interpreter for ${family}`);
  const { path: interpreter, version, origin } = newest;
  const runtime = family === 'nodejs' ? 'nodejs24.x' : 'python3.13';
  return { runtime, family, interpreter, version, directories: [dirname(dirname(interpreter))], origin };
}
