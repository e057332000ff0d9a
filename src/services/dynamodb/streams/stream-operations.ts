import type { Clock } from '../../../core/clock.ts';
import { AwsError } from '../../../core/errors.ts';
import type { ShardRow } from '../../../ports/item-store.ts';
import type { Operations } from '../../../ports/service.ts';
import { validationError } from '../engine/item-checks.ts';
import type { StreamRecord } from '../table-record.ts';
import { streamArn } from '../table-record.ts';
import type { Tables } from '../tables.ts';
import { iteratorOf, iteratorText } from './shard-iterator.ts';
import { answeredRecord, sequenceNumber, sequenceOf } from './stream-event.ts';
import type { StreamReader } from './stream-reader.ts';
import { shardNotFound, streamNotFound } from './stream-source.ts';

/** Source: API reference of DynamoDB Streams. */
const MAX_RECORDS = 1000;
const MAX_STREAMS = 100;
const MAX_SHARDS = 100;
const ITERATOR_LIFE_MS = 15 * 60_000;

export type StreamsOperations = Operations<typeof import('@aws-sdk/client-dynamodb-streams')>;

export interface StreamsDependencies {
  readonly tables: Tables;
  readonly reader: StreamReader;
  readonly clock: Clock;
}

export function streamOperations({ tables, reader, clock }: StreamsDependencies): StreamsOperations {
  const existing = (arn: string): StreamRecord => {
    const stream = tables.stream(arn);
    if (stream === undefined) throw streamNotFound(arn);
    return stream;
  };
  return {
    async ListStreams({ TableName, ExclusiveStartStreamArn: after, Limit = MAX_STREAMS }, caller) {
      const arns = [...tables.streams()]
        .filter(({ accountId, region }) => accountId === caller.accountId && region === caller.region)
        .filter(({ name }) => TableName === undefined || name === TableName)
        .map((stream) => ({ stream, arn: streamArn(stream) }))
        .sort((a, b) => (a.arn < b.arn ? -1 : 1))
        .filter(({ arn }) => after === undefined || arn > after);
      const page = arns.slice(0, Limit);
      return {
        Streams: page.map(({ stream, arn }) => ({
          StreamArn: arn,
          TableName: stream.name,
          StreamLabel: stream.label,
        })),
        ...(arns.length > page.length ? { LastEvaluatedStreamArn: page.at(-1)!.arn } : {}),
      };
    },

    async DescribeStream({
      StreamArn: arn,
      ExclusiveStartShardId: after,
      Limit = MAX_SHARDS,
      ShardFilter: filter,
    }) {
      const stream = existing(arn!);
      let { shards } = await reader.shards(stream);
      if (filter?.Type === 'CHILD_SHARDS') {
        shards = shards.filter(({ parentShardId }) => parentShardId === filter.ShardId);
      }
      const start = after === undefined ? 0 : shards.findIndex(({ shardId }) => shardId === after) + 1;
      const page = shards.slice(start, start + Limit);
      return {
        StreamDescription: {
          StreamArn: arn!,
          StreamLabel: stream.label,
          StreamStatus: stream.disabledMs === undefined ? 'ENABLED' : 'DISABLED',
          StreamViewType: stream.viewType,
          CreationRequestDateTime: new Date(stream.createdMs),
          TableName: stream.name,
          KeySchema: [...stream.keySchema],
          Shards: page.map(describedShard),
          ...(start + Limit < shards.length ? { LastEvaluatedShardId: page.at(-1)!.shardId } : {}),
        },
      };
    },

    async GetShardIterator(input) {
      const { StreamArn: arn, ShardId: shardId, ShardIteratorType: type, SequenceNumber: number } = input;
      const { shards, lastSequence } = await reader.shards(existing(arn!));
      const shard = shards.find((found) => found.shardId === shardId);
      if (shard === undefined) throw shardNotFound(shardId!, arn!);
      const after = startOf(shard, lastSequence, type!, number);
      return { ShardIterator: iteratorText({ arn: arn!, shardId: shardId!, after, givenMs: clock.now() }) };
    },

    async GetRecords({ ShardIterator: text, Limit = MAX_RECORDS }) {
      const { arn, shardId, after, givenMs } = iteratorOf(text!);
      if (clock.now() > givenMs + ITERATOR_LIFE_MS) {
        throw new AwsError(
          'ExpiredIteratorException',
          'Iterator expired. The iterator was created at time ' +
            `${new Date(givenMs).toISOString()} while right now it is ${new Date(clock.now()).toISOString()}`,
        );
      }
      const stream = existing(arn);
      const found = await reader.records(stream, shardId, after, Limit);
      if (found === undefined) throw shardNotFound(shardId, arn);
      const { records, isEnd } = found;
      const reached = records.at(-1)?.sequence ?? after;
      return {
        Records: records.map((record) => answeredRecord(stream, record)),
        ...(isEnd
          ? {}
          : { NextShardIterator: iteratorText({ arn, shardId, after: reached, givenMs: clock.now() }) }),
      };
    },
  };
}

function describedShard({ shardId, parentShardId, first, last }: ShardRow) {
  return {
    ShardId: shardId,
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceNumber(first),
      ...(last === null ? {} : { EndingSequenceNumber: sequenceNumber(Math.max(first, last)) }),
    },
    ...(parentShardId === null ? {} : { ParentShardId: parentShardId }),
  };
}

/** The number after which reading begins. */
function startOf(shard: ShardRow, lastSequence: number, type: string, number: string | undefined): number {
  switch (type) {
    case 'TRIM_HORIZON':
      return shard.first - 1;
    case 'LATEST':
      return shard.last ?? lastSequence;
    default: {
      const sequence = number === undefined ? undefined : sequenceOf(number);
      if (sequence === undefined || sequence < shard.first || sequence > (shard.last ?? lastSequence)) {
        throw validationError(
          number === undefined
            ? `The parameter SequenceNumber is required with ShardIteratorType ${type}`
            : `Invalid SequenceNumber ${number} for shard ${shard.shardId}`,
        );
      }
      return type === 'AT_SEQUENCE_NUMBER' ? sequence - 1 : sequence;
    }
  }
}
