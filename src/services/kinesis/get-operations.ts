import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf } from './kinesis-context.ts';
import { notFound, rateExceeded, shardNotFound, streamNotFound } from './kinesis-errors.ts';
import { encodeIterator, usableIterator } from './shard-iterator.ts';
import { recordBytes } from './shard-log.ts';
import { apiRecords, childShards, MAX_RECORDS, readShard } from './shard-reader.ts';
import { positionAfter } from './starting-position.ts';
import type { Stream } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId, shardIndex } from './stream-record.ts';

export function getOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, 'GetShardIterator' | 'GetRecords'>> {
  const { streams, log, clock, metrics } = kinesis;
  return {
    async GetShardIterator(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const shard = readableShard(stream, shardIndex(input.ShardId!), input.ShardId!);
      const nowMs = clock.now();
      const after = await positionAfter(
        { log, stream, shard, nowMs, operation: 'GetShardIterator' },
        {
          type: input.ShardIteratorType!,
          sequenceNumber: input.StartingSequenceNumber,
          timestamp: input.Timestamp,
        },
      );
      const { accountId, region, name } = stream.record;
      return {
        ShardIterator: encodeIterator({
          accountId,
          region,
          name,
          shardIndex: shard.index,
          after,
          createdMs: nowMs,
        }),
      };
    },

    async GetRecords(input) {
      const iterator = usableIterator(input.ShardIterator!, clock.now());
      const stream = streams.find(iterator);
      if (stream === undefined || !stream.isThere) throw streamNotFound(iterator);
      const id = shardId(iterator.shardIndex);
      const shard = readableShard(stream, iterator.shardIndex, id);
      const throughput = stream.throughput(shard.index);
      if (!throughput.takeRead()) {
        metrics.record(stream, shard.index, { ReadProvisionedThroughputExceeded: 1 });
        throw rateExceeded(id, stream.record);
      }
      const page = await readShard(kinesis, stream, shard, iterator.after, input.Limit ?? MAX_RECORDS);
      const bytes = page.records.reduce((sum, record) => sum + recordBytes(record), 0);
      throughput.noteRead(bytes);
      metrics.record(stream, shard.index, {
        OutgoingBytes: bytes,
        OutgoingRecords: page.records.length,
        IteratorAgeMilliseconds: page.millisBehindLatest,
      });
      return {
        Records: apiRecords(shard, page.records),
        MillisBehindLatest: page.millisBehindLatest,
        ...(page.isEnd
          ? { ChildShards: childShards(stream, shard) }
          : {
              NextShardIterator: encodeIterator({ ...iterator, after: page.after, createdMs: clock.now() }),
            }),
      };
    },
  };
}

/** AWS has other words here than where shards are changed. */
function readableShard(stream: Stream, index: number | undefined, id: string): ShardRecord {
  const { name, accountId } = stream.record;
  if (index === undefined) throw shardNotFound(id, stream.record);
  const shard = stream.shard(index);
  if (shard !== undefined) return shard;
  throw notFound(`Shard ${shardId(index)} in stream ${name} under account ${accountId} does not exist`);
}
