/** How shards become others: the changes of a split, a merge, a new count. */
import type { HashRange } from './hash-key.ts';
import { alignedRanges, hashKey, hashValue } from './hash-key.ts';
import type { ShardChange, ShardRecord } from './stream-record.ts';

export function changedShards(
  shards: readonly ShardRecord[],
  changes: readonly ShardChange[],
  nowMs: number,
): ShardRecord[] {
  const result = [...shards];
  for (const { closing, opening } of changes) {
    for (const [at, shard] of result.entries()) {
      if (closing.includes(shard.index)) result[at] = { ...shard, closedMs: nowMs };
    }
    // Numbers of a child are higher than those of its parents, which a second makes them, as seen on AWS.
    const parentsMs = result.filter(({ index }) => closing.includes(index)).map(({ createdMs }) => createdMs);
    const createdMs = Math.max(nowMs, ...parentsMs.map((ms) => ms + 1000));
    for (const range of opening) {
      result.push({ ...range, index: nextIndex(result), createdMs, parents: closing });
    }
  }
  return result;
}

/** `at` begins the second of the two. */
export function split({ index, start, end }: ShardRecord, at: bigint): ShardChange {
  return {
    closing: [index],
    opening: [
      { start, end: hashKey(at - 1n) },
      { start: hashKey(at), end },
    ],
  };
}

/** The first parent is the one that was named first. */
export function merge(first: ShardRecord, second: ShardRecord): ShardChange {
  const [low, high] = first.start < second.start ? [first, second] : [second, first];
  return { closing: [first.index, second.index], opening: [{ start: low.start, end: high.end }] };
}

export function areAdjacent(first: HashRange, second: HashRange): boolean {
  const follows = (a: HashRange, b: HashRange): boolean => hashValue(a.end) + 1n === hashValue(b.start);
  return follows(first, second) || follows(second, first);
}

/**
 * Splits and merges after which the open shards are `count` even ones. Between
 * them shards come and go that never take a record, as on AWS ("this might create short-lived shards").
 */
export function uniformScaling(shards: readonly ShardRecord[], count: number): ShardChange[] {
  const changes: ShardChange[] = [];
  let all = [...shards];
  const change = (made: ShardChange): ShardRecord[] => {
    changes.push(made);
    const before = all.length;
    all = changedShards(all, [made], 0);
    return all.slice(before);
  };
  const ranges = alignedRanges(count);
  const pieces = shards
    .filter(({ closedMs }) => closedMs === undefined)
    .sort((a, b) => (a.start < b.start ? -1 : 1))
    .flatMap((shard) => {
      const parts: ShardRecord[] = [];
      let rest = shard;
      for (const { start } of ranges) {
        if (start <= rest.start || start > rest.end) continue;
        const [part, remaining] = change(split(rest, hashValue(start)));
        parts.push(part!);
        rest = remaining!;
      }
      return [...parts, rest];
    });
  for (const { start, end } of ranges) {
    const [first, ...others] = pieces.filter((piece) => piece.start >= start && piece.end <= end);
    others.reduce((merged, piece) => change(merge(merged, piece))[0]!, first!);
  }
  return changes;
}

function nextIndex(shards: readonly ShardRecord[]): number {
  return shards.reduce((highest, { index }) => Math.max(highest, index), -1) + 1;
}
