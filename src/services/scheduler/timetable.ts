/** Waits for the due times of schedules, and makes each of them one invocation, in the same commit as the next due time. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import { missedDueMs, nextDueMs } from './due-times.ts';
import type { InvocationRecord, ScheduleKey, ScheduleRecord } from './schedule-record.ts';
import type { ScheduleChange, Schedules } from './schedules.ts';
import { retryPolicyOf } from './target-settings.ts';

const MS_PER_MINUTE = 60_000;
/** As long as the ids in the examples of the user guide, bytes. */
const EXECUTION_ID_BYTES = 8;
/** Where a disk has refused, it is asked again this much later. */
const STORE_AGAIN_MS = 1_000;

export interface TimetableDependencies {
  readonly schedules: Schedules;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
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
  follow(text: string, schedule: ScheduleRecord | undefined): void {
    this.timers.get(text)?.cancel();
    this.timers.delete(text);
    if (schedule?.nextMs !== undefined) this.wait(text, schedule, schedule.nextMs);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  private wait(text: string, key: ScheduleKey, dueMs: number): void {
    if (this.isClosed) return;
    const timer = this.deps.clock.at(dueMs, () => {
      this.timers.delete(text);
      return this.work.run(() => this.becomeDue(text, key));
    });
    this.timers.set(text, timer);
  }

  private async becomeDue(text: string, key: ScheduleKey): Promise<void> {
    const { schedules, clock, log } = this.deps;
    if (this.isClosed || schedules.find(key) === undefined) return;
    try {
      await schedules.change(key, (schedule) => this.dueChange(schedule));
    } catch (error) {
      log.error({ schedule: text, error: String(error) }, 'A due time of a schedule could not be stored.');
      this.wait(text, key, clock.now() + STORE_AGAIN_MS);
    }
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
    const beginMs = scheduledMs + Math.floor(ids.random() * windowMinutes * MS_PER_MINUTE);
    return {
      executionId: ids.hex(EXECUTION_ID_BYTES),
      schedule: { accountId, region, group, name },
      target,
      scheduledMs,
      beginMs,
      dueMs: beginMs,
      failures: 0,
    };
  }
}
