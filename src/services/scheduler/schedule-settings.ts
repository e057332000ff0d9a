/** From what a caller says of a schedule to what is stored: every check of CreateSchedule and UpdateSchedule. */
import type { CreateScheduleInput } from '@aws-sdk/client-scheduler';
import type { Schedule } from '../../core/schedule/schedule-expression.ts';
import { isTimeZone } from '../../core/schedule/zoned-time.ts';
import type { IsCallable } from '../../ports/call.ts';
import { scheduleOf } from './due-times.ts';
import type { ScheduleSettings } from './schedule-record.ts';
import { invalid, invalidExpression, notImplemented } from './scheduler-errors.ts';
import { checkedTarget } from './target-settings.ts';

/** Source: what users quote of AWS's refusal. */
const START_MAY_BE_PAST_MS = 5 * 60 * 1_000;

type Given = Omit<CreateScheduleInput, 'Name' | 'GroupName' | 'ClientToken'>;

/** Throws `ValidationException`, `NotImplemented`. */
export function scheduleSettings(input: Given, nowMs: number, isCallable: IsCallable): ScheduleSettings {
  if (input.KmsKeyArn !== undefined) throw notImplemented('encryption of schedules by KmsKeyArn');
  const { ScheduleExpression: expression = '', ScheduleExpressionTimezone: timezone = 'UTC' } = input;
  if (!isTimeZone(timezone)) throw invalid(`Invalid Schedule Expression Timezone ${timezone}.`);
  const isOneTime = checkedKind(expression, timezone, nowMs) === 'at';
  return {
    ...(input.Description === undefined ? {} : { description: input.Description }),
    expression,
    timezone,
    ...limits(input, isOneTime, nowMs),
    state: input.State ?? 'ENABLED',
    ...flexibleWindow(input.FlexibleTimeWindow),
    target: checkedTarget(input.Target!, isCallable),
    actionAfterCompletion: input.ActionAfterCompletion ?? 'NONE',
  };
}

/** That a time which has passed is refused is known from DefangLabs/pulumi-defang#425; in which words is not. */
function checkedKind(expression: string, timezone: string, nowMs: number): Schedule['kind'] {
  try {
    const schedule = scheduleOf({ expression, timezone });
    const isOver = schedule.kind === 'at' && schedule.next(nowMs - 1, nowMs) === undefined;
    if (isOver) throw new RangeError(`${expression} is over`);
    return schedule.kind;
  } catch (error) {
    if (error instanceof RangeError) throw invalidExpression(expression);
    throw error;
  }
}

/** A one-time schedule passes its dates over, so they are not held against anything. */
function limits({ StartDate, EndDate }: Given, isOneTime: boolean, nowMs: number) {
  const [startMs, endMs] = [StartDate?.getTime(), EndDate?.getTime()];
  if (!isOneTime && startMs !== undefined && startMs < nowMs - START_MAY_BE_PAST_MS)
    throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.');
  if (!isOneTime && endMs !== undefined && endMs <= (startMs ?? nowMs))
    throw invalid('The EndDate you specify must come after the StartDate and be in the future.');
  return {
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
  };
}

function flexibleWindow(window: Given['FlexibleTimeWindow']): { readonly windowMinutes?: number } {
  const { Mode, MaximumWindowInMinutes: minutes } = window!;
  if (Mode === 'FLEXIBLE') {
    if (minutes === undefined)
      throw invalid('MaximumWindowInMinutes is required where the mode is FLEXIBLE.');
    return { windowMinutes: minutes };
  }
  if (minutes !== undefined) throw invalid('MaximumWindowInMinutes does not apply where the mode is OFF.');
  return {};
}
