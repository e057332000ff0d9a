import { hashValue } from './hash-key.ts';
import type { KinesisContext, KinesisOperations } from './kinesis-context.ts';
import { activeStreamOf, checkShardLimit, shardOf, streamOf } from './kinesis-context.ts';
import { checkActive, invalidArgument, limitExceeded, streamNotFound, validation } from './kinesis-errors.ts';
import { LIMIT_WINDOW_MS, MAX_SCALINGS } from './limits.ts';
import { checkFilter, continueList, listShards, parseToken } from './listed-shards.ts';
import { areAdjacent, merge, split, uniformScaling } from './resharding.ts';
import { describedShard } from './stream-description.ts';
import type { ShardRecord, StreamRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

type ShardOperations = 'ListShards' | 'SplitShard' | 'MergeShards' | 'UpdateShardCount';

export function shardOperations(kinesis: KinesisContext): Required<Pick<KinesisOperations, ShardOperations>> {
  const { streams, clock } = kinesis;
  return {
    async ListShards(input, caller) {
      const nowMs = clock.now();
      const { NextToken: token, MaxResults: max } = input;
      if (token !== undefined) {
        if (input.StreamName !== undefined) {
          throw invalidArgument('NextToken and StreamName cannot be provided together.');
        }
        const parsed = parseToken(token, nowMs);
        const stream = streams.find(parsed);
        if (stream === undefined) throw streamNotFound(parsed);
        return listAnswer(continueList(stream, parsed, max, nowMs));
      }
      checkFilter(input.ShardFilter);
      return listAnswer(listShards(streamOf(kinesis, input, caller), input, nowMs));
    },

    async SplitShard(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const shard = openShard(stream.record, shardOf(stream, input.ShardToSplit!));
      checkProvisioned(stream.record);
      checkShardLimit(kinesis, stream.record, 1);
      const at = BigInt(input.NewStartingHashKey!);
      checkSplit(stream.record, shard, at);
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { shards: [split(shard, at)] };
      });
      return {};
    },

    async MergeShards(input, caller) {
      const stream = activeStreamOf(kinesis, input, caller);
      const first = shardOf(stream, input.ShardToMerge!);
      const second = shardOf(stream, input.AdjacentShardToMerge!);
      checkProvisioned(stream.record);
      const isOpen = first.closedMs === undefined && second.closedMs === undefined;
      if (!isOpen || !areAdjacent(first, second)) {
        const { name, accountId } = stream.record;
        throw invalidArgument(
          `Shards ${shardId(first.index)} and ${shardId(second.index)} in stream ${name} under account ${accountId} are not an adjacent pair of shards eligible for merging`,
        );
      }
      await streams.begin(stream, 'UPDATING', (record) => {
        checkActive(record);
        return { shards: [merge(first, second)] };
      });
      return {};
    },

    async UpdateShardCount(input, caller) {
      const stream = streamOf(kinesis, input, caller);
      const target = input.TargetShardCount!;
      const current = stream.openShards.length;
      checkProvisioned(stream.record);
      checkActive(stream.record);
      checkTarget(current, target);
      checkShardLimit(kinesis, stream.record, target - current);
      const nowMs = clock.now();
      await streams.update(stream, (record) => {
        checkActive(record);
        const scaledMs = (record.scaledMs ?? []).filter((ms) => nowMs - ms < LIMIT_WINDOW_MS);
        if (scaledMs.length >= MAX_SCALINGS) {
          throw limitExceeded(
            `Stream ${record.name} under account ${record.accountId} has been scaled ${MAX_SCALINGS} times within 24 hours, which is the limit.`,
          );
        }
        const shards = uniformScaling(record.shards, target);
        return { ...streams.changing(record, 'UPDATING', { shards }), scaledMs: [...scaledMs, nowMs] };
      });
      return {
        StreamName: stream.record.name,
        CurrentShardCount: current,
        TargetShardCount: target,
        StreamARN: stream.arn,
      };
    },
  };
}

function listAnswer({ page, nextToken }: ReturnType<typeof listShards>) {
  return { Shards: page.map(describedShard), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}

/** On AWS the shards of a stream on demand are its own affair. */
function checkProvisioned({ settings, name, accountId }: StreamRecord): void {
  if (settings.mode === 'PROVISIONED') return;
  throw validation(`Request is invalid. Stream ${name} under account ${accountId} is in On-Demand mode.`);
}

function openShard({ name, accountId }: StreamRecord, shard: ShardRecord): ShardRecord {
  if (shard.closedMs === undefined) return shard;
  throw invalidArgument(
    `Shard ${shardId(shard.index)} in stream ${name} under account ${accountId} has already been merged or split, and thus is not eligible for merging or splitting.`,
  );
}

function checkSplit({ name, accountId }: StreamRecord, shard: ShardRecord, at: bigint): void {
  const [start, end] = [hashValue(shard.start), hashValue(shard.end)];
  if (at > start + 1n && at < end) return;
  throw invalidArgument(
    `NewStartingHashKey ${at} used in SplitShard() on shard ${shardId(shard.index)} in stream ${name} under account ${accountId} is not both greater than one plus the shard's StartingHashKey ${start} and less than the shard's EndingHashKey ${end}.`,
  );
}

/** Source: API reference of UpdateShardCount. */
function checkTarget(current: number, target: number): void {
  const counts = `Current open shard count: ${current} Target shard count: ${target}`;
  if (target > current * 2) {
    throw invalidArgument(
      `UpdateShardCount cannot scale up over double your current open shard count. ${counts}`,
    );
  }
  if (target < current / 2) {
    throw invalidArgument(
      `UpdateShardCount cannot scale down below half your current open shard count. ${counts}`,
    );
  }
}
