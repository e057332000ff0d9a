/** A sandbox whose environments start late, die or fall silent where a rule says so; everything else is the sandbox's own. */
import { setTimeout as passed } from 'node:timers/promises';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Sandbox,
  Snapshot,
} from '../../ports/environment.ts';
import type { Faults } from './faults.ts';

type Start = (listener: EnvironmentListener) => Promise<RunningEnvironment>;

export function faultySandbox(sandbox: Sandbox, faults: Faults): Sandbox {
  const faulty: Pick<Sandbox, 'start' | 'startSnapshot'> = {
    start: (spec, listener) => faultyStart(faults, spec, listener, (told) => sandbox.start(spec, told)),
    ...(sandbox.startSnapshot === undefined
      ? {}
      : {
          startSnapshot: async (spec, listener) =>
            faultySnapshot(faults, await sandbox.startSnapshot!(spec, listener)),
        }),
  };
  return new Proxy(sandbox, {
    get(target, key) {
      if (Object.hasOwn(faulty, key)) return faulty[key as keyof typeof faulty];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Of the snapshot itself nothing fails: it is no start that anybody waits for. */
function faultySnapshot(faults: Faults, snapshot: Snapshot): Snapshot {
  return {
    restore: (spec, listener) => faultyStart(faults, spec, listener, (told) => snapshot.restore(spec, told)),
    expect: () => snapshot.expect?.(),
    close: () => snapshot.close(),
  };
}

async function faultyStart(
  faults: Faults,
  spec: EnvironmentSpec,
  listener: EnvironmentListener,
  start: Start,
): Promise<RunningEnvironment> {
  const functionName = spec.variables['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
  const delayMs = faults.delayMs('slowStart', functionName);
  // Real time, as a start takes it.
  if (delayMs > 0) await passed(delayMs);
  const isDoomed = faults.strike('failedStart', functionName) !== undefined;
  let running: RunningEnvironment | undefined;
  /** False where the answer is not to be heard. */
  const isHeard = (): boolean => {
    if (faults.strike('timeout', functionName) !== undefined) return false;
    if (faults.strike('crash', functionName) === undefined) return true;
    void running?.kill();
    return false;
  };
  running = await start({
    ...listener,
    ready: () => {
      if (!isDoomed) listener.ready();
    },
    response: (...answer) => {
      if (isHeard()) listener.response(...answer);
    },
    error: (...answer) => {
      if (isHeard()) listener.error(...answer);
    },
  });
  if (isDoomed) void running.kill();
  return running;
}
