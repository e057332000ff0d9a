import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { Consumers } from './consumers.ts';
import { invalidArgument, limitExceeded, shardNotFound, streamNotFound } from './kinesis-errors.ts';
import { ON_DEMAND_LIMIT, SHARD_LIMIT } from './limits.ts';
import type { Retention } from './retention.ts';
import type { ShardLog } from './shard-log.ts';
import type { ShardMetrics } from './shard-metrics.ts';
import type { Stream } from './stream.ts';
import type { StreamCipher } from './stream-cipher.ts';
import type { ShardRecord, StreamAddress } from './stream-record.ts';
import { shardIndex } from './stream-record.ts';
import type { Streams } from './streams.ts';

/** What the operations share. */
export interface KinesisContext {
  readonly streams: Streams;
  readonly log: ShardLog;
  readonly consumers: Consumers;
  readonly retention: Retention;
  readonly metrics: ShardMetrics;
  readonly cipher: StreamCipher;
  readonly ids: Ids;
  readonly clock: Clock;
}

type Scope = Pick<StreamAddress, 'accountId' | 'region'>;

export type KinesisOperations = Operations<typeof import('@aws-sdk/client-kinesis')>;

interface NamesStream {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
}

/** The stream a call is for, whatever its state. Throws `InvalidArgumentException`, `ResourceNotFoundException`. */
export function streamOf({ streams }: KinesisContext, input: NamesStream, caller: RequestContext): Stream {
  const address = addressOf(input, caller);
  const stream = streams.find(address);
  if (stream === undefined) throw streamNotFound(address);
  return stream;
}

/** One that can be written to and read: another is not found either. */
export function activeStreamOf(kinesis: KinesisContext, input: NamesStream, caller: RequestContext): Stream {
  const stream = streamOf(kinesis, input, caller);
  if (!stream.isThere) throw streamNotFound(stream.record);
  return stream;
}

/** Throws `ResourceNotFoundException`, for shards too that are too old to hold a record. */
export function shardOf(stream: Stream, id: string): ShardRecord {
  const shard = stream.shard(shardIndex(id));
  if (shard === undefined) throw shardNotFound(id, stream.record);
  return shard;
}

/** Open shards of the provisioned streams of an account in a region, to which the limit is. */
export function openShardCount({ streams }: KinesisContext, scope: Scope): number {
  return streams
    .list(scope)
    .filter(({ record }) => record.settings.mode === 'PROVISIONED')
    .reduce((sum, stream) => sum + stream.openShards.length, 0);
}

export function checkShardLimit(kinesis: KinesisContext, scope: Scope, additional: number): void {
  const current = openShardCount(kinesis, scope);
  if (current + additional <= SHARD_LIMIT) return;
  throw limitExceeded(
    `This request would exceed the shard limit for the account ${scope.accountId} in ${scope.region}. Current shard count for the account: ${current}. Limit: ${SHARD_LIMIT}. Number of additional shards that would have resulted from this request: ${additional}. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.`,
  );
}

export function onDemandCount({ streams }: KinesisContext, scope: Scope): number {
  return streams.list(scope).filter(({ record }) => record.settings.mode === 'ON_DEMAND').length;
}

export function checkOnDemandLimit(kinesis: KinesisContext, scope: Scope): void {
  if (onDemandCount(kinesis, scope) < ON_DEMAND_LIMIT) return;
  throw limitExceeded(
    `This request would exceed the on-demand stream limit of ${ON_DEMAND_LIMIT} for the account ${scope.accountId} in ${scope.region}.`,
  );
}

export function addressOf({ StreamARN: arn, StreamName: name }: NamesStream, caller: RequestContext) {
  const address = arn === undefined ? undefined : addressOfArn(arn);
  if (arn === undefined && name === undefined) {
    throw invalidArgument('Either StreamName or StreamARN must be specified.');
  }
  if (arn !== undefined && address === undefined) throw invalidArgument(`Invalid StreamARN: ${arn}`);
  if (address !== undefined && name !== undefined && address.name !== name) {
    throw invalidArgument('StreamName does not match the stream in StreamARN.');
  }
  return address ?? { accountId: caller.accountId, region: caller.region, name: name! };
}

/** Of a stream's ARN, or of one of its consumers'. */
export function addressOfArn(text: string): StreamAddress | undefined {
  const arn = parseArn(text);
  const name = arn?.service === 'kinesis' ? /^stream\/([^/]+)/.exec(arn.resource)?.[1] : undefined;
  return name === undefined ? undefined : { accountId: arn!.accountId, region: arn!.region, name };
}
