/**
 * Looks after the memory of environments at work. The kernel holds an environment to its memory and its
 * /tmp together, where /tmp is in memory; what it has allocated beyond the function's memory within that is
 * found here.
 */

/** Between two looks, milliseconds. Most invocations are over before the first, and cost nothing. */
const LOOK_INTERVAL_MS = 20;

export class MemoryWatch {
  private readonly looks = new Map<object, () => void>();
  private readonly atWork = new Set<object>();
  private timer: NodeJS.Timeout | undefined;

  add(environment: object, look: () => void): void {
    this.looks.set(environment, look);
  }

  work(environment: object): void {
    if (!this.looks.has(environment)) return;
    this.atWork.add(environment);
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.lookAtAll(), LOOK_INTERVAL_MS);
    this.timer.unref();
  }

  rest(environment: object): void {
    this.atWork.delete(environment);
  }

  remove(environment: object): void {
    this.atWork.delete(environment);
    this.looks.delete(environment);
  }

  private lookAtAll(): void {
    if (this.atWork.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    for (const environment of this.atWork) this.looks.get(environment)?.();
  }
}
