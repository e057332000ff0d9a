/** Kinesis behind an endpoint. */
import type {
  GetRecordsCommandOutput,
  GetShardIteratorCommandInput,
  GetShardIteratorCommandOutput,
  _Record as KinesisRecord,
  ListShardsCommandOutput,
  Shard,
} from '@aws-sdk/client-kinesis';
import { parseArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { StreamShard } from '../ports/stream-source.ts';
import type { RemoteApi, RemoteCallOptions } from './remote-api.ts';
import type { PolledRecord, ShardName, StreamApi } from './remote-streams.ts';
import type { ShardPlace } from './shard-place.ts';

/** Records of one read; source: model of GetRecords. */
const MAX_RECORDS = 10_000;

export function kinesisApi(api: RemoteApi): StreamApi {
  return {
    async exists(arn) {
      try {
        await api.call('DescribeStreamSummary', namesOf(arn), options(arn));
        return true;
      } catch (error) {
        if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return false;
        throw error;
      }
    },

    async shards(arn) {
      const shards: Shard[] = [];
      for (let next: string | undefined; ; ) {
        const input = next === undefined ? namesOf(arn) : { NextToken: next };
        const page = (await api.call('ListShards', input, options(arn))) as ListShardsCommandOutput;
        shards.push(...(page.Shards ?? []));
        next = page.NextToken;
        if (next === undefined) return shardsOf(shards);
      }
    },

    async iterator(arn, shardId, place) {
      const input = { ...namesOf(arn), ShardId: shardId, ...iteratorOf(place) };
      const answer = await api.call('GetShardIterator', input, options(arn));
      return (answer as GetShardIteratorCommandOutput).ShardIterator!;
    },

    async records(shard, iterator, max, signal) {
      const input = { ShardIterator: iterator, Limit: Math.min(max, MAX_RECORDS) };
      const answer = await api.call('GetRecords', input, options(shard.arn, signal));
      const { Records = [], NextShardIterator, MillisBehindLatest = 0 } = answer as GetRecordsCommandOutput;
      return {
        records: Records.map((record) => polledRecord(shard, record)),
        nextIterator: NextShardIterator,
        isBehind: MillisBehindLatest > 0,
      };
    },
  };
}

function options(arn: string, signal?: AbortSignal): RemoteCallOptions {
  const region = parseArn(arn)?.region ?? '';
  return signal === undefined ? { region } : { region, signal };
}

/** A consumer's stream is read with the throughput that all readers share. */
function namesOf(arn: string): { readonly StreamName: string; readonly StreamARN: string } {
  const StreamARN = arn.replace(/\/consumer\/.*$/, '');
  // Endpoints that are older than the ARN know a stream by its name.
  return { StreamName: StreamARN.slice(StreamARN.indexOf('/') + 1), StreamARN };
}

/** Ids of shards grow, so that parents come before their children. */
function shardsOf(shards: readonly Shard[]): StreamShard[] {
  const held = new Set(shards.map(({ ShardId }) => ShardId));
  const found = shards.map(({ ShardId: shardId = '', ParentShardId, AdjacentParentShardId }) => ({
    shardId,
    // What is too old to hold a record is not listed and need not be waited for.
    parentShardIds: [ParentShardId, AdjacentParentShardId].filter(
      (parent) => parent !== undefined && held.has(parent),
    ) as string[],
  }));
  return found.sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
}

type IteratorInput = Pick<
  GetShardIteratorCommandInput,
  'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'
>;

function iteratorOf(place: ShardPlace): IteratorInput {
  if (place.at === 'AFTER')
    return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: place.sequenceNumber };
  if (place.at === 'AT_TIMESTAMP')
    return { ShardIteratorType: place.at, Timestamp: new Date(place.timestampMs) };
  return { ShardIteratorType: place.at };
}

/** Source: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams". */
function polledRecord({ arn, shardId }: ShardName, record: KinesisRecord): PolledRecord {
  const { SequenceNumber: sequenceNumber = '', PartitionKey: partitionKey = '', Data } = record;
  const arrivedAtMs = record.ApproximateArrivalTimestamp?.getTime() ?? 0;
  return {
    sequenceNumber,
    orderKey: partitionKey,
    arrivedAtMs,
    record: {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber,
        data: Buffer.from(Data ?? []).toString('base64'),
        approximateArrivalTimestamp: arrivedAtMs / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      awsRegion: parseArn(arn)?.region,
      eventSourceARN: arn,
    },
  };
}
