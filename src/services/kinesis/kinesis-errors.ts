/** The errors of Kinesis Data Streams, in its words, as its clients and emulators made after it quote them. */
import { AwsError } from '../../core/errors.ts';
import type { StreamAddress, StreamRecord } from './stream-record.ts';

export function streamNotFound({ name, accountId }: StreamAddress): AwsError {
  return notFound(`Stream ${name} under account ${accountId} not found.`);
}

export function shardNotFound(shardId: string, { name, accountId }: StreamAddress): AwsError {
  return notFound(`Could not find shard ${shardId} in stream ${name} under account ${accountId}.`);
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

export function inUse(message: string): AwsError {
  return new AwsError('ResourceInUseException', message);
}

export function invalidArgument(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}

export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

export function rateExceeded(shardId: string, stream: StreamAddress): AwsError {
  return new AwsError('ProvisionedThroughputExceededException', rateMessage(shardId, stream));
}

export function rateMessage(shardId: string, { name, accountId }: StreamAddress): string {
  return `Rate exceeded for shard ${shardId} in stream ${name} under account ${accountId}.`;
}

/** A stream that is changing takes no other change. */
export function checkActive({ name, accountId, status }: StreamRecord): void {
  if (status === 'ACTIVE') return;
  throw inUse(`Stream ${name} under account ${accountId} not ACTIVE, instead in state ${status}`);
}
