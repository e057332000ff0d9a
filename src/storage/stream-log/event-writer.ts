import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { encodeChunk, MAX_CHUNK_CHARS, MAX_CHUNK_EVENTS, MAX_CHUNK_SPAN_MS } from './chunk.ts';
import type { StreamTable } from './stream-table.ts';

/** A `StreamBatch` as it crosses to the thread: one string costs less to copy than many. */
export interface PackedBatch {
  readonly group: string;
  readonly stream: string;
  readonly ingestedMs: number;
  /** Ascending. */
  readonly timestampsMs: readonly number[];
  /** Of each message, in UTF-16 units. */
  readonly lengths: readonly number[];
  /** All messages, one after the other. */
  readonly text: string;
}

/** Chunks deleted in one statement when events expire, so that appends get their turn between. */
const EXPIRE_STEP_CHUNKS = 500;

export class EventWriter {
  readonly #streams: StreamTable;
  readonly #insert: StatementSync;
  readonly #touch: StatementSync;
  readonly #addBytes: StatementSync;
  readonly #expire: StatementSync;

  constructor(database: DatabaseSync, streams: StreamTable) {
    this.#streams = streams;
    this.#insert = database.prepare(
      `INSERT INTO chunks (group_id, stream_id, first_ms, last_ms, ingested_ms, count, bytes, compressed, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#touch = database.prepare(
      'UPDATE streams SET last_event_ms = max(last_event_ms, ?), last_ingested_ms = ? WHERE id = ?',
    );
    this.#addBytes = database.prepare('UPDATE groups SET bytes = bytes + ? WHERE id = ?');
    this.#expire = database.prepare(
      `DELETE FROM chunks WHERE id IN (
         SELECT id FROM chunks WHERE group_id = ?1 AND last_ms < ?2 ORDER BY last_ms LIMIT ${EXPIRE_STEP_CHUNKS})
       RETURNING bytes`,
    );
  }

  append(batch: PackedBatch): void {
    const count = batch.timestampsMs.length;
    if (count === 0) return;
    const { groupId, streamId } = this.#streams.ensure(batch.group, batch.stream, batch.ingestedMs);
    let written = 0;
    for (let start = 0, offset = 0; start < count; ) {
      const { end, chars } = chunkEnd(batch, start);
      const chunk = encodeChunk(
        batch.timestampsMs.slice(start, end),
        batch.lengths.slice(start, end),
        batch.text.slice(offset, offset + chars),
      );
      this.#insert.run(
        groupId,
        streamId,
        chunk.firstMs,
        chunk.lastMs,
        batch.ingestedMs,
        chunk.count,
        chunk.messageBytes,
        chunk.compressed ? 1 : 0,
        chunk.data,
      );
      written += chunk.messageBytes;
      start = end;
      offset += chars;
    }
    this.#touch.run(batch.timestampsMs[count - 1]!, batch.ingestedMs, streamId);
    this.#addBytes.run(written, groupId);
  }

  /** Deletes some expired chunks; true when there may be more. */
  expireSome(group: string, beforeMs: number): boolean {
    const groupId = this.#streams.groupId(group);
    if (groupId === undefined) return false;
    const deleted = this.#expire.all(groupId, beforeMs);
    const bytes = deleted.reduce((sum, row) => sum + Number(row['bytes']), 0);
    if (bytes > 0) this.#addBytes.run(-bytes, groupId);
    return deleted.length === EXPIRE_STEP_CHUNKS;
  }
}

/** How far a chunk that begins with event `start` may reach. */
function chunkEnd(batch: PackedBatch, start: number): { end: number; chars: number } {
  const latestMs = batch.timestampsMs[start]! + MAX_CHUNK_SPAN_MS;
  let end = start;
  let chars = 0;
  while (end < batch.timestampsMs.length && end - start < MAX_CHUNK_EVENTS) {
    if (batch.timestampsMs[end]! > latestMs) break;
    const length = batch.lengths[end]!;
    if (end > start && chars + length > MAX_CHUNK_CHARS) break;
    chars += length;
    end += 1;
  }
  return { end, chars };
}
