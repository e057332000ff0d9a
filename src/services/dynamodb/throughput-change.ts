import type { ProvisionedThroughput } from '@aws-sdk/client-dynamodb';
import { limitExceeded } from './dynamodb-errors.ts';
import { validationError } from './engine/item-checks.ts';
import type { Throughput } from './table-record.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Source: "Quotas in Amazon DynamoDB": four decreases at first, and one more for each hour without one. */
const FREE_DECREASES = 4;

export function newThroughput(given: ProvisionedThroughput | undefined): Throughput {
  return { read: given?.ReadCapacityUnits ?? 0, write: given?.WriteCapacityUnits ?? 0 };
}

/** Throws where nothing changes, or where it was lowered too often. */
export function changedThroughput(
  before: Throughput,
  given: ProvisionedThroughput,
  nowMs: number,
): Throughput {
  const after = newThroughput(given);
  if (before.read === after.read && before.write === after.write) {
    throw validationError(
      'The provisioned throughput for the table will not change. The requested value equals the current value. ' +
        `Current ReadCapacityUnits provisioned for the table: ${before.read}. Requested ReadCapacityUnits: ${after.read}. ` +
        `Current WriteCapacityUnits provisioned for the table: ${before.write}. Requested WriteCapacityUnits: ${after.write}. ` +
        'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
    );
  }
  const isIncrease = after.read > before.read || after.write > before.write;
  const isDecrease = after.read < before.read || after.write < before.write;
  const { increasedMs = 0, decreasesMs = [] } = before;
  const today = decreasesMs.filter((atMs) => Math.floor(atMs / DAY_MS) === Math.floor(nowMs / DAY_MS));
  if (isDecrease && today.length >= FREE_DECREASES && today.at(-1)! + HOUR_MS > nowMs) {
    throw limitExceeded(
      `Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first ${FREE_DECREASES} decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: ${today.length}. Last decrease at ${new Date(today.at(-1)!).toISOString()}. Next decrease can be made at ${new Date(today.at(-1)! + HOUR_MS).toISOString()}`,
    );
  }
  const increased = isIncrease ? nowMs : increasedMs;
  return {
    ...after,
    ...(increased === 0 ? {} : { increasedMs: increased }),
    decreasesMs: isDecrease ? [...today, nowMs] : decreasesMs,
  };
}
