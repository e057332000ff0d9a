import type { Timer, WorkClock } from '../../../core/clock.ts';
import { ClockedWork } from '../../../core/clocked-work.ts';
import { STREAM_RETENTION_MS } from '../engine/stream-writer.ts';
import type { EngineClient } from '../item-engine.ts';
import type { StreamRecord } from '../table-record.ts';
import type { Tables } from '../tables.ts';
import type { StreamSignals } from './stream-signals.ts';

const SWEEP_MS = 3_600_000;

export interface StreamRetentionDependencies {
  readonly tables: Tables;
  readonly engine: EngineClient;
  readonly signals: StreamSignals;
  readonly clock: WorkClock;
}

/** Removes what is too old to be read: records, and streams that were turned off a day ago. */
export class StreamRetention {
  private readonly tables: Tables;
  private readonly engine: EngineClient;
  private readonly signals: StreamSignals;
  private readonly clock: WorkClock;
  private readonly work: ClockedWork;
  private timer: Timer | undefined;
  private isClosed = false;

  constructor({ tables, engine, signals, clock }: StreamRetentionDependencies) {
    this.tables = tables;
    this.engine = engine;
    this.signals = signals;
    this.clock = clock;
    this.work = new ClockedWork(clock);
  }

  begin(): void {
    this.timer = this.clock.at(this.clock.now() + SWEEP_MS, async () => {
      try {
        await this.work.run(() => this.sweep());
      } finally {
        // Where the disk has refused it, the next hour's may succeed.
        if (!this.isClosed) this.begin();
      }
    });
  }

  /** Resolves when a sweep under way has come to a stop. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.work.ended();
  }

  private async sweep(): Promise<void> {
    const nowMs = this.clock.now();
    for (const stream of [...this.tables.streams()]) {
      await this.dropAll(() => this.engine.ask({ ask: 'sweep', nowMs, stream: stream.id }));
      if (stream.disabledMs !== undefined && stream.disabledMs + STREAM_RETENTION_MS <= nowMs) {
        await this.remove(stream);
      }
      if (this.isClosed) return;
    }
  }

  private async remove(stream: StreamRecord): Promise<void> {
    await this.dropAll(() => this.engine.ask({ ask: 'dropStream', stream: stream.id }));
    if (this.isClosed) return;
    await this.tables.removeStream(stream);
    this.signals.forget(stream.id);
  }

  /** Some at a time, so that other requests have their turn between. */
  private async dropAll(dropSome: () => Promise<boolean>): Promise<void> {
    while (!this.isClosed && (await dropSome()));
  }
}
