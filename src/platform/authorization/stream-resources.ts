/** What calls of Kinesis are about. */
import { decodeToken } from '../../services/kinesis/listed-shards.ts';
import { decodeIterator } from '../../services/kinesis/shard-iterator.ts';
import { streamArn } from '../../services/kinesis/stream-record.ts';
import type { ResourceQuestion } from './resource-question.ts';

/** Members with a whole ARN; that of a consumer is what the call is about, where there is one. */
const ARN_MEMBERS = ['ConsumerARN', 'ResourceARN', 'StreamARN'];

/** The stream or consumer of a call, however it is named; `*` where it is about none. */
export function streamResource({ input, region, accountId }: ResourceQuestion): string {
  const { ShardIterator: iterator, NextToken: token, StreamName: name, StreamARN: arn } = input;
  // These say themselves what is read, whatever else is named.
  const read =
    (typeof iterator === 'string' ? decodeIterator(iterator) : undefined) ??
    (typeof token === 'string' && arn === undefined ? decodeToken(token) : undefined);
  if (read !== undefined) return streamArn(read);
  for (const member of ARN_MEMBERS) if (typeof input[member] === 'string') return input[member];
  return typeof name === 'string' ? streamArn({ accountId, region, name }) : '*';
}
