import { parseArn } from '../../core/arn.ts';
import type { Clock } from '../../core/clock.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { Consumers } from './consumers.ts';
import { invalidArgument, streamNotFound } from './kinesis-errors.ts';
import type { Retention } from './retention.ts';
import type { ShardLog } from './shard-log.ts';
import type { Stream } from './stream.ts';
import type { StreamAddress } from './stream-record.ts';
import type { Streams } from './streams.ts';

/** What the operations share. */
export interface KinesisContext {
  readonly streams: Streams;
  readonly log: ShardLog;
  readonly consumers: Consumers;
  readonly retention: Retention;
  readonly clock: Clock;
}

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
