/** When a secret is rotated. Source: Secrets Manager user guide, "Rotation schedules". */
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import { parseSchedule } from '../../core/schedule/schedule-expression.ts';
import type { Rotation, RotationRules } from './secret-record.ts';
import { MS_PER_DAY } from './secret-record.ts';
import { invalidParameter } from './secrets-errors.ts';

/** A rate is no faster. */
const MIN_RATE_MS = 4 * 60 * 60 * 1_000;

/** Throws `InvalidParameterException` for rules by which nothing could be rotated. */
export function rulesOf(input: RotationRulesType): RotationRules {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression, Duration: duration } = input;
  if ((days === undefined) === (expression === undefined))
    throw invalidParameter(
      'You must specify either AutomaticallyAfterDays or ScheduleExpression, and not both.',
    );
  const rules = {
    ...(days === undefined ? {} : { automaticallyAfterDays: Number(days) }),
    ...(expression === undefined ? {} : { scheduleExpression: expression }),
    ...(duration === undefined ? {} : { duration }),
  };
  if (expression !== undefined) checkExpression(expression);
  return rules;
}

function checkExpression(expression: string): void {
  try {
    const schedule = parseSchedule(expression);
    const isTooFast = schedule.kind === 'rate' && schedule.next(0, 0)! < MIN_RATE_MS;
    if (schedule.kind !== 'at' && !isTooFast) return;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw invalidParameter(`The ScheduleExpression ${expression} is not valid.`);
}

/** Undefined where nothing is due any more. */
export function nextRotation(rules: RotationRules, nowMs: number): number | undefined {
  const { automaticallyAfterDays: days, scheduleExpression: expression } = rules;
  if (expression !== undefined) return parseSchedule(expression).next(nowMs, nowMs);
  return days === undefined ? undefined : nowMs + days * MS_PER_DAY;
}

/** What DescribeSecret and ListSecrets tell of it. */
export function describedRotation({ isEnabled, functionArn, rules, lastMs, nextMs }: Rotation) {
  const { automaticallyAfterDays: days, scheduleExpression: expression, duration } = rules;
  return {
    RotationEnabled: isEnabled,
    RotationLambdaARN: functionArn,
    RotationRules: {
      ...(days === undefined ? {} : { AutomaticallyAfterDays: days }),
      ...(expression === undefined ? {} : { ScheduleExpression: expression }),
      ...(duration === undefined ? {} : { Duration: duration }),
    },
    ...(lastMs === undefined ? {} : { LastRotatedDate: new Date(lastMs) }),
    ...(nextMs === undefined || !isEnabled ? {} : { NextRotationDate: new Date(nextMs) }),
  };
}
