import type { Clock, Timer } from '../core/clock.ts';
import type { ConcurrencyScaling } from './concurrency-scaling.ts';

/**
 * How many batches of a source may be worked on at once: a few at first, more for as long as that many are
 * not enough, fewer when they fail.
 */
export class ConcurrencyRamp {
  private readonly clock: Clock;
  private readonly initial: number;
  private readonly max: number;
  private readonly growthIntervalMs: number;
  private limit: number;
  private busy = 0;
  /** Those who wait for a place, in order. */
  private readonly line: (() => void)[] = [];
  private growth: Timer | undefined;
  private isClosed = false;

  constructor(clock: Clock, { initial, max, perMinute }: ConcurrencyScaling) {
    this.clock = clock;
    this.max = max;
    this.initial = initial;
    this.growthIntervalMs = 60_000 / perMinute;
    this.limit = this.initial;
  }

  /** Resolves with a place for one batch, to be given back by `release`; after `close`, at once. */
  acquire(): Promise<void> {
    if (this.isClosed || (this.busy < this.limit && this.line.length === 0)) {
      this.busy += 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.line.push(resolve);
      this.growLater();
    });
  }

  release(outcome: 'unused' | 'succeeded' | 'failed'): void {
    this.busy -= 1;
    if (outcome === 'failed') this.limit = Math.max(1, Math.floor(this.limit / 2));
    if (outcome === 'succeeded') {
      if (this.limit < this.initial) this.limit += 1;
      // So few are in use only when there is little to do.
      else if (this.busy < this.initial) this.limit = this.initial;
    }
    this.letIn();
  }

  /** Nobody waits any more. */
  close(): void {
    this.isClosed = true;
    this.letIn();
  }

  private letIn(): void {
    while (this.line.length > 0 && (this.isClosed || this.busy < this.limit)) {
      this.busy += 1;
      this.line.shift()!();
    }
    if (this.line.length > 0) return;
    this.growth?.cancel();
    this.growth = undefined;
  }

  private growLater(): void {
    if (this.growth !== undefined || this.limit >= this.max) return;
    this.growth = this.clock.at(this.clock.now() + this.growthIntervalMs, () => {
      this.growth = undefined;
      this.limit += 1;
      this.letIn();
      if (this.line.length > 0) this.growLater();
    });
  }
}
