/** How long a broker has to say goodbye, of real time. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Resolves when `work` has ended, well or not, or the broker takes too long over it. */
export async function closing(work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  work.then(
    () => resolve(),
    // It may have ended before.
    () => resolve(),
  );
  await promise;
  clearTimeout(timer);
}
