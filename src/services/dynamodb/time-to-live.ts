import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
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

/** After which it is tried again where the disk has refused it. */
const RETRY_SECONDS = 60;

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
  private readonly work: ClockedWork;
  private readonly watches = new Map<number, Watch>();
  private isClosed = false;

  constructor({ tables, engine, signals, clock }: TimeToLiveDependencies) {
    this.tables = tables;
    this.engine = engine;
    this.signals = signals;
    this.clock = clock;
    this.work = new ClockedWork(clock);
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
    const timer = this.clock.at(seconds * 1000, () => this.work.run(() => this.expire(record.id)));
    this.watches.set(record.id, { dueSeconds: seconds, timer });
  }

  /** Nothing of the table expires any more. */
  forget({ record }: Table): void {
    this.watches.get(record.id)?.timer.cancel();
    this.watches.delete(record.id);
  }

  /** Resolves when a removal under way has come to a stop. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { timer } of this.watches.values()) timer.cancel();
    this.watches.clear();
    await this.work.ended();
  }

  private async expire(id: number): Promise<void> {
    this.watches.delete(id);
    const nowMs = this.clock.now();
    while (!this.isClosed) {
      const table = this.tables.withId(id);
      if (table === undefined || table.layout.ttlAttribute === undefined) return;
      const nextExpiry = await this.removeExpired(table, nowMs);
      if (nextExpiry === undefined || this.isClosed) return;
      if (nextExpiry * 1000 > nowMs) return this.expect(table, nextExpiry);
    }
  }

  /** Removes some of what has expired; returns when the next item expires, in seconds since the epoch. */
  private async removeExpired(table: Table, nowMs: number): Promise<number | undefined> {
    try {
      const request = { ask: 'expire', table: this.tables.layoutId(table), nowMs } as const;
      const { removed, nextExpiry } = await this.engine.ask(request);
      if (removed > 0 && table.layout.stream !== undefined) this.signals.wakeAll(table.layout.stream.id);
      return nextExpiry;
    } catch (error) {
      if (!this.isClosed) this.expect(table, nowMs / 1000 + RETRY_SECONDS);
      throw error;
    }
  }
}
