import { hashKey, hashKeyOf, MAX_HASH_KEY } from './hash-key.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf } from './kinesis-context.ts';
import { invalidArgument, rateExceeded, rateMessage } from './kinesis-errors.ts';
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
  readonly sequenceNumber: string;
}

export function putOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, 'PutRecord' | 'PutRecords'>> {
  return {
    async PutRecord(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const record = recordOf(stream, input);
      const shard = shardOf(stream, input);
      const ordering = input.SequenceNumberForOrdering;
      if (ordering !== undefined) checkOrdering(stream, shard, ordering);
      const [put] = await putRecords(kinesis, stream, [{ record, shard }]);
      if (put === undefined) throw rateExceeded(shardId(shard.index), stream.record);
      return { ShardId: shardId(shard.index), SequenceNumber: put.sequenceNumber, ...encryption(stream) };
    },

    async PutRecords(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const entries = (input.Records ?? []).map((entry) => ({
        record: recordOf(stream, entry),
        shard: shardOf(stream, entry),
      }));
      checkRequestSize(entries.map(({ record }) => record));
      const put = await putRecords(kinesis, stream, entries);
      return {
        FailedRecordCount: put.filter((one) => one === undefined).length,
        Records: put.map((one, index) => {
          const id = shardId(entries[index]!.shard.index);
          if (one !== undefined) return { SequenceNumber: one.sequenceNumber, ShardId: id };
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

/** Durable when it resolves; undefined in the place of a record that is too much for its shard. */
export async function putRecords(
  { log, retention, metrics }: KinesisContext,
  stream: Stream,
  entries: readonly { readonly record: NewRecord; readonly shard: ShardRecord }[],
): Promise<(PutRecord | undefined)[]> {
  const portions = new Map<ShardRecord, NewRecord[]>();
  const places = entries.map(({ record, shard }) => {
    const bytes = recordBytes(record);
    if (!stream.throughput(shard.index).takeWrite(bytes)) {
      metrics.record(stream, shard.index, { WriteProvisionedThroughputExceeded: 1 });
      return undefined;
    }
    metrics.record(stream, shard.index, { IncomingBytes: bytes, IncomingRecords: 1 });
    const portion = portions.get(shard) ?? [];
    portions.set(shard, portion);
    return portion.push(record) - 1;
  });
  const shards = [...portions.keys()];
  const placed = await log.append(
    shards.map((shard) => ({ shard: stream.logName(shard.index), records: portions.get(shard)! })),
  );
  retention.noteArrival(stream);
  return places.map((place, index) => {
    if (place === undefined) return undefined;
    const { shard } = entries[index]!;
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

function shardOf(stream: Stream, { PartitionKey, ExplicitHashKey: explicit }: Entry): ShardRecord {
  if (explicit === undefined) return stream.shardFor(hashKeyOf(PartitionKey!));
  const value = BigInt(explicit);
  if (value > MAX_HASH_KEY) {
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicit}`,
    );
  }
  return stream.shardFor(hashKey(value));
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
