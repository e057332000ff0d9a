/**
 * What decides about items, within the thread that keeps them: a condition is looked at, and what follows is stored,
 * with nothing between.
 */
import { invariant } from '../../../core/errors.ts';
import type { ItemEngine, ItemRows, RowKey, StoredItem } from '../../../ports/item-store.ts';
import { expiryOf } from './expiry.ts';
import { entryOf } from './index-entries.ts';
import { ItemReader } from './item-reader.ts';
import { itemOfText } from './item-text.ts';
import { ItemWriter } from './item-writer.ts';
import { rowKeyOf } from './key-bytes.ts';
import type { EngineReplies, EngineReply, EngineRequest } from './requests.ts';
import { readRecords } from './stream-records.ts';
import { StreamWriter } from './stream-writer.ts';
import type { StreamLayout, TableLayout } from './table-layout.ts';

/** Items that are worked on at once where all of a table are; other requests have their turn between. */
const CHUNK = 500;

export function openEngine(rows: ItemRows): ItemEngine<EngineRequest, EngineReply> {
  return new Engine(rows);
}

class Engine implements ItemEngine<EngineRequest, EngineReply> {
  private readonly rows: ItemRows;
  private readonly tables = new Map<number, TableLayout>();
  private readonly streams: StreamWriter;
  private readonly writer: ItemWriter;
  private readonly reader: ItemReader;

  constructor(rows: ItemRows) {
    const layoutOf = (table: number): TableLayout => this.layoutOf(table);
    this.rows = rows;
    this.streams = new StreamWriter(rows);
    this.writer = new ItemWriter(rows, this.streams, layoutOf);
    this.reader = new ItemReader(rows, layoutOf);
  }

  apply(request: EngineRequest): EngineReply {
    switch (request.ask) {
      case 'write':
        return this.writer.write(request);
      case 'read':
        return this.reader.read(request);
      case 'get':
        return this.reader.get(request);
      case 'define':
        this.tables.set(request.table.id, request.table);
        if (request.table.stream !== undefined) this.streams.shards(request.table.stream, request.nowMs);
        return undefined;
      case 'tally':
        return this.tally(this.layoutOf(request.table));
      case 'expire':
        return this.expire(this.layoutOf(request.table), request.nowMs);
      case 'backfill':
        return this.backfill(this.layoutOf(request.table), request.index, request.beyond);
      case 'redate':
        return this.redate(this.layoutOf(request.table), request.nowMs, request.beyond);
      case 'drop':
        return this.drop(request.table, request.index);
      default:
        return this.applyToStream(request);
    }
  }

  forget(): void {
    this.streams.forget();
  }

  private applyToStream(request: StreamRequest): EngineReply {
    switch (request.ask) {
      case 'shards':
        return this.shardsOf(request.stream, request.nowMs);
      case 'records':
        return readRecords(this.rows, request);
      case 'closeStream':
        this.streams.close(request.stream);
        return undefined;
      case 'sweep':
        return this.streams.sweep(request.stream, request.nowMs, CHUNK);
      case 'dropStream':
        return this.dropStream(request.stream);
    }
  }

  private shardsOf(stream: StreamLayout, nowMs: number): EngineReplies['shards'] {
    const shards = this.streams.shards(stream, nowMs);
    const resharded = this.streams.takeResharded();
    const lastSequence = this.rows.lastSequence();
    return { shards, lastSequence, ...(resharded === undefined ? {} : { resharded }) };
  }

  private layoutOf(table: number): TableLayout {
    const layout = this.tables.get(table);
    invariant(layout, `a table is defined before it is used: ${table}`);
    return layout;
  }

  private tally({ id, indexes }: TableLayout): EngineReplies['tally'] {
    return {
      table: this.rows.tally(id),
      indexes: Object.fromEntries(indexes.map((index) => [index.name, this.rows.tally(index.id)])),
    };
  }

  private expire(table: TableLayout, nowMs: number): EngineReplies['expire'] {
    const removed = this.writer.expire(table, nowMs, CHUNK);
    return { removed, nextExpiry: this.rows.nextExpiry(table.id) };
  }

  /** Puts the next items into an index. */
  private backfill(table: TableLayout, id: number, beyond: RowKey | undefined): RowKey | undefined {
    const index = table.indexes.find((found) => found.id === id);
    if (index === undefined) return undefined;
    const next = this.eachOf(table, beyond, ({ item }) => {
      const entry = entryOf(index, table, itemOfText(item));
      if (entry !== undefined) this.rows.putEntry(index.id, entry);
    });
    // Writes meanwhile have counted some of what is in it now, and some of what was not yet.
    if (next === undefined) this.rows.recountIndex(id);
    return next;
  }

  /** Says anew of the next items when they expire. */
  private redate(table: TableLayout, nowMs: number, beyond: RowKey | undefined): RowKey | undefined {
    return this.eachOf(table, beyond, (row) => {
      const expires = expiryOf(table, () => itemOfText(row.item), nowMs);
      if (expires === row.expires) return;
      this.rows.put(table.id, { ...row, key: keyOf(table, row), expires });
    });
  }

  private eachOf(
    table: TableLayout,
    beyond: RowKey | undefined,
    work: (row: StoredItem) => void,
  ): RowKey | undefined {
    const chunk = [];
    for (const row of this.rows.items(table.id, { beyond, isDescending: false })) {
      chunk.push(row);
      if (chunk.length === CHUNK) break;
    }
    for (const row of chunk) work(row);
    return chunk.length < CHUNK ? undefined : keyOf(table, chunk.at(-1)!);
  }

  private drop(table: number | undefined, index: number | undefined): boolean {
    let dropped = 0;
    if (table !== undefined) dropped = this.rows.dropTable(table, CHUNK);
    if (index !== undefined) dropped = Math.max(dropped, this.rows.dropIndex(index, CHUNK));
    if (table !== undefined) this.tables.delete(table);
    return dropped === CHUNK;
  }

  private dropStream(stream: number): boolean {
    const dropped = this.rows.dropRecords(stream, Number.MAX_SAFE_INTEGER, CHUNK);
    if (dropped === CHUNK) return true;
    for (const { shardId } of this.rows.shards(stream)) this.rows.removeShard(stream, shardId);
    return false;
  }
}

function keyOf(table: TableLayout, { item }: StoredItem): RowKey {
  return rowKeyOf(table.key, itemOfText(item));
}

type StreamRequest = Extract<
  EngineRequest,
  { readonly ask: 'shards' | 'records' | 'closeStream' | 'dropStream' | 'sweep' }
>;
