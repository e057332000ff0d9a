import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf, shardOf } from './kinesis-context.ts';
import { notFound, rateExceeded, streamNotFound } from './kinesis-errors.ts';
import { encodeIterator, usableIterator } from './shard-iterator.ts';
import { recordBytes } from './shard-log.ts';
import { apiRecords, childShards, MAX_RECORDS, readShard } from './shard-reader.ts';
import { positionAfter } from './starting-position.ts';
import { shardId } from './stream-record.ts';

export function getOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, 'GetShardIterator' | 'GetRecords'>> {
  const { streams, log, clock, metrics } = kinesis;
  return {
    async GetShardIterator(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const shard = shardOf(stream, input.ShardId!);
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
      const shard = stream.shard(iterator.shardIndex);
      if (shard === undefined) {
        const { name, accountId } = iterator;
        throw notFound(`Shard ${id} in stream ${name} under account ${accountId} does not exist`);
      }
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
        Records: apiRecords(stream, shard, page.records),
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
