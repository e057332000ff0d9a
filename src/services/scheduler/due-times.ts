/** When a schedule is due. Source: EventBridge Scheduler user guide, "Schedule types". */
import type { Schedule } from '../../core/schedule/schedule-expression.ts';
import { parseSchedule } from '../../core/schedule/schedule-expression.ts';
import type { ScheduleSettings } from './schedule-record.ts';

export type Timing = Pick<ScheduleSettings, 'expression' | 'timezone' | 'startMs' | 'endMs' | 'state'>;

/** Recorded for " rate(10 minutes)" and "rate( 10 minutes )", which are refused. */
const STRAY_SPACE = /^\s|\s$|^rate\(\s|\s\)$/;
/** A rate's unit need not agree with its number here: the API reference has `minute | minutes | hour | …` for all. */
const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;

/** Throws `RangeError` for what is no expression of Scheduler's. */
export function scheduleOf({ expression, timezone }: Pick<Timing, 'expression' | 'timezone'>): Schedule {
  if (STRAY_SPACE.test(expression)) throw new RangeError(`there is a space too many in '${expression}'`);
  const agreed = expression.replace(RATE, (_, amount: string, unit: string) => {
    return `rate(${amount} ${unit}${Number(amount) === 1 ? '' : 's'})`;
  });
  return parseSchedule(agreed, timezone);
}

/** The first due time from `nowMs` on, of a schedule that was made or changed then. */
export function firstDueMs(timing: Timing, nowMs: number): number | undefined {
  return dueMs(timing, nowMs - 1, nowMs);
}

/** The due time that follows `previousMs`, at which it was due. */
export function nextDueMs(timing: Timing, previousMs: number): number | undefined {
  return dueMs(timing, previousMs, previousMs);
}

/** `originMs`: from where a rate counts when it has no start date, as then it begins at once. */
function dueMs(timing: Timing, afterMs: number, originMs: number): number | undefined {
  const { startMs, endMs, state } = timing;
  if (state === 'DISABLED') return undefined;
  const schedule = scheduleOf(timing);
  // A one-time schedule passes its start and end date over.
  if (schedule.kind === 'at') return schedule.next(afterMs, originMs);
  const fromMs = Math.max(afterMs, (startMs ?? 0) - 1);
  const countedMs = startMs ?? originMs;
  const isFirst = schedule.kind === 'rate' && countedMs > fromMs;
  const found = isFirst ? countedMs : schedule.next(fromMs, countedMs);
  return found === undefined || (endMs !== undefined && found >= endMs) ? undefined : found;
}

/**
 * What to go on with for a schedule that should have been due at `dueMs` and was not, as nothing ran then: the first due
 * time that is not older than `maxAgeMs`, for what is older AWS would have given up by now; else the one that was missed.
 */
export function missedDueMs(timing: Timing, dueMs: number, nowMs: number, maxAgeMs: number): number {
  if (nowMs - dueMs <= maxAgeMs) return dueMs;
  let candidate = nextDueMs(timing, dueMs);
  if (candidate !== undefined && nowMs - candidate > maxAgeMs) {
    const skipped = scheduleOf(timing).next(nowMs - maxAgeMs - 1, timing.startMs ?? dueMs);
    const isOver = skipped === undefined || (timing.endMs !== undefined && skipped >= timing.endMs);
    candidate = isOver ? undefined : skipped;
  }
  return candidate !== undefined && candidate <= nowMs ? candidate : dueMs;
}
