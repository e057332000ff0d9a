import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Clock, Timer } from '../../core/clock.ts';

/** AWS documents no figure. */
const BACK_OFF: BackOff = { firstMs: 60_000, maxMs: 15 * 60_000 };

/** When a pool that keeps environments ready starts one again after a failure: ever more rarely until one is ready. */
export class StartRetries {
  private readonly clock: Clock;
  private readonly tryAgain: () => void | Promise<void>;
  private next: { readonly dueMs: number; readonly timer: Timer } | undefined;
  /** In a row. */
  private failures = 0;

  constructor(clock: Clock, tryAgain: () => void | Promise<void>) {
    this.clock = clock;
    this.tryAgain = tryAgain;
  }

  /** Service time, epoch milliseconds, before which nothing is to be started; undefined where nothing has failed. */
  get dueMs(): number | undefined {
    return this.next?.dueMs;
  }

  /** Those that fail together count once. */
  failed(): void {
    if (this.next !== undefined) return;
    this.failures += 1;
    const dueMs = this.clock.now() + backOffMs(BACK_OFF, this.failures);
    const timer = this.clock.at(dueMs, () => {
      this.next = undefined;
      return this.tryAgain();
    });
    this.next = { dueMs, timer };
  }

  succeeded(): void {
    this.failures = 0;
  }

  /** Whatever has failed is no reason to wait any more. */
  reset(): void {
    this.next?.timer.cancel();
    this.next = undefined;
    this.failures = 0;
  }
}
