import type { EnvironmentListener, RunningEnvironment } from '../../ports/environment.ts';

/** A custom runtime whose `bootstrap` cannot be run: it ends as soon as it has begun, in AWS's words. */
export class RefusedEnvironment implements RunningEnvironment {
  constructor(listener: EnvironmentListener, message: string) {
    setImmediate(() =>
      listener.exit({
        code: null,
        signal: null,
        problem: { errorType: 'Runtime.InvalidEntrypoint', message },
      }),
    );
  }

  invoke(): void {
    // Never ready, so never asked.
  }

  async maxMemoryBytes(): Promise<number> {
    return 0;
  }

  async kill(): Promise<void> {}
}
