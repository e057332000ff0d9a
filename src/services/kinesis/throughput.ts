import type { Clock } from '../../core/clock.ts';

/** Source: "Kinesis Data Streams quotas and limits". */
const WRITTEN_BYTES_PER_S = 1_048_576;
const WRITTEN_RECORDS_PER_S = 1000;
const READ_BYTES_PER_S = 2 * 1_048_576;
const READS_PER_S = 5;

/** What may be used up within a second of service time; filled again as that passes. */
class Allowance {
  private readonly perSecond: number;
  private left: number;
  private atMs = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.left = perSecond;
  }

  /** What is left; less than nothing after something larger than a second's worth. */
  leftAt(nowMs: number): number {
    if (nowMs > this.atMs) {
      this.left = Math.min(this.perSecond, this.left + ((nowMs - this.atMs) / 1000) * this.perSecond);
      this.atMs = nowMs;
    }
    return this.left;
  }

  /** Whether so much is left. More than a second's worth needs all of it, and is then owed. */
  covers(amount: number, nowMs: number): boolean {
    return this.leftAt(nowMs) >= Math.min(amount, this.perSecond);
  }

  take(amount: number): void {
    this.left -= amount;
  }
}

/** How much of a shard is used: the limits that AWS has for each. */
export class Throughput {
  private readonly clock: Clock;
  private readonly writtenBytes = new Allowance(WRITTEN_BYTES_PER_S);
  private readonly writtenRecords = new Allowance(WRITTEN_RECORDS_PER_S);
  private readonly readBytes = new Allowance(READ_BYTES_PER_S);
  private readonly reads = new Allowance(READS_PER_S);

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Whether one more record may be written; if so, it is counted. */
  takeWrite(bytes: number): boolean {
    const nowMs = this.clock.now();
    if (!this.writtenBytes.covers(bytes, nowMs) || !this.writtenRecords.covers(1, nowMs)) return false;
    this.writtenBytes.take(bytes);
    this.writtenRecords.take(1);
    return true;
  }

  /** Whether one more read may be made; if so, it is counted. What it gave is counted by `noteRead`. */
  takeRead(): boolean {
    const nowMs = this.clock.now();
    if (!this.reads.covers(1, nowMs) || this.readBytes.leftAt(nowMs) <= 0) return false;
    this.reads.take(1);
    return true;
  }

  /** A read of up to 10 MB is whole, and what it owes makes those after it wait, for 5 seconds at most. */
  noteRead(bytes: number): void {
    this.readBytes.take(bytes);
  }
}
