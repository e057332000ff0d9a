import type { TestContext } from 'node:test';
import type { Clock } from '../../../src/core/clock.ts';
import type { EnvironmentOwner } from '../../../src/lambda/invoke/environment.ts';
import { Environment } from '../../../src/lambda/invoke/environment.ts';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import type { Invocation } from '../../../src/lambda/invoke/in-flight-invocation.ts';
import type { PlacementDependencies } from '../../../src/lambda/invoke/placement.ts';
import { Placement } from '../../../src/lambda/invoke/placement.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { EnvironmentSpec } from '../../../src/ports/environment.ts';
import type { LogEvent, LogSink } from '../../../src/ports/log-sink.ts';
import { SettableClock } from '../../services/settable-clock.ts';
import { FakeSandbox } from './fake-sandbox.ts';

/** 2026-11-23T08:00:00Z, where the test's service time stands still. */
export const NOW_MS = Date.UTC(2026, 10, 23, 8);

export const frozenClock: Clock = {
  now: () => NOW_MS,
  monotonic: () => performance.now(),
  at: () => ({ cancel: () => {} }),
};

export class MemoryLogSink implements LogSink {
  readonly events: LogEvent[] = [];

  append(_address: unknown, events: readonly LogEvent[]): void {
    this.events.push(...events);
  }

  async flush(): Promise<void> {}

  get messages(): string[] {
    return this.events.map(({ message }) => message);
  }
}

export function functionRecord(change: Partial<FunctionRecord> = {}): FunctionRecord {
  return {
    accountId: '000000000000',
    region: 'us-east-1',
    functionName: 'echo',
    version: '$LATEST',
    description: '',
    packageType: 'Zip',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    role: 'arn:aws:iam::000000000000:role/r',
    code: { blob: 'a'.repeat(64), sha256Base64: '', sizeBytes: 1 },
    timeoutSeconds: 3,
    memoryMb: 128,
    ephemeralStorageMb: 512,
    architectures: ['x86_64'],
    layers: [],
    tracingMode: 'PassThrough',
    logging: { format: 'Text', logGroup: '/aws/lambda/echo' },
    snapStartApplyOn: 'None',
    state: 'Active',
    lastModifiedMs: NOW_MS,
    revisionId: 'r',
    generation: 'g1',
    ...change,
  };
}

export const environmentSpec: EnvironmentSpec = {
  environmentId: '0'.repeat(32),
  installation: {
    runtime: 'nodejs24.x',
    family: 'nodejs',
    interpreter: '/node',
    version: '24.1.0',
    directories: [],
    origin: 'test',
  },
  codeDirectory: '/code',
  handler: 'index.handler',
  variables: {},
  endpoint: 'http://127.0.0.1:4566',
  memoryMb: 128,
  ephemeralStorageMb: 512,
  logFormat: 'text',
};

export class RecordingOwner implements EnvironmentOwner {
  ready = 0;
  gone = 0;
  dead = 0;
  private wake: (() => void) | undefined;

  onReady(): void {
    this.ready += 1;
    this.wake?.();
  }

  onStopping(): void {
    this.gone += 1;
    this.wake?.();
  }

  onDead(): void {
    this.dead += 1;
  }

  /** Resolves at the next `onReady` or `onStopping`. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

export function newEnvironment(change: Partial<FunctionRecord> = {}): {
  environment: Environment;
  sandbox: FakeSandbox;
  sink: MemoryLogSink;
  owner: RecordingOwner;
} {
  const sandbox = new FakeSandbox();
  const sink = new MemoryLogSink();
  const owner = new RecordingOwner();
  const record = functionRecord(change);
  const log = new EnvironmentLog(sink, frozenClock, record, '2026/11/23/[$LATEST]0');
  const environment = new Environment({ clock: frozenClock, sandbox, log }, record, environmentSpec, owner);
  return { environment, sandbox, sink, owner };
}

export function invocation(change: Partial<Invocation> = {}): Invocation {
  return {
    requestId: 'id-1',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
    traceId: undefined,
    clientContext: undefined,
    cognitoIdentity: undefined,
    tenantId: undefined,
    payload: Buffer.from('{}'),
    wantsLogTail: false,
    ...change,
  };
}

/** A placement whose runtimes answer every event with `{}`, on a clock that stands still until it is moved. */
export function newPlacement(
  context: TestContext,
  change: Partial<PlacementDependencies> = {},
): { placement: Placement; clock: SettableClock; sandbox: FakeSandbox } {
  const clock = new SettableClock(NOW_MS);
  const sandbox = new FakeSandbox();
  sandbox.behave = (runtime) => {
    runtime.onInvoke = () => runtime.respond('{}');
    runtime.listener.ready();
  };
  const placement = new Placement({
    clock,
    ids: randomIds,
    sandbox,
    logSink: new MemoryLogSink(),
    endpoint: () => environmentSpec.endpoint,
    roleCredentials: () => ({ accessKeyId: '', secretAccessKey: '', sessionToken: '', expiresMs: 0 }),
    admitStart: () => () => {},
    readable: async (record) => record,
    catalog: {
      resolve: async () => ({ available: true, installation: environmentSpec.installation }),
    },
    packages: { acquire: async () => '/code', companion: () => '/companion', release: () => {} },
    directory: { onChange: () => {} },
    ...change,
  } as PlacementDependencies);
  context.after(() => placement.close());
  return { placement, clock, sandbox };
}
