import type { EnvironmentListener, RunningEnvironment } from '../../ports/environment.ts';

/** A custom runtime without a `bootstrap` to run: init fails at once, in AWS's words. */
export class RefusedEnvironment implements RunningEnvironment {
  constructor(listener: EnvironmentListener) {
    const errorType = 'Runtime.InvalidEntrypoint';
    const payload = JSON.stringify({
      errorType,
      errorMessage:
        "RequestId:  Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
    });
    setImmediate(() => {
      listener.initError(errorType, Buffer.from(payload));
      listener.exit({ code: 1, signal: null });
    });
  }

  invoke(): void {
    // Never ready, so never asked.
  }

  async maxMemoryBytes(): Promise<number> {
    return 0;
  }

  async kill(): Promise<void> {}
}
