import type { Clock } from '../../core/clock.ts';
import { throughputExceeded } from './dynamodb-errors.ts';
import type { Table } from './table.ts';

/** Source: "Burst and adaptive capacity": what was not used of the last five minutes may be used at once. */
const BURST_SECONDS = 300;

interface Bucket {
  /** Units a second. */
  rate: number;
  left: number;
  atMs: number;
}

export type Access = 'read' | 'write';

/** Provisioned capacity of tables and global indexes, by service time. On demand there is no bound. */
export class ThroughputBuckets {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Throws `ProvisionedThroughputExceededException` where nothing is left for the table or an index of these. */
  check(table: Table, access: Access, indexes: readonly string[] = []): void {
    if (table.isOnDemand) return;
    if (!this.hasLeft(table, access, indexes)) throw throughputExceeded();
  }

  hasLeft(table: Table, access: Access, indexes: readonly string[] = []): boolean {
    if (table.isOnDemand) return true;
    return [undefined, ...indexes].every((index) => this.bucket(table, access, index).left > 0);
  }

  /** What an operation has used, more than there was too: the next ones wait for it. */
  take(table: Table, access: Access, units: number, index?: string): void {
    if (!table.isOnDemand) this.bucket(table, access, index).left -= units;
  }

  /** Of a table that is no more. */
  forget({ record }: Table): void {
    for (const key of this.buckets.keys()) if (key.startsWith(`${record.id}/`)) this.buckets.delete(key);
  }

  private bucket(table: Table, access: Access, index: string | undefined): Bucket {
    const key = `${table.record.id}/${access}/${index ?? ''}`;
    const throughput =
      index === undefined
        ? table.record.throughput
        : (table.index(index)?.throughput ?? table.record.throughput);
    const rate = throughput[access];
    const nowMs = this.clock.now();
    const bucket = this.buckets.get(key);
    if (bucket === undefined) {
      const made = { rate, left: rate * BURST_SECONDS, atMs: nowMs };
      this.buckets.set(key, made);
      return made;
    }
    const gained = (Math.max(0, nowMs - bucket.atMs) / 1000) * bucket.rate;
    bucket.left = Math.min(rate * BURST_SECONDS, bucket.left + gained);
    bucket.rate = rate;
    bucket.atMs = nowMs;
    return bucket;
  }
}
