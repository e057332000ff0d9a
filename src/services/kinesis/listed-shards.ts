/** What ListShards lists: filters, pages and the tokens that lead from one to the next. */
import type { ListShardsInput, ShardFilter } from '@aws-sdk/client-kinesis';
import { AwsError } from '../../core/errors.ts';
import { invalidArgument } from './kinesis-errors.ts';
import type { Stream } from './stream.ts';
import type { ShardRecord, StreamAddress } from './stream-record.ts';
import { shardId } from './stream-record.ts';

/** Source: API reference of ListShards. */
const DEFAULT_PAGE = 1000;
const TOKEN_LIFE_MS = 300_000;

export interface ListToken extends StreamAddress {
  readonly afterId: string;
  readonly createdMs: number;
  readonly max: number;
  readonly filter: { readonly type: string; readonly id?: string; readonly timestampMs?: number } | undefined;
}

export interface ShardList {
  readonly page: readonly ShardRecord[];
  readonly nextToken?: string;
}

export function listShards(stream: Stream, input: ListShardsInput, nowMs: number): ShardList {
  const { ShardFilter: filter } = input;
  return page(stream, {
    accountId: stream.record.accountId,
    region: stream.record.region,
    name: stream.record.name,
    afterId: input.ExclusiveStartShardId ?? '',
    createdMs: nowMs,
    max: input.MaxResults ?? DEFAULT_PAGE,
    filter: filter && {
      type: filter.Type!,
      ...(filter.ShardId === undefined ? {} : { id: filter.ShardId }),
      ...(filter.Timestamp === undefined ? {} : { timestampMs: filter.Timestamp.getTime() }),
    },
  });
}

export function continueList(stream: Stream, token: ListToken, max: number | undefined, nowMs: number) {
  return page(stream, { ...token, max: max ?? token.max, createdMs: nowMs });
}

/** Throws `InvalidArgumentException`, `ExpiredNextTokenException`. */
export function parseToken(text: string, nowMs: number): ListToken {
  const token = decodeToken(text);
  if (token === undefined) throw invalidArgument('NextToken is invalid.');
  if (nowMs - token.createdMs > TOKEN_LIFE_MS) {
    throw new AwsError('ExpiredNextTokenException', 'NextToken has expired.');
  }
  return token;
}

/** What a filter lacks that its type needs. */
export function checkFilter(filter: ShardFilter | undefined): void {
  if (filter?.Type === 'AFTER_SHARD_ID' && filter.ShardId === undefined) {
    throw invalidArgument('ShardId must be provided for filter type AFTER_SHARD_ID.');
  }
  if (/^(?:AT|FROM)_TIMESTAMP$/.test(filter?.Type ?? '') && filter?.Timestamp === undefined) {
    throw invalidArgument(`Timestamp must be provided for filter type ${filter?.Type}.`);
  }
}

function page(stream: Stream, token: ListToken): ShardList {
  const rest = stream.shards.filter(
    (shard) => shardId(shard.index) > token.afterId && passes(stream, shard, token.filter),
  );
  const shards = rest.slice(0, token.max);
  const last = shards.at(-1);
  if (last === undefined || shards.length === rest.length) return { page: shards };
  const next: ListToken = { ...token, afterId: shardId(last.index) };
  return { page: shards, nextToken: Buffer.from(JSON.stringify(next)).toString('base64') };
}

/** Source: API reference of ShardFilter. */
function passes(stream: Stream, shard: ShardRecord, filter: ListToken['filter']): boolean {
  const { closedMs = Number.POSITIVE_INFINITY } = shard;
  const horizonMs = Math.max(stream.horizonMs, stream.record.createdMs);
  // A time before the horizon stands for that.
  const sinceMs = Math.max(filter?.timestampMs ?? 0, horizonMs);
  switch (filter?.type) {
    case 'AFTER_SHARD_ID':
      return shardId(shard.index) > filter.id!;
    case 'AT_TRIM_HORIZON':
      return isOpenAt(shard, horizonMs);
    case 'AT_LATEST':
      return shard.closedMs === undefined;
    case 'AT_TIMESTAMP':
      return isOpenAt(shard, sinceMs);
    case 'FROM_TIMESTAMP':
      return closedMs >= sinceMs;
    default:
      return true;
  }
}

/** The first shards of a stream are open from its creation on, which they follow. */
function isOpenAt({ createdMs, closedMs, parents }: ShardRecord, ms: number): boolean {
  return (parents.length === 0 || createdMs <= ms) && (closedMs === undefined || closedMs >= ms);
}

/** Undefined where `text` is none. */
export function decodeToken(text: string): ListToken | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64').toString()) as Partial<ListToken> | null;
    return typeof token?.afterId === 'string' && typeof token.createdMs === 'number'
      ? (token as ListToken)
      : undefined;
  } catch {
    return undefined;
  }
}
