import type { WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { RowKey } from '../../ports/item-store.ts';
import type { Log } from '../../ports/log.ts';
import type { EngineClient } from './item-engine.ts';
import type { Table } from './table.ts';
import type { IndexRecord, TableRecord } from './table-record.ts';
import type { Tables } from './tables.ts';

export interface TableWorkDependencies {
  readonly tables: Tables;
  readonly engine: EngineClient;
  readonly clock: WorkClock;
  readonly log: Log;
}

/** What takes a while: indexes that are filled, and rows that are removed. Goes on where a server has ended. */
export class TableWork {
  private readonly tables: Tables;
  private readonly engine: EngineClient;
  private readonly work: ClockedWork;
  private readonly log: Log;
  private isClosed = false;

  constructor({ tables, engine, clock, log }: TableWorkDependencies) {
    this.tables = tables;
    this.engine = engine;
    this.work = new ClockedWork(clock);
    this.log = log;
  }

  begin(): void {
    for (const table of this.tables.all()) this.goOn(table);
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

  /** Says anew when the items of a table expire. */
  redate(table: Table, nowMs: number, then: () => void): void {
    this.run(async () => {
      let beyond: RowKey | undefined;
      do {
        if (this.isClosed || this.tables.find(table.record)?.record.id !== table.record.id) return;
        const id = this.tables.layoutId(table);
        beyond = await this.engine.ask({ ask: 'redate', table: id, nowMs, beyond });
      } while (beyond !== undefined);
      then();
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
    let beyond: RowKey | undefined;
    do {
      const table = this.tables.find(record);
      if (this.isClosed || table?.record.id !== record.id) return;
      beyond = await this.engine.ask({
        ask: 'backfill',
        table: this.tables.layoutId(table),
        index: id,
        beyond,
      });
    } while (beyond !== undefined);
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

  private async change(of: TableRecord, change: (record: TableRecord) => TableRecord): Promise<void> {
    await this.tables.inTurn(of, async () => {
      const table = this.tables.find(of);
      if (table?.record.id === of.id && !this.isClosed) await this.tables.save(change(table.record));
    });
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
