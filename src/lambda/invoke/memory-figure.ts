/** `Max Memory Used` of one environment: the highest figure that the runtime has reported or the sandbox has measured. */
import type { RunningEnvironment } from '../../ports/environment.ts';

/**
 * The sandbox is asked after an invocation of some length, and after shorter ones when the last figure is this
 * old and the runtime reports none: asking costs more than a warm invocation.
 */
const FIGURE_AGE_MS = 1_000;
const LONG_INVOCATION_MS = 100;

const BYTES_PER_MB = 1024 * 1024;

export class MemoryFigure {
  private readonly monotonic: () => number;
  private highestBytes = 0;
  private measuredAt = Number.NEGATIVE_INFINITY;
  /** With every outcome, as our bootstraps do. */
  private isReported = false;

  constructor(monotonic: () => number) {
    this.monotonic = monotonic;
  }

  /** In whole MB, as a report has it. */
  get mb(): number {
    return Math.ceil(this.highestBytes / BYTES_PER_MB);
  }

  /** By the runtime, of itself. */
  reported(bytes: number | undefined): void {
    if (bytes === undefined) return;
    this.isReported = true;
    this.raise(bytes);
  }

  /** It was ended for having more than so much. */
  exhausted(mb: number): void {
    this.highestBytes = mb * BYTES_PER_MB;
  }

  /** Undefined while the figure at hand is good enough after an invocation of that length; never rejects. */
  measure(running: RunningEnvironment | undefined, elapsedMs: number): Promise<void> | undefined {
    const now = this.monotonic();
    // What a runtime reports is its own: processes it has started are counted where there is time for it.
    const isGood = this.isReported || now - this.measuredAt < FIGURE_AGE_MS;
    if (running === undefined || (isGood && elapsedMs < LONG_INVOCATION_MS)) return undefined;
    this.measuredAt = now;
    return running.maxMemoryBytes().then(
      (bytes) => this.raise(bytes),
      () => {},
    );
  }

  private raise(bytes: number): void {
    if (bytes > this.highestBytes) this.highestBytes = bytes;
  }
}
