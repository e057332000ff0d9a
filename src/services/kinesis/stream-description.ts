/** Streams and shards as the API describes them. */
import type {
  EncryptionType,
  EnhancedMetrics,
  MetricsName,
  Shard,
  StreamDescription,
  StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import { decimalRange } from './hash-key.ts';
import { endingSequenceNumber } from './sequence-number.ts';
import type { Stream } from './stream.ts';
import { recordSequence } from './stream.ts';
import type { ShardRecord, StreamRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

export function describedShard(shard: ShardRecord): Shard {
  const { index, createdMs, closedMs, parents } = shard;
  const [parent, adjacentParent] = parents;
  return {
    ShardId: shardId(index),
    ...(parent === undefined ? {} : { ParentShardId: shardId(parent) }),
    ...(adjacentParent === undefined ? {} : { AdjacentParentShardId: shardId(adjacentParent) }),
    HashKeyRange: decimalRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: recordSequence(shard, { position: 0, arrivedMs: createdMs }),
      ...(closedMs === undefined
        ? {}
        : {
            EndingSequenceNumber: endingSequenceNumber({
              shardIndex: index,
              shardCreatedMs: createdMs,
              arrivedMs: closedMs,
            }),
          }),
    },
  };
}

export function describedStream({
  arn,
  record,
}: Stream): Omit<StreamDescription, 'Shards' | 'HasMoreShards'> {
  const { settings } = record;
  return {
    StreamName: record.name,
    StreamARN: arn,
    StreamStatus: record.status,
    StreamModeDetails: { StreamMode: settings.mode },
    RetentionPeriodHours: settings.retentionHours,
    StreamCreationTimestamp: new Date(record.createdMs),
    EnhancedMonitoring: [monitoring(record)],
    ...encryption(record),
  };
}

export function streamSummary(stream: Stream, consumerCount: number): StreamDescriptionSummary {
  return {
    ...describedStream(stream),
    OpenShardCount: stream.openShards.length,
    ConsumerCount: consumerCount,
    MaxRecordSizeInKiB: stream.record.settings.maxRecordKiB,
  };
}

function monitoring({ settings }: StreamRecord): EnhancedMetrics {
  return { ShardLevelMetrics: [...settings.shardMetrics] as MetricsName[] };
}

function encryption({ settings }: StreamRecord): { EncryptionType: EncryptionType; KeyId?: string } {
  if (settings.encryption === undefined) return { EncryptionType: 'NONE' };
  return { EncryptionType: 'KMS', KeyId: settings.encryption.keyId };
}
