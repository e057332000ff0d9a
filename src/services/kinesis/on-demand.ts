import { AwsError } from '../../core/errors.ts';
import { hashValue } from './hash-key.ts';
import { split } from './resharding.ts';
import type { Stream } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import type { Streams } from './streams.ts';

/** What an on-demand stream grows to: 200 MB/s. Source: "Kinesis Data Streams quotas and limits". */
const MAX_SHARDS = 200;

/**
 * A stream on demand grows by itself: each shard that had to refuse records is split in the middle. AWS does so
 * within minutes, until a stream takes twice what it has taken so far.
 */
export async function growOnDemand(
  streams: Streams,
  stream: Stream,
  refused: readonly ShardRecord[],
): Promise<void> {
  const { settings, status } = stream.record;
  if (settings.mode !== 'ON_DEMAND' || status !== 'ACTIVE') return;
  const splits = refused
    .slice(0, MAX_SHARDS - stream.openShards.length)
    .map((shard) => ({ shard, at: (hashValue(shard.start) + hashValue(shard.end) + 1n) / 2n }))
    .filter(({ shard, at }) => at > hashValue(shard.start));
  if (splits.length === 0) return;
  try {
    await streams.begin(stream, 'UPDATING', (record) => {
      // Another change has begun since, which goes first.
      if (record.status !== 'ACTIVE') throw new AwsError('ResourceInUseException', record.status);
      return { shards: splits.map(({ shard, at }) => split(shard, at)) };
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}
