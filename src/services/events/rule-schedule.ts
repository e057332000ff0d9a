/** When rules with schedules are due. Source: user guide, "Creating a rule that runs on a schedule": UTC, no `at(…)`. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { Ids } from '../../core/ids.ts';
import type { Schedule } from '../../core/schedule/schedule-expression.ts';
import { parseSchedule } from '../../core/schedule/schedule-expression.ts';
import type { Log } from '../../ports/log.ts';
import type { Deliveries } from './deliveries.ts';
import type { BridgeEvent } from './event.ts';
import { eventTime } from './event.ts';
import type { RuleRecord } from './rule-record.ts';
import { ruleArn } from './rule-record.ts';
import type { Rules } from './rules.ts';

/** Where a disk has refused, it is asked again this much later. */
const STORE_AGAIN_MS = 1_000;

/** Undefined for what rules do not take. */
export function parsedSchedule(expression: string): Schedule | undefined {
  try {
    const schedule = parseSchedule(expression);
    return schedule.kind === 'at' ? undefined : schedule;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The first due time after `afterMs`; undefined where there is none. */
export function firstDueMs(rule: Omit<RuleRecord, 'nextMs'>, afterMs: number): number | undefined {
  if (rule.schedule === undefined || rule.state !== 'ENABLED') return undefined;
  return parsedSchedule(rule.schedule)?.next(afterMs, rule.scheduledSinceMs ?? afterMs);
}

export interface RuleSchedulesDependencies {
  readonly rules: Rules;
  readonly deliveries: Deliveries;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

/** Sends the events of rules that are due to their targets. A due time that was missed while no server ran is made up for once. */
export class RuleSchedules {
  private readonly deps: RuleSchedulesDependencies;
  private readonly timers = new Map<string, Timer>();
  private readonly work: ClockedWork;
  private isClosed = false;

  constructor(deps: RuleSchedulesDependencies) {
    this.deps = deps;
    this.work = new ClockedWork(deps.clock);
  }

  begin(): void {
    this.deps.rules.listen((key, rule) => {
      this.timers.get(key)?.cancel();
      this.timers.delete(key);
      if (rule?.nextMs !== undefined) this.wait(key, rule, rule.nextMs);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  private wait(key: string, rule: RuleRecord, dueMs: number): void {
    if (this.isClosed) return;
    const timer = this.deps.clock.at(dueMs, () => {
      this.timers.delete(key);
      return this.work.run(() => this.becomeDue(key, rule));
    });
    this.timers.set(key, timer);
  }

  private async becomeDue(key: string, { bus, name }: RuleRecord): Promise<void> {
    const { rules, deliveries, clock, log } = this.deps;
    const rule = rules.find(bus, name);
    if (this.isClosed || rule?.nextMs === undefined || rule.nextMs > clock.now()) return;
    try {
      const event = this.scheduledEvent(rule, rule.nextMs);
      // Before the next due time is stored: a crash in between repeats the event and does not lose it.
      await Promise.all(rule.targets.map((target) => deliveries.send(rule, target, event)));
      await rules.update(rule, ({ nextMs: _, ...known }) => {
        const nextMs = firstDueMs(known, clock.now());
        return nextMs === undefined ? known : { ...known, nextMs };
      });
    } catch (error) {
      if (rules.find(bus, name) === undefined) return;
      log.error({ rule: ruleArn(rule), error: String(error) }, 'A due time of a rule could not be stored.');
      this.wait(key, rule, clock.now() + STORE_AGAIN_MS);
    }
  }

  private scheduledEvent(rule: RuleRecord, dueMs: number): BridgeEvent {
    return {
      version: '0',
      id: this.deps.ids.uuid(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: rule.bus.accountId,
      time: eventTime(dueMs),
      region: rule.bus.region,
      resources: [ruleArn(rule)],
      detail: {},
    };
  }
}
