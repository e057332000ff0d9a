/** The rows of the items file, within transactions that its caller begins and ends. */
import type { DatabaseSync } from 'node:sqlite';
import type {
  IndexedItem,
  IndexRow,
  ItemRow,
  ItemRows,
  NewStreamRow,
  RowKey,
  RowRange,
  ShardRow,
  StoredItem,
  StreamRow,
  Tally,
} from '../../ports/item-store.ts';
import { PreparedStatements, type Row } from './prepared-statements.ts';
import { rangeQuery } from './range-query.ts';

const ITEM_KEY = ['k0', 'k1'];
const ENTRY_KEY = ['k0', 'k1', 'k2', 'k3'];
const ITEM_COLUMNS = 'size, expires, item';
const TALLY = 'count(*) AS count, coalesce(sum(size), 0) AS size';

export class SqliteItemRows implements ItemRows {
  private readonly statements: PreparedStatements;

  constructor(database: DatabaseSync) {
    this.statements = new PreparedStatements(database);
  }

  find(table: number, [partition, sort]: RowKey): StoredItem | undefined {
    const query = `SELECT ${ITEM_COLUMNS} FROM items WHERE owner = ? AND k0 = ? AND k1 = ?`;
    const row = this.statements.row(query, table, partition!, sort!);
    return row && storedItem(row);
  }

  *items(table: number, range: RowRange): IterableIterator<StoredItem> {
    const { sql, values } = rangeQuery('items', ITEM_KEY, ITEM_COLUMNS, table, range);
    for (const [sizeBytes, expires, item] of this.statements.eachArray(sql, ...values)) {
      yield { sizeBytes: sizeBytes as number, expires: expires as number | null, item: item as string };
    }
  }

  put(table: number, { key: [partition, sort], sizeBytes, expires, item }: ItemRow): void {
    // Where it is there already, it stays where it lies, and its key is not written again.
    const into =
      'INSERT INTO items (owner, k0, k1, size, expires, item) VALUES (?, ?, ?, ?, ?, ?) ' +
      'ON CONFLICT DO UPDATE SET size = excluded.size, expires = excluded.expires, item = excluded.item';
    this.statements.run(into, table, partition!, sort!, sizeBytes, expires, item);
  }

  remove(table: number, [partition, sort]: RowKey): void {
    const from = 'DELETE FROM items WHERE owner = ? AND k0 = ? AND k1 = ?';
    this.statements.run(from, table, partition!, sort!);
  }

  expired(table: number, bySeconds: number, limit: number): StoredItem[] {
    const query = `SELECT ${ITEM_COLUMNS} FROM items WHERE owner = ? AND expires <= ? ORDER BY expires LIMIT ?`;
    return this.statements.rows(query, table, bySeconds, limit).map(storedItem);
  }

  nextExpiry(table: number): number | undefined {
    const query = 'SELECT min(expires) AS next FROM items WHERE owner = ? AND expires IS NOT NULL';
    return (this.statements.row(query, table)?.['next'] as number | null) ?? undefined;
  }

  tallyOfPartition(table: number, partition: Uint8Array): Tally {
    const query = `SELECT ${TALLY} FROM items WHERE owner = ? AND k0 = ?`;
    return tally(this.statements.row(query, table, partition));
  }

  *entries(index: number, range: RowRange): IterableIterator<IndexedItem> {
    const { sql, values } = rangeQuery('entries', ENTRY_KEY, 'k2, k3, size', index, range);
    for (const row of this.statements.each(sql, ...values)) {
      yield {
        itemKey: [row['k2'] as Uint8Array, row['k3'] as Uint8Array],
        sizeBytes: row['size'] as number,
      };
    }
  }

  putEntry(index: number, { key, sizeBytes }: IndexRow): void {
    const into = 'INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?)';
    this.statements.run(into, index, ...key, sizeBytes);
  }

  removeEntry(index: number, key: RowKey): void {
    const from = 'DELETE FROM entries WHERE owner = ? AND k0 = ? AND k1 = ? AND k2 = ? AND k3 = ?';
    this.statements.run(from, index, ...key);
  }

  tallyOfIndexPartition(index: number, partition: Uint8Array): Tally {
    const query = `SELECT ${TALLY} FROM entries WHERE owner = ? AND k0 = ?`;
    return tally(this.statements.row(query, index, partition));
  }

  tally(owner: number): Tally {
    return tally(this.statements.row('SELECT count, size FROM tallies WHERE owner = ?', owner));
  }

  changeTally(owner: number, { count, sizeBytes }: Tally): void {
    const into =
      'INSERT INTO tallies VALUES (?, ?, ?) ' +
      'ON CONFLICT DO UPDATE SET count = count + excluded.count, size = size + excluded.size';
    this.statements.run(into, owner, count, sizeBytes);
  }

  recountIndex(index: number): void {
    const counted = `SELECT ?1, ${TALLY} FROM entries WHERE owner = ?1`;
    this.statements.run(`INSERT OR REPLACE INTO tallies ${counted}`, index);
  }

  shards(stream: number): ShardRow[] {
    const query = 'SELECT * FROM shards WHERE stream = ? ORDER BY opened, shard';
    return this.statements.rows(query, stream).map((row) => ({
      shardId: row['shard'] as string,
      slot: row['slot'] as number,
      parentShardId: row['parent'] as string | null,
      openedMs: row['opened'] as number,
      first: row['first'] as number,
      last: row['last'] as number | null,
    }));
  }

  putShard(stream: number, { shardId, slot, parentShardId, openedMs, first, last }: ShardRow): void {
    const into = 'INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?, ?)';
    this.statements.run(into, stream, shardId, slot, parentShardId, openedMs, first, last);
  }

  removeShard(stream: number, shardId: string): void {
    this.statements.run('DELETE FROM shards WHERE stream = ? AND shard = ?', stream, shardId);
  }

  appendRecord({ stream, shardId, writtenMs, record }: NewStreamRow): number {
    const into =
      'INSERT INTO records (stream, shard, written, record) VALUES (?, ?, ?, ?) RETURNING sequence';
    return this.statements.row(into, stream, shardId, writtenMs, record)!['sequence'] as number;
  }

  *records(stream: number, shardId: string, after: number, sinceMs: number): IterableIterator<StreamRow> {
    const query =
      'SELECT sequence, written, record FROM records WHERE stream = ? AND shard = ? AND sequence > ? ' +
      'AND written >= ? ORDER BY sequence';
    for (const row of this.statements.each(query, stream, shardId, after, sinceMs)) {
      yield {
        sequence: row['sequence'] as number,
        writtenMs: row['written'] as number,
        record: row['record'] as string,
      };
    }
  }

  lastSequence(): number {
    const query = "SELECT seq FROM sqlite_sequence WHERE name = 'records'";
    return (this.statements.row(query)?.['seq'] as number | undefined) ?? 0;
  }

  dropRecords(stream: number, beforeMs: number, limit: number): number {
    const old = 'SELECT sequence FROM records WHERE stream = ? AND written < ? ORDER BY written LIMIT ?';
    return this.statements.run(`DELETE FROM records WHERE sequence IN (${old})`, stream, beforeMs, limit);
  }

  token(scope: string): { value: string; expiresMs: number } | undefined {
    const row = this.statements.row('SELECT value, expires FROM tokens WHERE scope = ?', scope);
    return row && { value: row['value'] as string, expiresMs: row['expires'] as number };
  }

  putToken(scope: string, value: string, expiresMs: number): void {
    this.statements.run('INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)', scope, value, expiresMs);
  }

  dropTokens(beforeMs: number): void {
    this.statements.run('DELETE FROM tokens WHERE expires < ?', beforeMs);
  }

  dropTable(table: number, limit: number): number {
    const some = 'SELECT id FROM items WHERE owner = ? LIMIT ?';
    this.dropTally(table);
    return this.statements.run(`DELETE FROM items WHERE id IN (${some})`, table, limit);
  }

  dropIndex(index: number, limit: number): number {
    this.dropTally(index);
    const some = 'SELECT k0, k1, k2, k3 FROM entries WHERE owner = ?1 LIMIT ?2';
    return this.statements.run(
      `DELETE FROM entries WHERE owner = ?1 AND (k0, k1, k2, k3) IN (${some})`,
      index,
      limit,
    );
  }

  private dropTally(owner: number): void {
    this.statements.run('DELETE FROM tallies WHERE owner = ?', owner);
  }
}

function storedItem(row: Row): StoredItem {
  return {
    sizeBytes: row['size'] as number,
    expires: row['expires'] as number | null,
    item: row['item'] as string,
  };
}

function tally(row: Row | undefined): Tally {
  return { count: Number(row?.['count'] ?? 0), sizeBytes: Number(row?.['size'] ?? 0) };
}
