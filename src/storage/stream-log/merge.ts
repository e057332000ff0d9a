/** Reads overlapping chunks as one sequence in time order, opening each only when its time comes. */
import type { EventPosition } from '../../ports/stream-log.ts';

/** What is known of a chunk before its data is read. */
export interface ChunkHead {
  readonly sequence: number;
  readonly streamId: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly ingestedMs: number;
}

export interface OpenChunk {
  readonly timestampsMs: readonly number[];
  readonly messages: readonly string[];
}

export interface MergedEvent extends EventPosition {
  readonly chunk: ChunkHead;
  readonly message: string;
}

interface Cursor {
  readonly head: ChunkHead;
  readonly events: OpenChunk;
  index: number;
}

/**
 * `heads` must come by ascending `firstMs` (forward) or descending `lastMs` (backward), so that once
 * a head lies beyond the nearest open event, no later one can hold an earlier event.
 */
export function* mergeChunks(
  heads: Iterator<ChunkHead>,
  open: (head: ChunkHead) => OpenChunk,
  order: 'forward' | 'backward',
): Generator<MergedEvent> {
  const step = order === 'forward' ? 1 : -1;
  const cursors: Cursor[] = [];
  let next = heads.next();
  const before = (left: Cursor, right: Cursor) =>
    step * comparePositions(positionOf(left), positionOf(right)) < 0;
  try {
    for (;;) {
      while (!next.done) {
        const nearest = cursors[0];
        const edge = order === 'forward' ? next.value.firstMs : next.value.lastMs;
        if (nearest && step * (edge - nearest.events.timestampsMs[nearest.index]!) > 0) break;
        const events = open(next.value);
        push(cursors, { head: next.value, events, index: step > 0 ? 0 : events.messages.length - 1 }, before);
        next = heads.next();
      }
      const nearest = cursors[0];
      if (!nearest) return;
      yield {
        ...positionOf(nearest),
        chunk: nearest.head,
        message: nearest.events.messages[nearest.index]!,
      };
      nearest.index += step;
      if (nearest.events.messages[nearest.index] === undefined) removeFirst(cursors, before);
      else sink(cursors, before);
    }
  } finally {
    // A reader that stops early must not leave the query under way.
    heads.return?.();
  }
}

export function comparePositions(left: EventPosition, right: EventPosition): number {
  return left.timestampMs - right.timestampMs || left.sequence - right.sequence || left.index - right.index;
}

function positionOf(cursor: Cursor): EventPosition {
  return {
    timestampMs: cursor.events.timestampsMs[cursor.index]!,
    sequence: cursor.head.sequence,
    index: cursor.index,
  };
}

// A binary heap with the nearest event's cursor first.
type Before<T> = (left: T, right: T) => boolean;

function push<T>(heap: T[], item: T, before: Before<T>): void {
  heap.push(item);
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function removeFirst<T>(heap: T[], before: Before<T>): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  sink(heap, before);
}

function sink<T>(heap: T[], before: Before<T>): void {
  for (let at = 0; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
