/**
 * Freezes an environment that has had nothing to do for a moment. A busy one never is: to freeze and thaw it
 * between any two events would cost more than its small functions take, and our bootstraps run nothing of
 * the function between events anyway; threads, child processes and other runtimes do for this moment.
 */

/** Real milliseconds without work after which an environment is frozen. */
export const FREEZE_AFTER_MS = 50;

export class IdleFreezer {
  private readonly freeze: () => void;
  private readonly monotonic: () => number;
  /** Monotonic; undefined while at work. */
  private idleSince: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(freeze: () => void, monotonic: () => number) {
    this.freeze = freeze;
    this.monotonic = monotonic;
  }

  /** There is nothing to do. The timer that runs already serves: a busy environment sets one every so often only. */
  idle(): void {
    this.idleSince = this.monotonic();
    if (this.timer === undefined) this.set(FREEZE_AFTER_MS);
  }

  work(): void {
    this.idleSince = undefined;
  }

  close(): void {
    this.idleSince = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private set(delayMs: number): void {
    this.timer = setTimeout(() => this.due(), delayMs);
    this.timer.unref();
  }

  private due(): void {
    this.timer = undefined;
    if (this.idleSince === undefined) return;
    const leftMs = this.idleSince + FREEZE_AFTER_MS - this.monotonic();
    if (leftMs > 0) this.set(Math.ceil(leftMs));
    else this.freeze();
  }
}
