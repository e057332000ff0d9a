/** What an environment has taken of the host, and how it is given back: when it has ended, or has not come to be. */
import type { RunningEnvironment } from '../../ports/environment.ts';

/** `start` adds to the stack what it takes; all of that is given back when it fails. */
export async function withResources<T>(start: (resources: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const resources = new AsyncDisposableStack();
  try {
    return await start(resources);
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

/** Keeps the environment among those that run until its resources are given back, which may have been at once. */
export function keepWhileRunning(
  running: Set<RunningEnvironment>,
  environment: RunningEnvironment,
  resources: AsyncDisposableStack,
): void {
  if (resources.disposed) return;
  running.add(environment);
  resources.defer(async () => void running.delete(environment));
}
