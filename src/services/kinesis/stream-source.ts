/** Streams as sources of events: records in the form in which Lambda hands them to functions. */
import type { ShardRead, StreamRecord, StreamShard, StreamSource } from '../../ports/stream-source.ts';
import type { KinesisContext } from './kinesis-context.ts';
import { addressOfArn } from './kinesis-context.ts';
import { notFound } from './kinesis-errors.ts';
import type { KeptRecord } from './record-chunk.ts';
import { readShard } from './shard-reader.ts';
import type { Stream } from './stream.ts';
import { recordSequence } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId, shardIndex } from './stream-record.ts';

/** A cursor is the position of the last record read. Limits for readers over the API do not count here. */
export function streamSource(kinesis: KinesisContext): StreamSource {
  const { streams, log } = kinesis;
  const find = (arn: string): Stream | undefined => {
    const address = addressOfArn(arn);
    const stream = address && streams.find(address);
    if (stream === undefined) return undefined;
    return arn === stream.arn || kinesis.consumers.findByArn(arn) !== undefined ? stream : undefined;
  };
  const existing = (arn: string): Stream => {
    const stream = find(arn);
    if (stream === undefined) throw notFound(`Stream ${arn} not found.`);
    return stream;
  };
  return {
    exists: async (arn) => find(arn) !== undefined,

    shards: async (arn) => shardsOf(existing(arn)),

    async shardsChanged(arn, known, signal) {
      const hasChanged = (): boolean => {
        const stream = find(arn);
        return stream === undefined || !sameShards(shardsOf(stream), known);
      };
      if (signal.aborted || hasChanged()) return;
      await new Promise<void>((resolve) => {
        const end = (): void => {
          unwatch();
          signal.removeEventListener('abort', end);
          resolve();
        };
        const unwatch = streams.watch(() => {
          if (hasChanged()) end();
        });
        signal.addEventListener('abort', end);
      });
    },

    async open(arn, id, start) {
      const name = existing(arn).logName(shardIndex(id) ?? -1);
      if (start.at === 'AT_TIMESTAMP') return String(await log.positionBefore(name, start.timestampMs));
      return start.at === 'TRIM_HORIZON' ? '0' : String(log.end(name));
    },

    async read(arn, id, cursor, { max, signal, waiting = (news) => news }): Promise<ShardRead> {
      for (;;) {
        const stream = existing(arn);
        const shard = stream.shard(shardIndex(id));
        if (shard === undefined) return { records: [], cursor, isEnd: true };
        const name = stream.logName(shard.index);
        const page = await readShard(kinesis, stream, shard, Number(cursor), max);
        const { isEnd, after } = page;
        if (page.records.length > 0 || isEnd || signal.aborted) {
          const records = page.records.map((record) => sourceRecord(stream, shard, arn, record));
          return { records, cursor: String(after), isEnd };
        }
        await waiting(log.changed(name, after, signal));
      }
    },
  };
}

function shardsOf(stream: Stream): StreamShard[] {
  const { shards } = stream;
  const held = new Set(shards.map(({ index }) => index));
  return shards.map(({ index, parents }) => ({
    shardId: shardId(index),
    // What is too old to hold a record need not be waited for.
    parentShardIds: parents.filter((parent) => held.has(parent)).map(shardId),
  }));
}

function sameShards(shards: readonly StreamShard[], known: readonly StreamShard[]): boolean {
  return (
    shards.length === known.length && shards.every((shard, index) => shard.shardId === known[index]?.shardId)
  );
}

/**
 * Source: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams". Its
 * `invokeIdentityArn`, the role of the function, is known to who invokes that, not to the stream.
 */
function sourceRecord(stream: Stream, shard: ShardRecord, arn: string, record: KeptRecord): StreamRecord {
  const { partitionKey, arrivedMs, position } = record;
  const sequenceNumber = recordSequence(shard, record);
  return {
    sequenceNumber,
    orderKey: partitionKey,
    arrivedAtMs: arrivedMs,
    cursor: String(position),
    record: {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber,
        data: Buffer.from(record.data).toString('base64'),
        approximateArrivalTimestamp: arrivedMs / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId(shard.index)}:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      awsRegion: stream.record.region,
      eventSourceARN: arn,
    },
  };
}
