/** The streams of DynamoDB's tables behind an endpoint. */
import type {
  DescribeStreamCommandOutput,
  _Record as DynamoRecord,
  GetRecordsCommandOutput,
  GetShardIteratorCommandOutput,
  Shard,
} from '@aws-sdk/client-dynamodb-streams';
import { parseArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { StreamShard } from '../ports/stream-source.ts';
import type { RemoteApi, RemoteCallOptions } from './remote-api.ts';
import type { PolledRecord, StreamApi } from './remote-streams.ts';
import type { ShardPlace } from './shard-place.ts';

/** Records of one read; source: model of GetRecords. */
const MAX_RECORDS = 1_000;

export function dynamoStreamsApi(api: RemoteApi): StreamApi {
  return {
    async exists(arn) {
      try {
        await api.call('DescribeStream', { StreamArn: arn, Limit: 1 }, options(arn));
        return true;
      } catch (error) {
        if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return false;
        throw error;
      }
    },

    async shards(arn) {
      const shards: Shard[] = [];
      for (let last: string | undefined; ; ) {
        const input = { StreamArn: arn, ...(last === undefined ? {} : { ExclusiveStartShardId: last }) };
        const page = (await api.call('DescribeStream', input, options(arn))) as DescribeStreamCommandOutput;
        shards.push(...(page.StreamDescription?.Shards ?? []));
        last = page.StreamDescription?.LastEvaluatedShardId;
        if (last === undefined) return shardsOf(shards);
      }
    },

    async iterator(arn, shardId, place) {
      const ask = async (from: ShardPlace): Promise<string> => {
        const input = { StreamArn: arn, ShardId: shardId, ...iteratorOf(from) };
        const answer = await api.call('GetShardIterator', input, options(arn));
        return (answer as GetShardIteratorCommandOutput).ShardIterator!;
      };
      try {
        return await ask(place);
      } catch (error) {
        // What has become too old is passed over.
        if (!(error instanceof AwsError) || error.code !== 'TrimmedDataAccessException') throw error;
        return ask({ at: 'TRIM_HORIZON' });
      }
    },

    async records({ arn }, iterator, max, signal) {
      const input = { ShardIterator: iterator, Limit: Math.min(max, MAX_RECORDS) };
      const answer = await api.call('GetRecords', input, options(arn, signal));
      const { Records = [], NextShardIterator: nextIterator } = answer as GetRecordsCommandOutput;
      const records = Records.map((record) => polledRecord(arn, record));
      // Nothing tells how far behind a read is.
      return { records, nextIterator, isBehind: records.length > 0 };
    },
  };
}

function options(arn: string, signal?: AbortSignal): RemoteCallOptions {
  const region = parseArn(arn)?.region ?? '';
  return signal === undefined ? { region } : { region, signal };
}

/** They are listed in the order in which they were made. */
function shardsOf(shards: readonly Shard[]): StreamShard[] {
  const held = new Set(shards.map(({ ShardId }) => ShardId));
  return shards.map(({ ShardId: shardId = '', ParentShardId: parent }) => ({
    shardId,
    parentShardIds: parent !== undefined && held.has(parent) ? [parent] : [],
  }));
}

function iteratorOf(place: ShardPlace): object {
  if (place.at === 'AFTER')
    return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: place.sequenceNumber };
  // There is no place in time here: what is older is dropped by whoever reads.
  return { ShardIteratorType: place.at === 'LATEST' ? place.at : 'TRIM_HORIZON' };
}

/** Source: "Using AWS Lambda with Amazon DynamoDB": as GetRecords has it, but for names, bytes and points in time. */
function polledRecord(arn: string, { userIdentity, ...record }: DynamoRecord): PolledRecord {
  const { SequenceNumber = '', Keys, ApproximateCreationDateTime } = record.dynamodb ?? {};
  return {
    sequenceNumber: SequenceNumber,
    orderKey: JSON.stringify(plain(Keys)),
    arrivedAtMs: ApproximateCreationDateTime?.getTime() ?? 0,
    record: {
      ...(plain(record) as Record<string, unknown>),
      ...(userIdentity === undefined
        ? {}
        : { userIdentity: { principalId: userIdentity.PrincipalId, type: userIdentity.Type } }),
      eventSourceARN: arn,
    },
  };
}

/** Bytes as base64, points in time as seconds since the epoch. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
}
