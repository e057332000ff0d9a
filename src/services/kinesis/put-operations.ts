import { hashKey, hashKeyOf, MAX_HASH_KEY } from './hash-key.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf } from './kinesis-context.ts';
import { invalidArgument, rateExceeded, rateMessage, streamNotFound } from './kinesis-errors.ts';
import { growOnDemand } from './on-demand.ts';
import type { NewRecord } from './record-chunk.ts';
import { parseSequenceNumber } from './sequence-number.ts';
import { recordBytes } from './shard-log.ts';
import type { Stream } from './stream.ts';
import { recordSequence } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

/** Data and keys of one call. Source: API reference of PutRecords. */
const MAX_REQUEST_BYTES = 10 * 1_048_576;

interface Entry {
  readonly Data?: Uint8Array | undefined;
  readonly PartitionKey?: string | undefined;
  readonly ExplicitHashKey?: string | undefined;
}

export interface PutRecord {
  readonly shard: ShardRecord;
  /** Undefined where the record is too much for the shard. */
  readonly sequenceNumber: string | undefined;
}

export interface KeyedRecord {
  readonly record: NewRecord;
  /** That decides about the shard, of 32 hexadecimal digits. */
  readonly key: string;
}

export function putOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, 'PutRecord' | 'PutRecords'>> {
  return {
    async PutRecord(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const record = recordOf(stream, input);
      const key = keyOf(input);
      const ordering = input.SequenceNumberForOrdering;
      if (ordering !== undefined) checkOrdering(stream, stream.shardFor(key), ordering);
      const [put] = await putRecords(kinesis, stream, [{ record, key }]);
      const { shard, sequenceNumber } = put!;
      if (sequenceNumber === undefined) throw rateExceeded(shardId(shard.index), stream.record);
      return { ShardId: shardId(shard.index), SequenceNumber: sequenceNumber, ...encryption(stream) };
    },

    async PutRecords(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const entries = (input.Records ?? []).map((entry) => ({
        record: recordOf(stream, entry),
        key: keyOf(entry),
      }));
      checkRequestSize(entries.map(({ record }) => record));
      const put = await putRecords(kinesis, stream, entries);
      return {
        FailedRecordCount: put.filter(({ sequenceNumber }) => sequenceNumber === undefined).length,
        Records: put.map(({ shard, sequenceNumber }) => {
          const id = shardId(shard.index);
          if (sequenceNumber !== undefined) return { SequenceNumber: sequenceNumber, ShardId: id };
          return {
            ErrorCode: 'ProvisionedThroughputExceededException',
            ErrorMessage: rateMessage(id, stream.record),
          };
        }),
        ...encryption(stream),
      };
    },
  };
}

/** Durable when it resolves. */
export async function putRecords(
  { streams, log, retention, metrics, cipher }: KinesisContext,
  stream: Stream,
  entries: readonly KeyedRecord[],
): Promise<PutRecord[]> {
  const seal = stream.record.settings.encryption && (await cipher.seal(stream));
  // Nothing is waited for from here on until records have their places: shards may change meanwhile.
  if (!stream.isThere) throw streamNotFound(stream.record);
  const portions = new Map<ShardRecord, NewRecord[]>();
  const places = entries.map(({ record, key }) => {
    const shard = stream.shardFor(key);
    const bytes = recordBytes(record);
    if (!stream.throughput(shard.index).takeWrite(bytes)) {
      metrics.record(stream, shard.index, { WriteProvisionedThroughputExceeded: 1 });
      return { shard, place: undefined };
    }
    metrics.record(stream, shard.index, { IncomingBytes: bytes, IncomingRecords: 1 });
    const portion = portions.get(shard) ?? [];
    portions.set(shard, portion);
    return { shard, place: portion.push(record) - 1 };
  });
  const shards = [...portions.keys()];
  const placed = await log.append(
    shards.map((shard) => ({ shard: stream.logName(shard.index), records: portions.get(shard)!, seal })),
  );
  retention.noteArrival(stream);
  const refused = places.filter(({ place }) => place === undefined).map(({ shard }) => shard);
  if (refused.length > 0) await growOnDemand(streams, stream, [...new Set(refused)]);
  return places.map(({ shard, place }) => {
    if (place === undefined) return { shard, sequenceNumber: undefined };
    const { first, arrivedMs } = placed[shards.indexOf(shard)]!;
    return { shard, sequenceNumber: recordSequence(shard, { position: first + place, arrivedMs }) };
  });
}

export function recordOf(stream: Stream, { Data: data, PartitionKey: partitionKey }: Entry): NewRecord {
  const record = { data: data!, partitionKey: partitionKey! };
  const limit = stream.record.settings.maxRecordKiB * 1024;
  const bytes = recordBytes(record);
  if (bytes > limit) {
    throw invalidArgument(
      `Record size (data and partition key) of ${bytes} bytes exceeds the maximum record size of ${limit} bytes of stream ${stream.record.name} under account ${stream.record.accountId}.`,
    );
  }
  return record;
}

function keyOf({ PartitionKey, ExplicitHashKey: explicit }: Entry): string {
  if (explicit === undefined) return hashKeyOf(PartitionKey!);
  const value = BigInt(explicit);
  if (value > MAX_HASH_KEY) {
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicit}`,
    );
  }
  return hashKey(value);
}

/** It is always so that later puts have higher numbers; all that can be wrong is the number. */
function checkOrdering({ record: { name, accountId } }: Stream, shard: ShardRecord, number: string): void {
  if (parseSequenceNumber(number)?.shardIndex === shard.index) return;
  throw invalidArgument(
    `ExclusiveMinimumSequenceNumber ${number} used in PutRecord on stream ${name} in account ${accountId} is invalid.`,
  );
}

function checkRequestSize(records: readonly NewRecord[]): void {
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
  if (bytes > MAX_REQUEST_BYTES) {
    throw invalidArgument(
      `Records size of ${bytes} bytes exceeds the ${MAX_REQUEST_BYTES} bytes of one PutRecords call.`,
    );
  }
}

function encryption({ record: { settings } }: Stream) {
  return settings.encryption === undefined ? {} : { EncryptionType: 'KMS' as const };
}
