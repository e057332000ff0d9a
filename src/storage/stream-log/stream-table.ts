import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { StreamDescription, StreamQuery } from '../../ports/stream-log.ts';

export interface StreamNumbers {
  readonly groupId: number;
  readonly streamId: number;
}

/** Names looked up lately; cleared when full, since looking up again is cheap. */
const REMEMBERED_STREAMS = 10_000;
/** What stands in `last_event_ms` of a stream without events. */
const NO_EVENT = -1;

const DESCRIBE = `
  SELECT name, created_ms, last_event_ms, last_ingested_ms,
    (SELECT min(first_ms) FROM chunks WHERE stream_id = streams.id) AS first_event_ms
  FROM streams WHERE group_id = ?`;

/** Groups and streams of the logs file: their numbers, and what is known of each. */
export class StreamTable {
  readonly #database: DatabaseSync;
  readonly #remembered = new Map<string, StreamNumbers>();
  readonly #findGroup: StatementSync;
  readonly #insertGroup: StatementSync;
  readonly #findStream: StatementSync;
  readonly #insertStream: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#findGroup = database.prepare('SELECT id FROM groups WHERE name = ?');
    this.#insertGroup = database.prepare('INSERT INTO groups (name) VALUES (?)');
    this.#findStream = database.prepare('SELECT id FROM streams WHERE group_id = ? AND name = ?');
    this.#insertStream = database.prepare(
      'INSERT INTO streams (group_id, name, created_ms) VALUES (?, ?, ?)',
    );
  }

  /** Must be called when a transaction is rolled back or names are deleted: numbers may be gone. */
  forget(): void {
    this.#remembered.clear();
  }

  groupId(group: string): number | undefined {
    return this.#findGroup.get(group)?.['id'] as number | undefined;
  }

  streamId(groupId: number, stream: string): number | undefined {
    return this.#findStream.get(groupId, stream)?.['id'] as number | undefined;
  }

  ensure(group: string, stream: string, createdMs: number): StreamNumbers {
    const name = `${group}\0${stream}`;
    const known = this.#remembered.get(name);
    if (known) return known;
    const groupId = this.groupId(group) ?? Number(this.#insertGroup.run(group).lastInsertRowid);
    const streamId =
      this.streamId(groupId, stream) ??
      Number(this.#insertStream.run(groupId, stream, createdMs).lastInsertRowid);
    if (this.#remembered.size >= REMEMBERED_STREAMS) this.#remembered.clear();
    const numbers = { groupId, streamId };
    this.#remembered.set(name, numbers);
    return numbers;
  }

  create(group: string, stream: string, createdMs: number): boolean {
    const groupId = this.groupId(group);
    if (groupId !== undefined && this.streamId(groupId, stream) !== undefined) return false;
    this.ensure(group, stream, createdMs);
    return true;
  }

  get(group: string, stream: string): StreamDescription | undefined {
    const groupId = this.groupId(group);
    if (groupId === undefined) return undefined;
    const row = this.#database.prepare(`${DESCRIBE} AND name = ?`).get(groupId, stream);
    return row && describe(row);
  }

  list(group: string, query: StreamQuery): StreamDescription[] {
    const groupId = this.groupId(group);
    if (groupId === undefined) return [];
    const [compare, direction] = query.descending ? ['<', 'DESC'] : ['>', 'ASC'];
    const conditions: string[] = [];
    const values: SQLInputValue[] = [groupId];
    if (query.prefix !== undefined) {
      conditions.push('AND name >= ? AND substr(name, 1, length(?)) = ?');
      values.push(query.prefix, query.prefix, query.prefix);
    }
    if (query.after && query.orderBy === 'name') {
      conditions.push(`AND name ${compare} ?`);
      values.push(query.after.name);
    } else if (query.after) {
      conditions.push(`AND (last_event_ms, name) ${compare} (?, ?)`);
      values.push(query.after.lastEventMs ?? NO_EVENT, query.after.name);
    }
    const columns = query.orderBy === 'name' ? ['name'] : ['last_event_ms', 'name'];
    const order = columns.map((column) => `${column} ${direction}`).join(', ');
    const statement = this.#database.prepare(`${DESCRIBE} ${conditions.join(' ')} ORDER BY ${order} LIMIT ?`);
    return statement.all(...values, query.limit).map(describe);
  }

  deleteStream(group: string, stream: string): boolean {
    this.forget();
    const groupId = this.groupId(group);
    const streamId = groupId === undefined ? undefined : this.streamId(groupId, stream);
    if (groupId === undefined || streamId === undefined) return false;
    this.#run(
      `UPDATE groups SET bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM chunks WHERE stream_id = ?)
       WHERE id = ?`,
      streamId,
      groupId,
    );
    this.#run('DELETE FROM chunks WHERE stream_id = ?', streamId);
    this.#run('DELETE FROM streams WHERE id = ?', streamId);
    return true;
  }

  deleteGroup(group: string): void {
    this.forget();
    const groupId = this.groupId(group);
    if (groupId === undefined) return;
    this.#run('DELETE FROM chunks WHERE group_id = ?', groupId);
    this.#run('DELETE FROM streams WHERE group_id = ?', groupId);
    this.#run('DELETE FROM groups WHERE id = ?', groupId);
  }

  listGroups(): { group: string; storedBytes: number }[] {
    const rows = this.#database.prepare('SELECT name, bytes FROM groups ORDER BY name').all();
    return rows.map((row) => ({ group: String(row['name']), storedBytes: Number(row['bytes']) }));
  }

  #run(sql: string, ...values: number[]): void {
    this.#database.prepare(sql).run(...values);
  }
}

function describe(row: Record<string, unknown>): StreamDescription {
  const lastEventMs = Number(row['last_event_ms']);
  return {
    name: String(row['name']),
    createdMs: Number(row['created_ms']),
    ...(row['first_event_ms'] === null ? {} : { firstEventMs: Number(row['first_event_ms']) }),
    ...(lastEventMs === NO_EVENT ? {} : { lastEventMs }),
    ...(row['last_ingested_ms'] === null ? {} : { lastIngestedMs: Number(row['last_ingested_ms']) }),
  };
}
