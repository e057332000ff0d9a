import type { Clock } from '../../core/clock.ts';
import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import type { EngineClient } from './item-engine.ts';
import { Table } from './table.ts';
import type { StreamRecord, TableAddress, TableRecord } from './table-record.ts';
import { addressKey, streamArn } from './table-record.ts';

const TABLE = 'dynamodb.tables';
const STREAM_TABLE = 'dynamodb.streams';
/** Rows of what is no more, until the last of them is removed. */
const DROPPED_TABLE = 'dynamodb.dropped';

export interface DroppedRows {
  readonly table?: number;
  readonly indexes: readonly number[];
}

/** All tables of this server and their streams; a change is seen once it is stored. */
export class Tables {
  private readonly state: StateStore;
  private readonly engine: EngineClient;
  private readonly clock: Clock;
  private readonly byKey = new Map<string, Table>();
  private readonly streamsByArn = new Map<string, StreamRecord>();
  /** Changes of one table are made one after the other. */
  private readonly changes = new Map<string, Promise<unknown>>();
  /** Tables that the engine knows as they are now. */
  private readonly defined = new WeakSet<Table>();

  private constructor(state: StateStore, engine: EngineClient, clock: Clock) {
    this.state = state;
    this.engine = engine;
    this.clock = clock;
  }

  static async open(state: StateStore, engine: EngineClient, clock: Clock): Promise<Tables> {
    const tables = new Tables(state, engine, clock);
    for (const { key, value } of await state.list<TableRecord>(TABLE)) {
      tables.byKey.set(key, new Table(value));
    }
    for (const { key, value } of await state.list<StreamRecord>(STREAM_TABLE)) {
      tables.streamsByArn.set(key, value);
    }
    return tables;
  }

  all(): Iterable<Table> {
    return this.byKey.values();
  }

  find(address: TableAddress): Table | undefined {
    return this.byKey.get(addressKey(address));
  }

  /** By the number under which its rows are kept. */
  withId(id: number): Table | undefined {
    for (const table of this.byKey.values()) if (table.record.id === id) return table;
    return undefined;
  }

  /** Those of an account and region, by name. */
  list({ accountId, region }: Omit<TableAddress, 'name'>): Table[] {
    return [...this.byKey.values()]
      .filter(({ record }) => record.accountId === accountId && record.region === region)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  /** What the engine calls the table; it is told of it before anything is asked of it. */
  layoutId(table: Table): number {
    if (!this.defined.has(table)) {
      this.defined.add(table);
      // What is asked from now on comes after it.
      void this.engine.ask({ ask: 'define', table: table.layout, nowMs: this.clock.now() }).catch(() => {
        this.defined.delete(table);
      });
    }
    return table.layout.id;
  }

  stream(arn: string): StreamRecord | undefined {
    return this.streamsByArn.get(arn);
  }

  streams(): Iterable<StreamRecord> {
    return this.streamsByArn.values();
  }

  /** Runs `change` when those of the same table that were begun before have ended. */
  async inTurn<T>(address: TableAddress, change: () => Promise<T>): Promise<T> {
    const key = addressKey(address);
    const turn = (this.changes.get(key) ?? Promise.resolve()).then(change, change);
    this.changes.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.changes.get(key) === turn) this.changes.delete(key);
    }
  }

  /** Stores a table, new or changed, and streams with it. */
  async save(record: TableRecord, streams: readonly StreamRecord[] = []): Promise<Table> {
    const key = addressKey(record);
    // Made first: what is no table must not be stored, where the next server would find it.
    const table = new Table(record);
    await this.state.commit([{ table: TABLE, key, value: record }, ...streams.map(streamWrite)]);
    for (const stream of streams) this.streamsByArn.set(streamArn(stream), stream);
    this.byKey.set(key, table);
    this.layoutId(table);
    return table;
  }

  /** The name is free from then on; the rows go later. */
  async remove({ record }: Table, streams: readonly StreamRecord[]): Promise<void> {
    const key = addressKey(record);
    const dropped: DroppedRows = { table: record.id, indexes: record.indexes.map(({ id }) => id) };
    await this.state.commit([
      { table: TABLE, key, delete: true },
      { table: DROPPED_TABLE, key: String(record.id), value: dropped },
      ...streams.map(streamWrite),
    ]);
    for (const stream of streams) this.streamsByArn.set(streamArn(stream), stream);
    this.byKey.delete(key);
  }

  async removeStream(stream: StreamRecord): Promise<void> {
    const arn = streamArn(stream);
    await this.state.commit([{ table: STREAM_TABLE, key: arn, delete: true }]);
    this.streamsByArn.delete(arn);
  }

  async dropped(): Promise<{ key: string; rows: DroppedRows }[]> {
    const records = await this.state.list<DroppedRows>(DROPPED_TABLE);
    return records.map(({ key, value }) => ({ key, rows: value }));
  }

  async forgetDropped(key: string): Promise<void> {
    await this.state.commit([{ table: DROPPED_TABLE, key, delete: true }]);
  }
}

function streamWrite(stream: StreamRecord): StateWrite {
  return { table: STREAM_TABLE, key: streamArn(stream), value: stream };
}
