/** Waits for the due times of schedules, and makes each of them one invocation, in the same commit as the next due time. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { Ids } from '../../core/ids.ts';
import { missedDueMs, nextDueMs } from './due-times.ts';
import type { InvocationRecord, ScheduleKey, ScheduleRecord } from './schedule-record.ts';
import { scheduleKeyText } from './schedule-record.ts';
import type { ScheduleChange, Schedules } from './schedules.ts';
import { retryPolicyOf } from './target-settings.ts';

const MS_PER_MINUTE = 60_000;
/** As long as the ids in the examples of the user guide, bytes. */
const EXECUTION_ID_BYTES = 8;

export interface TimetableDependencies {
  readonly schedules: Schedules;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export class Timetable {
  private readonly deps: TimetableDependencies;
  private readonly timers = new Map<string, Timer>();
  private readonly work: ClockedWork;
  private isClosed = false;

  constructor(deps: TimetableDependencies) {
    this.deps = deps;
    this.work = new ClockedWork(deps.clock);
  }

  /** What is known of a schedule has changed; undefined: it is gone. */
  follow(key: ScheduleKey, schedule: ScheduleRecord | undefined): void {
    const text = scheduleKeyText(key);
    this.timers.get(text)?.cancel();
    this.timers.delete(text);
    if (schedule?.nextMs === undefined || this.isClosed) return;
    const timer = this.deps.clock.at(schedule.nextMs, () => {
      this.timers.delete(text);
      return this.work.run(() => this.becomeDue(schedule));
    });
    this.timers.set(text, timer);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  private async becomeDue(key: ScheduleKey): Promise<void> {
    if (this.isClosed || this.deps.schedules.find(key) === undefined) return;
    await this.deps.schedules.change(key, (schedule) => this.dueChange(schedule));
  }

  private dueChange(schedule: ScheduleRecord | undefined): ScheduleChange {
    const nowMs = this.deps.clock.now();
    // It may have been changed or deleted meanwhile.
    if (schedule?.nextMs === undefined || schedule.nextMs > nowMs) return { schedule };
    const { nextMs: missedMs, ...rest } = schedule;
    const scheduledMs = missedDueMs(schedule, missedMs, nowMs, retryPolicyOf(schedule.target).maxAgeMs);
    const nextMs = nextDueMs(schedule, scheduledMs);
    return {
      schedule: nextMs === undefined ? rest : { ...rest, nextMs },
      invocation: this.invocationAt(schedule, scheduledMs),
    };
  }

  /** At some moment of the flexible window, where there is one. */
  private invocationAt(schedule: ScheduleRecord, scheduledMs: number): InvocationRecord {
    const { ids } = this.deps;
    const { accountId, region, group, name, windowMinutes = 0, target } = schedule;
    const delayMs = Math.floor(ids.random() * windowMinutes * MS_PER_MINUTE);
    return {
      executionId: ids.hex(EXECUTION_ID_BYTES),
      schedule: { accountId, region, group, name },
      target,
      scheduledMs,
      dueMs: scheduledMs + delayMs,
      failures: 0,
    };
  }
}
