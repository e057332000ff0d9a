import type { WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { RowKey } from '../../ports/item-store.ts';
import type { Log } from '../../ports/log.ts';
import type { EngineClient } from './item-engine.ts';
import type { Table } from './table.ts';
import type { IndexRecord, TableRecord } from './table-record.ts';
import type { Tables } from './tables.ts';
import type { TimeToLive } from './time-to-live.ts';

export interface TableWorkDependencies {
  readonly tables: Tables;
  readonly engine: EngineClient;
  readonly ttl: TimeToLive;
  readonly clock: WorkClock;
  readonly log: Log;
}

/** What takes a while: indexes that are filled, and rows that are removed. Goes on where a server has ended. */
export class TableWork {
  private readonly tables: Tables;
  private readonly engine: EngineClient;
  private readonly ttl: TimeToLive;
  private readonly clock: WorkClock;
  private readonly work: ClockedWork;
  private readonly log: Log;
  private isClosed = false;

  constructor({ tables, engine, ttl, clock, log }: TableWorkDependencies) {
    this.tables = tables;
    this.engine = engine;
    this.ttl = ttl;
    this.clock = clock;
    this.work = new ClockedWork(clock);
    this.log = log;
  }

  begin(): void {
    for (const table of this.tables.all()) {
      this.goOn(table);
      if (table.record.redatingSinceMs !== undefined) this.redate(table);
    }
    for (const { id, disabledMs } of this.tables.streams()) {
      // The server may have ended between the two.
      if (disabledMs !== undefined) this.run(() => this.engine.ask({ ask: 'closeStream', stream: id }));
    }
    this.removeDropped();
  }

  /** Fills new indexes of a table, empties those that are being deleted. */
  goOn(table: Table): void {
    for (const index of table.record.indexes) {
      if (index.status === 'CREATING') this.run(() => this.fill(table, index));
      if (index.status === 'DELETING') this.run(() => this.empty(table, index));
    }
  }

  /** Says anew when the items of a table expire, as its record says now. */
  redate({ record }: Table): void {
    this.run(async () => {
      const ended = await this.eachChunk(record, (table, beyond) =>
        this.engine.ask({ ask: 'redate', table, nowMs: this.clock.now(), beyond }),
      );
      if (!ended) return;
      const table = await this.change(record, (now) => {
        const { redatingSinceMs, ...rest } = now;
        // TTL may have been changed again, and the items are being looked at again.
        return redatingSinceMs === record.redatingSinceMs ? rest : now;
      });
      if (table?.layout.ttlAttribute !== undefined) this.ttl.expect(table, this.clock.now() / 1000);
    });
  }

  removeDropped(): void {
    this.run(async () => {
      for (const { key, rows } of await this.tables.dropped()) {
        for (const index of rows.indexes) await this.drop({ index });
        if (rows.table !== undefined) await this.drop({ table: rows.table });
        if (this.isClosed) return;
        await this.tables.forgetDropped(key);
      }
    });
  }

  /** Resolves when what was begun has come to a stop. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.work.ended();
  }

  private async fill({ record }: Table, { id, name }: IndexRecord): Promise<void> {
    const ended = await this.eachChunk(record, (table, beyond) =>
      this.engine.ask({ ask: 'backfill', table, index: id, beyond }),
    );
    if (!ended) return;
    await this.change(record, (now) => ({
      ...now,
      indexes: now.indexes.map((index) =>
        index.name === name && index.status === 'CREATING' ? { ...index, status: 'ACTIVE' } : index,
      ),
    }));
  }

  private async empty({ record }: Table, { id }: IndexRecord): Promise<void> {
    await this.drop({ index: id });
    await this.change(record, (now) => ({
      ...now,
      indexes: now.indexes.filter((index) => index.id !== id),
    }));
  }

  /** Returns whether all items of the table were worked on: false where it is gone, or this is closed. */
  private async eachChunk(
    of: TableRecord,
    work: (table: number, beyond: RowKey | undefined) => Promise<RowKey | undefined>,
  ): Promise<boolean> {
    let beyond: RowKey | undefined;
    do {
      const table = this.current(of);
      if (table === undefined) return false;
      beyond = await work(this.tables.layoutId(table), beyond);
    } while (beyond !== undefined);
    return true;
  }

  private async change(
    of: TableRecord,
    change: (record: TableRecord) => TableRecord,
  ): Promise<Table | undefined> {
    return this.tables.inTurn(of, async () => {
      const table = this.current(of);
      return table && (await this.tables.save(change(table.record)));
    });
  }

  /** The table as it is now; undefined where it is gone, or nothing more is to be done. */
  private current(of: TableRecord): Table | undefined {
    return this.isClosed ? undefined : this.tables.withId(of.id);
  }

  private async drop(rows: { readonly table?: number; readonly index?: number }): Promise<void> {
    while (!this.isClosed && (await this.engine.ask({ ask: 'drop', ...rows })));
  }

  private run(task: () => Promise<unknown>): void {
    this.work
      .run(async () => void (await task()))
      .catch((error: unknown) => {
        if (!this.isClosed) this.log.error({ err: error }, 'Work on a DynamoDB table has ended early.');
      });
  }
}
