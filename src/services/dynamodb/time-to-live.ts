import type { Timer, WorkClock } from '../../core/clock.ts';
import type { EngineClient } from './item-engine.ts';
import type { StreamSignals } from './streams/stream-signals.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';

export interface TimeToLiveDependencies {
  readonly tables: Tables;
  readonly engine: EngineClient;
  readonly signals: StreamSignals;
  readonly clock: WorkClock;
}

interface Watch {
  readonly dueSeconds: number;
  readonly timer: Timer;
}

/** Removes items when they expire. AWS does so within days; here it is the next moment of the clock. */
export class TimeToLive {
  private readonly tables: Tables;
  private readonly engine: EngineClient;
  private readonly signals: StreamSignals;
  private readonly clock: WorkClock;
  private readonly watches = new Map<number, Watch>();

  constructor({ tables, engine, signals, clock }: TimeToLiveDependencies) {
    this.tables = tables;
    this.engine = engine;
    this.signals = signals;
    this.clock = clock;
  }

  /** Looks at what expires in the tables there are. */
  begin(): void {
    for (const table of this.tables.all()) {
      if (table.layout.ttlAttribute !== undefined) this.expect(table, this.clock.now() / 1000);
    }
  }

  /** An item of the table expires then. */
  expect({ record }: Table, seconds: number): void {
    const watch = this.watches.get(record.id);
    if (watch !== undefined && watch.dueSeconds <= seconds) return;
    watch?.timer.cancel();
    const timer = this.clock.at(seconds * 1000, () => this.expire(record.id));
    this.watches.set(record.id, { dueSeconds: seconds, timer });
  }

  close(): void {
    for (const { timer } of this.watches.values()) timer.cancel();
    this.watches.clear();
  }

  private async expire(id: number): Promise<void> {
    this.watches.delete(id);
    const nowMs = this.clock.now();
    for (;;) {
      const table = [...this.tables.all()].find(({ record }) => record.id === id);
      if (table === undefined || table.layout.ttlAttribute === undefined) return;
      const { removed, nextExpiry } = await this.engine.ask({
        ask: 'expire',
        table: this.tables.layoutId(table),
        nowMs,
      });
      if (removed > 0 && table.layout.stream !== undefined) this.signals.wakeAll(table.layout.stream.id);
      if (nextExpiry === undefined) return;
      if (nextExpiry * 1000 > nowMs) return this.expect(table, nextExpiry);
    }
  }
}
