/** Writes records with keys into a stream whose shards change, and checks what comes of them. */
import type { StreamRecord } from '../../src/ports/stream-source.ts';
import type { SeededRandom } from '../faults/seeded-random.ts';
import type { MemoryStream } from './memory-stream.ts';

/** Which shard a key belongs to: its own, or the one that came of that. */
export class KeyedWriter {
  private readonly stream: MemoryStream;
  private readonly random: SeededRandom;
  private readonly shardOf = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  constructor(stream: MemoryStream, random: SeededRandom, keys: number) {
    this.stream = stream;
    this.random = random;
    for (let key = 0; key < keys; key += 1) this.shardOf.set(`k${key}`, random.of(stream.openShards));
  }

  put(): void {
    const [key, shardId] = this.random.of([...this.shardOf]);
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    this.stream.put(shardId, key, count);
  }

  reshard(): void {
    const open = this.stream.openShards;
    const first = this.random.of(open);
    const second = this.random.of(open);
    const isSplit = first === second || this.random.next() < 0.5;
    const children = isSplit ? this.stream.split(first) : [this.stream.merge(first, second)];
    for (const [key, shardId] of this.shardOf) {
      if (shardId === first || (!isSplit && shardId === second))
        this.shardOf.set(key, this.random.of(children));
    }
  }

  written(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  keys(): string[] {
    return [...this.shardOf.keys()];
  }
}

/** What has been done with, by key. A restart may repeat records, but never skip one or go back in what follows. */
export class OrderChecker {
  readonly violations: string[] = [];
  private readonly doneThrough = new Map<string, number>();
  private readonly underWay = new Set<string>();

  /** At most one batch with a key is under way. */
  begin(records: readonly StreamRecord[]): void {
    for (const key of keysOf(records)) {
      if (this.underWay.has(key)) this.violations.push(`two batches with ${key} at once`);
      this.underWay.add(key);
    }
  }

  /** Of the records the first so many are done with. */
  end(records: readonly StreamRecord[], done: number): void {
    for (const key of keysOf(records)) this.underWay.delete(key);
    for (const record of records.slice(0, done)) this.settle(record);
  }

  /** The server was killed: what was under way is not. */
  killed(): void {
    this.underWay.clear();
  }

  isComplete(writer: KeyedWriter): boolean {
    return writer.keys().every((key) => (this.doneThrough.get(key) ?? 0) === writer.written(key));
  }

  /** What has not been done with, as a sentence. */
  missing(writer: KeyedWriter): string {
    return writer
      .keys()
      .map((key) => `${key}: ${this.doneThrough.get(key) ?? 0} of ${writer.written(key)}`)
      .join(', ');
  }

  private settle({ orderKey, record }: StreamRecord): void {
    const number = Number(record['data']);
    const through = this.doneThrough.get(orderKey) ?? 0;
    if (number > through + 1) this.violations.push(`${orderKey}: ${number} came after ${through}`);
    // After a restart records may come again, then in order from there on.
    this.doneThrough.set(orderKey, Math.max(through, number));
  }
}

function keysOf(records: readonly StreamRecord[]): Set<string> {
  return new Set(records.map(({ orderKey }) => orderKey));
}
