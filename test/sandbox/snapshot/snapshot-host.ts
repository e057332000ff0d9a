/** Snapshots at the level namespaces, where this host can have them. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  RuntimeInstallation,
  Sandbox,
  Snapshot,
} from '../../../src/ports/environment.ts';
import { hostInterpreters } from '../../../src/sandbox/catalog/host-interpreters.ts';
import { createSandbox, probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { NOBODY, SILENT, specBelow } from '../nobody.ts';

/** One whole vCPU, so that no test waits for processor time. */
const MEMORY_MB = 1_769;

/** Python on this host, of a version for which AWS has SnapStart where there is one. */
export async function hostPython(): Promise<RuntimeInstallation | undefined> {
  const found = (await hostInterpreters()).filter(({ family }) => family === 'python');
  const snapStart = found.filter(({ version }) => Number(version.split('.')[1]) >= 12);
  const [interpreter] = [...snapStart, ...found];
  if (interpreter === undefined) return undefined;
  const { path, version, origin } = interpreter;
  return { runtime: 'python3.12', family: 'python', interpreter: path, version, directories: [], origin };
}

/** Why this host can have no snapshots; undefined where it can. */
export async function hostProblem(): Promise<string | undefined> {
  if ((await hostPython()) === undefined) return 'there is no Python';
  const { namespaces } = await probeIsolation();
  if (!namespaces.available) return namespaces.reason;
  return process.getuid?.() === 0 ? undefined : 'the tests do not run as root';
}

export interface Restored {
  readonly environment: RunningEnvironment;
  /** Resolves with the first lines that it prints, once there are so many. */
  printed(count: number): Promise<string[]>;
  /** What the function answers. */
  invoke(event: unknown): Promise<Answer>;
}

export interface Answer {
  readonly [name: string]: unknown;
}

export interface SnapshotHost {
  readonly sandbox: Sandbox;
  readonly snapshot: Snapshot;
  /** As of a copy: of its init and hooks. */
  printed(count: number): Promise<string[]>;
  restore(): Promise<Restored>;
}

/** Runs the init of this code, whose handler is `app.handler`. Rejects with the error type where it fails. */
export async function snapshotOf(
  context: TestContext,
  code: string,
  pooledEnvironments = 0,
): Promise<SnapshotHost> {
  const environmentsDirectory = await scratchDirectory(context);
  const runtimesDirectory = await scratchDirectory(context);
  const codeDirectory = await scratchDirectory(context);
  await writeFile(join(codeDirectory, 'app.py'), code);
  const sandbox = await createSandbox('namespaces', {
    environmentsDirectory,
    runtimesDirectory,
    pooledEnvironments,
    log: SILENT,
  });
  context.after(() => sandbox.close());
  const installation = await hostPython();
  assert.ok(installation !== undefined);
  let count = 0;
  const spec = (): EnvironmentSpec =>
    specBelow(codeDirectory, {
      environmentId: String(count++).padStart(32, '0'),
      installation,
      handler: 'app.handler',
      variables: { _HANDLER: 'app.handler', NUMBER: String(count) },
      memoryMb: MEMORY_MB,
    });
  assert.equal(await sandbox.snapshotProblem!(spec()), undefined);
  const heard = new Heard();
  const snapshot = await sandbox.startSnapshot!(spec(), heard);
  await heard.whenReady;
  return {
    sandbox,
    snapshot,
    printed: (count) => heard.printed(count),
    restore: async () => {
      const listener = new Heard();
      const environment = await snapshot.restore(spec(), listener);
      await listener.whenReady;
      return {
        environment,
        printed: (count) => listener.printed(count),
        invoke: (event) => {
          environment.invoke({ ...EVENT, payload: Buffer.from(JSON.stringify(event)) });
          return listener.answer();
        },
      };
    },
  };
}

const EVENT = {
  requestId: 'request',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f:1',
  deadlineMs: 0,
  traceId: undefined,
  clientContext: undefined,
  cognitoIdentity: undefined,
  tenantId: undefined,
} as const;

class Heard implements EnvironmentListener {
  private readonly lines: string[] = [];
  private onLine: () => void = () => {};
  readonly whenReady: Promise<void>;
  private readonly init = Promise.withResolvers<void>();
  private outcome = Promise.withResolvers<Answer>();

  constructor() {
    this.whenReady = this.init.promise;
    // An end that nobody waits for is not the test's.
    this.whenReady.catch(() => {});
    void this.answer().catch(() => {});
  }

  answer(): Promise<Answer> {
    this.outcome = Promise.withResolvers();
    return this.outcome.promise;
  }

  ready(): void {
    this.init.resolve();
  }

  initError(errorType: string, payload: Buffer): void {
    this.init.reject(new Error(`${errorType} ${payload}`));
  }

  response(_requestId: string, payload: Buffer): void {
    this.outcome.resolve(JSON.parse(payload.toString()) as Answer);
  }

  error(_requestId: string, _errorType: string, payload: Buffer): void {
    this.outcome.reject(new Error(payload.toString()));
  }

  output({ text }: { readonly text: string }): void {
    this.lines.push(text);
    this.onLine();
  }

  async printed(count: number): Promise<string[]> {
    while (this.lines.length < count) {
      await new Promise<void>((resolve) => {
        this.onLine = resolve;
      });
    }
    return this.lines;
  }

  exit(exit: unknown): void {
    this.init.reject(new Error(`exit ${JSON.stringify(exit)} ${this.lines.join('\n')}`));
    this.outcome.promise.catch(() => {});
    this.outcome.reject(new Error(`exit ${JSON.stringify(exit)}`));
  }

  readonly responseChunk = NOBODY.responseChunk;
  readonly leaving = NOBODY.leaving;
}
