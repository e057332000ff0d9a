import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { EventPage, EventQuery, StoredEvent } from '../../ports/stream-log.ts';
import { decodeChunk, MAX_CHUNK_SPAN_MS } from './chunk.ts';
import { type ChunkHead, comparePositions, mergeChunks, type OpenChunk } from './merge.ts';
import type { StreamTable } from './stream-table.ts';

const EMPTY: EventPage = { events: [], more: false };

export class EventReader {
  readonly #database: DatabaseSync;
  readonly #streams: StreamTable;
  readonly #data: StatementSync;
  readonly #streamName: StatementSync;

  constructor(database: DatabaseSync, streams: StreamTable) {
    this.#database = database;
    this.#streams = streams;
    this.#data = database.prepare('SELECT first_ms, count, compressed, data FROM chunks WHERE id = ?');
    this.#streamName = database.prepare('SELECT name FROM streams WHERE id = ?');
  }

  read(query: EventQuery): EventPage {
    const groupId = this.#streams.groupId(query.group);
    if (groupId === undefined) return EMPTY;
    const wanted = query.streams
      ?.map((name) => this.#streams.streamId(groupId, name))
      .filter((id) => id !== undefined);
    if (wanted?.length === 0) return EMPTY;
    const names = new Map<number, string>();
    const nameOf = (id: number) => {
      const name = names.get(id) ?? String(this.#streamName.get(id)?.['name']);
      names.set(id, name);
      return name;
    };
    const { streamPrefix } = query;
    const isWanted = (id: number) =>
      (wanted === undefined || wanted.includes(id)) &&
      (streamPrefix === undefined || nameOf(id).startsWith(streamPrefix));
    const heads = this.#heads(query, groupId, wanted?.length === 1 ? wanted[0] : undefined, isWanted);
    const open = (head: ChunkHead) => this.#open(head);
    return takePage(query, mergeChunks(heads, open, query.order), nameOf);
  }

  *#heads(
    query: EventQuery,
    groupId: number,
    streamId: number | undefined,
    isWanted: (streamId: number) => boolean,
  ): Generator<ChunkHead> {
    const forward = query.order === 'forward';
    const [fromMs, untilMs] = timeRange(query);
    const [column, order] = forward ? ['first_ms', 'ASC'] : ['last_ms', 'DESC'];
    // The span of a chunk is bounded, so the index needs to be read only that far outside the range.
    const [low, high] = forward
      ? [fromMs - MAX_CHUNK_SPAN_MS, untilMs]
      : [fromMs, untilMs + MAX_CHUNK_SPAN_MS];
    const values: SQLInputValue[] = [streamId ?? groupId, low, high, fromMs, untilMs];
    const statement = this.#database.prepare(
      `SELECT id, stream_id, first_ms, last_ms, ingested_ms FROM chunks
       WHERE ${streamId === undefined ? 'group_id' : 'stream_id'} = ?
         AND ${column} BETWEEN ? AND ? AND last_ms >= ? AND first_ms <= ?
       ORDER BY ${column} ${order}, id ${order}`,
    );
    for (const row of statement.iterate(...values)) {
      const head: ChunkHead = {
        sequence: Number(row['id']),
        streamId: Number(row['stream_id']),
        firstMs: Number(row['first_ms']),
        lastMs: Number(row['last_ms']),
        ingestedMs: Number(row['ingested_ms']),
      };
      if (isWanted(head.streamId)) yield head;
    }
  }

  #open(head: ChunkHead): OpenChunk {
    const row = this.#data.get(head.sequence)!;
    return decodeChunk({
      firstMs: Number(row['first_ms']),
      count: Number(row['count']),
      compressed: row['compressed'] === 1,
      data: row['data'] as Uint8Array,
    });
  }
}

/** Both ends inclusive. */
function timeRange(query: EventQuery): [number, number] {
  const { beyond, order } = query;
  let fromMs = query.startMs ?? 0;
  let untilMs = (query.endMs ?? Number.MAX_SAFE_INTEGER - 2 * MAX_CHUNK_SPAN_MS) - 1;
  if (beyond && order === 'forward') fromMs = Math.max(fromMs, beyond.timestampMs);
  if (beyond && order === 'backward') untilMs = Math.min(untilMs, beyond.timestampMs);
  return [fromMs, untilMs];
}

function takePage(
  query: EventQuery,
  merged: ReturnType<typeof mergeChunks>,
  nameOf: (streamId: number) => string,
): EventPage {
  const [fromMs, untilMs] = timeRange(query);
  const step = query.order === 'forward' ? 1 : -1;
  const events: StoredEvent[] = [];
  let chars = 0;
  for (const event of merged) {
    if (event.timestampMs < fromMs || event.timestampMs > untilMs) {
      if (step > 0 ? event.timestampMs > untilMs : event.timestampMs < fromMs) break;
      continue;
    }
    if (query.beyond && step * comparePositions(event, query.beyond) <= 0) continue;
    if (events.length === query.maxEvents) return { events, more: true };
    if (events.length > 0 && chars + event.message.length > query.maxChars) return { events, more: true };
    chars += event.message.length;
    events.push({
      timestampMs: event.timestampMs,
      sequence: event.sequence,
      index: event.index,
      stream: nameOf(event.chunk.streamId),
      message: event.message,
      ingestedMs: event.chunk.ingestedMs,
    });
  }
  return { events, more: false };
}
