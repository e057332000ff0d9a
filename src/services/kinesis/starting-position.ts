/** Where reading begins: the five types of iterators and of subscriptions. */
import { invalidArgument } from './kinesis-errors.ts';
import { parseSequenceNumber } from './sequence-number.ts';
import type { ShardLog } from './shard-log.ts';
import type { Stream } from './stream.ts';
import type { ShardRecord } from './stream-record.ts';
import { shardId } from './stream-record.ts';

export interface StartingPosition {
  readonly type: string;
  readonly sequenceNumber?: string | undefined;
  readonly timestamp?: Date | undefined;
}

export interface PositionQuestion {
  readonly log: ShardLog;
  readonly stream: Stream;
  readonly shard: ShardRecord;
  readonly nowMs: number;
  /** The operation, for its errors. */
  readonly operation: string;
}

/** The position after which to read. Throws `InvalidArgumentException`. */
export async function positionAfter(question: PositionQuestion, start: StartingPosition): Promise<number> {
  const { log, stream, shard } = question;
  const { type, sequenceNumber } = start;
  const isBySequence = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER';
  if (isBySequence !== (sequenceNumber !== undefined)) throw mismatch(type, sequenceNumber !== undefined);
  if (sequenceNumber !== undefined) {
    const position = positionOf(question, sequenceNumber);
    return type === 'AT_SEQUENCE_NUMBER' ? Math.max(0, position - 1) : position;
  }
  const name = stream.logName(shard.index);
  if (type === 'TRIM_HORIZON') return 0;
  if (type === 'LATEST') return log.end(name);
  return log.positionBefore(name, timestampOf(question, start));
}

function positionOf({ stream, shard, operation }: PositionQuestion, number: string): number {
  const { name, accountId } = stream.record;
  const id = shardId(shard.index);
  // AWS takes 0 as the place before all there is.
  if (number === '0') return 0;
  const parts = parseSequenceNumber(number);
  const refusal = `StartingSequenceNumber ${number} used in ${operation} on shard ${id} in stream ${name} under account ${accountId} is invalid`;
  if (parts === undefined) throw invalidArgument(`${refusal}.`);
  if (parts.shardIndex !== shard.index) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardId(parts.shardIndex)}, while it was used in a call to a shard with ${id}`,
    );
  }
  if (Math.floor(parts.shardCreatedMs / 1000) !== Math.floor(shard.createdMs / 1000)) {
    throw invalidArgument(`${refusal} because it did not come from this stream.`);
  }
  return parts.position;
}

function timestampOf({ nowMs }: PositionQuestion, { timestamp }: StartingPosition): number {
  const timestampMs = timestamp?.getTime();
  if (timestampMs === undefined) {
    throw invalidArgument('Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP');
  }
  if (timestampMs > nowMs) {
    throw invalidArgument(
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${nowMs}`,
    );
  }
  return timestampMs;
}

function mismatch(type: string, hasNumber: boolean): Error {
  const also = hasNumber ? 'also a' : 'no';
  return invalidArgument(
    `Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${also} StartingSequenceNumber.`,
  );
}
