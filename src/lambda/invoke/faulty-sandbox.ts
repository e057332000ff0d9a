/** A sandbox whose environments start late, die or fall silent where a rule says so; everything else is the sandbox's own. */
import { setTimeout as passed } from 'node:timers/promises';
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RunningEnvironment,
  Sandbox,
} from '../../ports/environment.ts';
import type { Faults } from './faults.ts';

export function faultySandbox(sandbox: Sandbox, faults: Faults): Sandbox {
  const start = (spec: EnvironmentSpec, listener: EnvironmentListener): Promise<RunningEnvironment> =>
    faultyStart(sandbox, faults, spec, listener);
  return new Proxy(sandbox, {
    get(target, key) {
      if (key === 'start') return start;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function faultyStart(
  sandbox: Sandbox,
  faults: Faults,
  spec: EnvironmentSpec,
  listener: EnvironmentListener,
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
  running = await sandbox.start(spec, {
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
