import { setTimeout as sleep } from 'node:timers/promises';

/** Far longer than anything a measure waits for. */
const PATIENCE_MS = 120_000;
const POLL_MS = 10;

/** Looks until `look` gives something, and resolves with it; rejects, saying what was awaited, when that never comes. */
export async function awaited<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt)
      throw new Error(`The measure was given up: ${what} did not happen within ${PATIENCE_MS / 1_000} s.`);
    await sleep(POLL_MS);
  }
}
