/**
 * A registry that cannot be asked now may be there in a moment. A function is `Pending` meanwhile, as on AWS, whose own
 * fetches fail for no such reason that anybody sees; AWS's waiter for a new function gives up after five minutes.
 */
import { setTimeout } from 'node:timers/promises';
import { ImageProblem } from '../../ports/image-store.ts';

/** Resolves after so many milliseconds; rejects when the signal is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Before each further attempt, milliseconds of real time: a minute and a half in all. */
export const RETRY_DELAYS_MS = [1_000, 5_000, 20_000, 60_000] as const;

export const waitFor: Wait = (milliseconds, signal) =>
  setTimeout(milliseconds, undefined, { signal, ref: false });

/** Rejects with what the last attempt met; at once with anything but an unreachable registry. */
export async function retryUnreachable<T>(
  attempt: () => Promise<T>,
  wait: (milliseconds: number) => Promise<void>,
): Promise<T> {
  for (const delay of RETRY_DELAYS_MS) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ImageProblem) || error.kind !== 'unreachable') throw error;
    }
    await wait(delay);
  }
  return attempt();
}
