import type { Clock } from '../../core/clock.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { SequenceParts } from './sequence-number.ts';
import { sequenceNumber } from './sequence-number.ts';
import type { ShardRecord, StreamRecord } from './stream-record.ts';
import { streamArn } from './stream-record.ts';
import { Throughput } from './throughput.ts';

const HOUR_MS = 3_600_000;

/** A stream in memory: what is stored of it, and what that decides at every call. */
export class Stream {
  readonly arn: string;
  isDeleted = false;
  private readonly clock: Clock;
  private held!: StreamRecord;
  /** Those that take records, by the keys they take. */
  private open: readonly ShardRecord[] = [];
  private readonly throughputs = new Map<number, Throughput>();
  private policyDocument: PolicyDocument | undefined;

  constructor(record: StreamRecord, clock: Clock) {
    this.clock = clock;
    this.arn = streamArn(record);
    this.record = record;
  }

  get record(): StreamRecord {
    return this.held;
  }

  set record(record: StreamRecord) {
    this.held = record;
    this.open = openShards(record);
    this.policyDocument = record.policy === undefined ? undefined : parsePolicy(record.policy);
  }

  get openShards(): readonly ShardRecord[] {
    return this.open;
  }

  get policy(): PolicyDocument | undefined {
    return this.policyDocument;
  }

  /** What arrived before is too old. */
  get horizonMs(): number {
    return this.clock.now() - this.record.settings.retentionHours * HOUR_MS;
  }

  /** Whether it can be written to and read. */
  get isThere(): boolean {
    return !this.isDeleted && (this.record.status === 'ACTIVE' || this.record.status === 'UPDATING');
  }

  /** Shards that still hold records or may get some, parents before children. */
  get shards(): readonly ShardRecord[] {
    const { horizonMs } = this;
    return this.record.shards.filter(({ closedMs }) => closedMs === undefined || closedMs > horizonMs);
  }

  shard(index: number | undefined): ShardRecord | undefined {
    return this.shards.find((shard) => shard.index === index);
  }

  /** The shard that takes a key, of 32 hexadecimal digits. */
  shardFor(key: string): ShardRecord {
    let low = 0;
    let high = this.open.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.open[middle]!.end < key) low = middle + 1;
      else high = middle;
    }
    return this.open[low]!;
  }

  throughput(index: number): Throughput {
    let throughput = this.throughputs.get(index);
    if (throughput === undefined) {
      throughput = new Throughput(this.clock);
      this.throughputs.set(index, throughput);
    }
    return throughput;
  }

  /** What the shard is called in the store of records. */
  logName(index: number): string {
    return `${this.record.id}/${index}`;
  }
}

export function openShards({ shards }: StreamRecord): ShardRecord[] {
  return shards.filter(({ closedMs }) => closedMs === undefined).sort((a, b) => (a.start < b.start ? -1 : 1));
}

export function recordSequence(
  shard: ShardRecord,
  place: Pick<SequenceParts, 'position' | 'arrivedMs'>,
): string {
  return sequenceNumber({ shardIndex: shard.index, shardCreatedMs: shard.createdMs, ...place });
}
