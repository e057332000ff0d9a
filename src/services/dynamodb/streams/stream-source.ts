/** Streams of tables as sources of events: the records that Lambda and Pipes hand over. */
import { AwsError } from '../../../core/errors.ts';
import type { ShardRow } from '../../../ports/item-store.ts';
import type {
  ShardRead,
  StreamRecord as SourceRecord,
  StreamShard,
  StreamSource,
} from '../../../ports/stream-source.ts';
import type { StreamRecordReply } from '../engine/requests.ts';
import type { StreamRecord } from '../table-record.ts';
import type { Tables } from '../tables.ts';
import { eventRecord, sequenceNumber } from './stream-event.ts';
import type { StreamReader } from './stream-reader.ts';
import type { StreamSignals } from './stream-signals.ts';

export interface StreamSourceDependencies {
  readonly tables: Tables;
  readonly reader: StreamReader;
  readonly signals: StreamSignals;
}

/** A cursor is the number of the last record that was read. */
export function dynamoStreamSource({ tables, reader, signals }: StreamSourceDependencies): StreamSource {
  const existing = (arn: string): StreamRecord => {
    const stream = tables.stream(arn);
    if (stream === undefined) throw streamNotFound(arn);
    return stream;
  };
  const shardsOf = async (arn: string): Promise<StreamShard[]> =>
    (await reader.shards(existing(arn))).shards.map(sourceShard);
  return {
    exists: async (arn) => tables.stream(arn) !== undefined,
    shards: shardsOf,

    async shardsChanged(arn, known, signal) {
      const names = known.map(({ shardId }) => shardId).join();
      while (!signal.aborted) {
        const { id } = existing(arn);
        const count = signals.count(id, 'shards');
        const shards = await shardsOf(arn);
        if (shards.map(({ shardId }) => shardId).join() !== names) return;
        await signals.beyond(id, 'shards', count, signal);
      }
    },

    async open(arn, shardId, start) {
      const { shards, lastSequence } = await reader.shards(existing(arn));
      const shard = shards.find((found) => found.shardId === shardId);
      if (shard === undefined) throw shardNotFound(shardId, arn);
      if (start.at === 'LATEST') return String(shard.last ?? lastSequence);
      // AT_TIMESTAMP is not for DynamoDB; a place in time is none of its shards'.
      return String(shard.first - 1);
    },

    async read(arn, shardId, cursor, { max, signal, waiting = (news) => news }): Promise<ShardRead> {
      for (;;) {
        const stream = existing(arn);
        const count = signals.count(stream.id, 'records');
        const found = await reader.records(stream, shardId, Number(cursor), max);
        // It has gone with the last of its records.
        if (found === undefined) return { records: [], cursor, isEnd: true };
        const { records, isEnd } = found;
        const reached = records.at(-1)?.sequence ?? Number(cursor);
        if (records.length > 0 || isEnd || signal.aborted) {
          return {
            records: records.map((reply) => sourceRecord(stream, reply)),
            cursor: String(reached),
            isEnd,
          };
        }
        await waiting(signals.beyond(stream.id, 'records', count, signal));
      }
    },
  };
}

function sourceShard({ shardId, parentShardId }: ShardRow): StreamShard {
  return { shardId, parentShardIds: parentShardId === null ? [] : [parentShardId] };
}

function sourceRecord(stream: StreamRecord, reply: StreamRecordReply): SourceRecord {
  const { record, keys } = eventRecord(stream, reply);
  return {
    sequenceNumber: sequenceNumber(reply.sequence),
    orderKey: JSON.stringify(keys),
    arrivedAtMs: reply.writtenMs,
    record,
    cursor: String(reply.sequence),
  };
}

export function streamNotFound(arn: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`);
}

export function shardNotFound(shardId: string, arn: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Requested resource not found: Shard: ${shardId} in Stream: ${arn} not found`,
  );
}
