import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ArrivalPage, ArrivalPosition, ArrivalQuery, StoredEvent } from '../../ports/stream-log.ts';
import { decodeChunk } from './chunk.ts';
import type { StreamTable } from './stream-table.ts';

/** Chunks looked at for one page: whoever follows a quiet group beside busy ones passes them in such steps. */
const MAX_STEP_CHUNKS = 1_000;
/** Behind every event of a chunk. */
const CHUNK_END = Number.MAX_SAFE_INTEGER;

/** Reads chunks by their numbers, which is the order in which they came. */
export class ArrivalReader {
  readonly #streams: StreamTable;
  readonly #heads: StatementSync;
  readonly #chunk: StatementSync;
  readonly #last: StatementSync;

  constructor(database: DatabaseSync, streams: StreamTable) {
    this.#streams = streams;
    // What lies behind the data of a chunk is not read for its head.
    this.#heads = database.prepare(
      `SELECT id, group_id FROM chunks WHERE id >= ? ORDER BY id LIMIT ${MAX_STEP_CHUNKS + 1}`,
    );
    this.#chunk = database.prepare(
      `SELECT first_ms, count, compressed, data, ingested_ms, name
       FROM chunks JOIN streams ON streams.id = stream_id WHERE chunks.id = ?`,
    );
    // Also where the last chunks have been deleted.
    this.#last = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'");
  }

  end(): ArrivalPosition {
    return { sequence: Number(this.#last.get()?.['seq'] ?? 0), index: CHUNK_END };
  }

  follow({ group, beyond, maxChars }: ArrivalQuery): ArrivalPage {
    const groupId = this.#streams.groupId(group);
    const heads = this.#heads.all(beyond.sequence);
    const events: StoredEvent[] = [];
    let position = beyond;
    let chars = 0;
    for (const head of heads.slice(0, MAX_STEP_CHUNKS)) {
      const sequence = Number(head['id']);
      if (head['group_id'] === groupId) {
        const from = sequence === beyond.sequence ? beyond.index + 1 : 0;
        for (const event of this.#events(sequence, from)) {
          if (events.length > 0 && chars + event.message.length > maxChars) {
            return { events, position, more: true };
          }
          events.push(event);
          chars += event.message.length;
          position = { sequence, index: event.index };
        }
      }
      position = { sequence, index: CHUNK_END };
    }
    return { events, position, more: heads.length > MAX_STEP_CHUNKS };
  }

  #events(sequence: number, from: number): StoredEvent[] {
    // A position behind the chunk costs no decoding.
    if (from > CHUNK_END) return [];
    const row = this.#chunk.get(sequence)!;
    const { timestampsMs, messages } = decodeChunk({
      firstMs: Number(row['first_ms']),
      count: Number(row['count']),
      compressed: row['compressed'] === 1,
      data: row['data'] as Uint8Array,
    });
    const stream = String(row['name']);
    const ingestedMs = Number(row['ingested_ms']);
    return messages
      .map((message, index) => ({
        timestampMs: timestampsMs[index]!,
        sequence,
        index,
        stream,
        message,
        ingestedMs,
      }))
      .slice(from);
  }
}
