const MS_PER_SECOND = 1_000;

/** So many a second, and never more than `burst` at once; what is not used does not add up beyond that. */
export class RequestRate {
  private perSecond: number;
  private burst: number;
  private left: number;
  private filledAtMs: number;

  /** Times are monotonic milliseconds. */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.left = burst;
    this.filledAtMs = nowMs;
  }

  change(perSecond: number, burst: number): void {
    this.left += burst - this.burst;
    this.perSecond = perSecond;
    this.burst = burst;
  }

  /** Whether one more may pass; it is counted if so. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.filledAtMs) * this.perSecond) / MS_PER_SECOND;
    this.left = Math.min(this.burst, this.left + gained);
    this.filledAtMs = nowMs;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  /** One that was counted has not passed after all. */
  giveBack(): void {
    this.left = Math.min(this.burst, this.left + 1);
  }
}
