import type { ItemRows } from '../../../ports/item-store.ts';
import type { EngineReplies, EngineRequest, StreamRecordReply } from './requests.ts';

/** Source: API reference of GetRecords of DynamoDB Streams: "up to 1 MB of data". */
const MAX_READ_BYTES = 1024 * 1024;

/** Up to so many records of a shard; the one that reaches a megabyte is the last. */
export function readRecords(
  rows: ItemRows,
  { stream, shardId, after, sinceMs, limit }: Extract<EngineRequest, { readonly ask: 'records' }>,
): EngineReplies['records'] {
  const shard = rows.shards(stream).find((found) => found.shardId === shardId);
  if (shard === undefined) return undefined;
  const records: StreamRecordReply[] = [];
  let sizeBytes = 0;
  for (const record of rows.records(stream, shardId, after, sinceMs)) {
    if (records.length >= limit || sizeBytes >= MAX_READ_BYTES) return { records, isEnd: false };
    records.push(record);
    sizeBytes += Buffer.byteLength(record.record);
  }
  return { records, isEnd: shard.last !== null };
}
