/** Places in shards, as text that is opaque to clients and good for five minutes. */
import { AwsError } from '../../core/errors.ts';
import { invalidArgument } from './kinesis-errors.ts';
import type { StreamAddress } from './stream-record.ts';

export interface ShardIterator extends StreamAddress {
  readonly shardIndex: number;
  /** The position after which to read. */
  readonly after: number;
  readonly createdMs: number;
}

/** Source: API reference of GetShardIterator. */
const LIFE_MS = 300_000;

export function encodeIterator(iterator: ShardIterator): string {
  const { accountId, region, name, shardIndex, after, createdMs } = iterator;
  return Buffer.from([accountId, region, name, shardIndex, after, createdMs].join('/')).toString('base64');
}

const ITERATOR = /^(\d{12})\/([a-z0-9-]+)\/([\w.-]{1,128})\/(\d{1,12})\/(\d{1,16})\/(\d{1,16})$/;

/** Undefined where `text` is none. */
export function decodeIterator(text: string): ShardIterator | undefined {
  const bytes = Buffer.from(text, 'base64');
  const match = bytes.toString('base64') === text ? ITERATOR.exec(bytes.toString('latin1')) : null;
  if (match === null) return undefined;
  const [, accountId, region, name, shardIndex, after, createdMs] = match;
  return {
    accountId: accountId!,
    region: region!,
    name: name!,
    shardIndex: Number(shardIndex),
    after: Number(after),
    createdMs: Number(createdMs),
  };
}

/** Throws `InvalidArgumentException`, `ExpiredIteratorException`. */
export function usableIterator(text: string, nowMs: number): ShardIterator {
  const iterator = decodeIterator(text);
  if (iterator === undefined || iterator.createdMs > nowMs) throw invalidArgument('Invalid ShardIterator.');
  if (nowMs - iterator.createdMs > LIFE_MS) {
    throw new AwsError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${utc(iterator.createdMs)} while right now it is ${utc(nowMs)} which is further in the future than the tolerated delay of ${LIFE_MS} milliseconds.`,
    );
  }
  return iterator;
}

/** `Thu Jan 22 01:22:02 UTC 2015` */
function utc(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return [weekday, month, day, time, 'UTC', year].join(' ');
}
