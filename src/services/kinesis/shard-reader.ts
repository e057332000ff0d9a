/** Records of a shard as the API gives them, and what is told beside them. */
import type { _Record, ChildShard } from '@aws-sdk/client-kinesis';
import { decimalRange } from './hash-key.ts';
import type { KinesisContext } from './kinesis-context.ts';
import type { KeptRecord } from './record-chunk.ts';
import type { Stream } from './stream.ts';
import { recordSequence } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

/** Source: API reference of GetRecords. */
const MAX_BYTES = 10 * 1_048_576;
export const MAX_RECORDS = 10_000;

export interface ShardPage {
  readonly records: readonly KeptRecord[];
  /** The position to go on after. */
  readonly after: number;
  /** How long ago what was read last arrived; 0 where that is the newest. */
  readonly millisBehindLatest: number;
  /** The shard is closed and nothing comes after this. */
  readonly isEnd: boolean;
}

/** What there is after a position, up to `max` records. */
export async function readShard(
  { log, cipher, clock }: KinesisContext,
  stream: Stream,
  shard: ShardRecord,
  after: number,
  max: number,
): Promise<ShardPage> {
  const name = stream.logName(shard.index);
  const end = log.end(name);
  const records = await log.read({
    shard: name,
    after,
    sinceMs: stream.horizonMs,
    maxRecords: max,
    maxBytes: MAX_BYTES,
    open: (sealed) => cipher.open(stream, sealed),
  });
  const last = records.at(-1);
  // Whatever there was up to the end that did not come is too old.
  const position = last?.position ?? Math.max(after, end);
  const isLatest = position >= log.end(name);
  return {
    records,
    after: position,
    millisBehindLatest: isLatest || last === undefined ? 0 : Math.max(0, clock.now() - last.arrivedMs),
    isEnd: shard.closedMs !== undefined && log.isEnd(name, position),
  };
}

export function apiRecords(shard: ShardRecord, records: readonly KeptRecord[]): _Record[] {
  return records.map((record) => ({
    SequenceNumber: recordSequence(shard, record),
    ApproximateArrivalTimestamp: new Date(record.arrivedMs),
    Data: record.data,
    PartitionKey: record.partitionKey,
    ...(record.isEncrypted ? { EncryptionType: 'KMS' as const } : {}),
  }));
}

/** What came of a shard: told at its end, so that readers go on there. */
export function childShards(stream: Stream, { index }: ShardRecord): ChildShard[] {
  return stream.shards
    .filter(({ parents }) => parents.includes(index))
    .map((child) => ({
      ShardId: shardId(child.index),
      ParentShards: child.parents.map(shardId),
      HashKeyRange: decimalRange(child),
    }));
}
