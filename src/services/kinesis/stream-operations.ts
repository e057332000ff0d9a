import { evenRanges } from './hash-key.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import {
  checkOnDemandLimit,
  checkShardLimit,
  onDemandCount,
  openShardCount,
  streamOf,
} from './kinesis-context.ts';
import { inUse, validation } from './kinesis-errors.ts';
import {
  DEFAULT_RECORD_KIB,
  DEFAULT_RETENTION_HOURS,
  ON_DEMAND_LIMIT,
  ON_DEMAND_SHARDS,
  SHARD_LIMIT,
} from './limits.ts';
import { noWarmThroughput } from './setting-operations.ts';
import { describedShard, describedStream, streamSummary } from './stream-description.ts';
import { shardId } from './stream-record.ts';
import { checkTags } from './tags.ts';

/** Source: API references of ListStreams and DescribeStream. */
const MAX_LISTED_STREAMS = 100;
const MAX_LISTED_SHARDS = 100;

type StreamOperations =
  | 'CreateStream'
  | 'DeleteStream'
  | 'DescribeStream'
  | 'DescribeStreamSummary'
  | 'ListStreams'
  | 'DescribeLimits';

export function streamOperations(
  kinesis: KinesisContext,
): Required<Pick<KinesisOperations, StreamOperations>> {
  const { streams, consumers } = kinesis;

  return {
    async CreateStream(input, caller) {
      const { accountId, region } = caller;
      const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED';
      const count = mode === 'ON_DEMAND' ? ON_DEMAND_SHARDS : input.ShardCount;
      if (mode === 'ON_DEMAND' && input.ShardCount !== undefined) {
        throw validation('ShardCount must not be provided when StreamMode is ON_DEMAND.');
      }
      if (input.WarmThroughputMiBps !== undefined) {
        throw noWarmThroughput();
      }
      if (count === undefined) throw validation('ShardCount must be provided in PROVISIONED mode.');
      const tags = input.Tags ?? {};
      checkTags(tags);
      if (mode === 'PROVISIONED') checkShardLimit(kinesis, caller, count);
      else checkOnDemandLimit(kinesis, caller);
      const settings = {
        mode,
        retentionHours: DEFAULT_RETENTION_HOURS,
        maxRecordKiB: input.MaxRecordSizeInKiB ?? DEFAULT_RECORD_KIB,
        shardMetrics: [],
      };
      await streams.create(
        { accountId, region, name: input.StreamName! },
        { settings, tags },
        { shards: [{ closing: [], opening: evenRanges(count) }] },
      );
      return {};
    },

    async DeleteStream(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      const { name, accountId } = stream.record;
      if (consumers.of(stream).length > 0 && input.EnforceConsumerDeletion !== true) {
        throw inUse(
          `Stream ${name} under account ${accountId} still has consumers registered. Deregister them, or set EnforceConsumerDeletion.`,
        );
      }
      await streams.begin(stream, 'DELETING', () => ({ deletes: true }));
      return {};
    },

    async DescribeStream(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      const limit = input.Limit ?? MAX_LISTED_SHARDS;
      const after = input.ExclusiveStartShardId;
      const rest = stream.shards.filter(({ index }) => after === undefined || shardId(index) > after);
      return {
        StreamDescription: {
          ...describedStream(stream),
          Shards: rest.slice(0, limit).map(describedShard),
          HasMoreShards: rest.length > limit,
        },
      };
    },

    async DescribeStreamSummary(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      return { StreamDescriptionSummary: streamSummary(stream, consumers.of(stream).length) };
    },

    async ListStreams(input, caller) {
      const limit = input.Limit ?? MAX_LISTED_STREAMS;
      const after = input.ExclusiveStartStreamName ?? nameInToken(input.NextToken);
      const rest = streams.list(caller).filter(({ record }) => after === undefined || record.name > after);
      const page = rest.slice(0, limit);
      const hasMore = rest.length > limit;
      return {
        StreamNames: page.map(({ record }) => record.name),
        HasMoreStreams: hasMore,
        ...(hasMore ? { NextToken: Buffer.from(page.at(-1)!.record.name).toString('base64') } : {}),
        StreamSummaries: page.map(({ arn, record }) => ({
          StreamName: record.name,
          StreamARN: arn,
          StreamStatus: record.status,
          StreamModeDetails: { StreamMode: record.settings.mode },
          StreamCreationTimestamp: new Date(record.createdMs),
        })),
      };
    },

    async DescribeLimits(_input, caller) {
      return {
        ShardLimit: SHARD_LIMIT,
        OpenShardCount: openShardCount(kinesis, caller),
        OnDemandStreamCount: onDemandCount(kinesis, caller),
        OnDemandStreamCountLimit: ON_DEMAND_LIMIT,
      };
    },
  };
}

function nameInToken(token: string | undefined): string | undefined {
  return token === undefined ? undefined : Buffer.from(token, 'base64').toString();
}
