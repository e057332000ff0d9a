/** EventBridge Scheduler: schedules and what is due of them in the state store, targets called in the roles of schedules. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { CallAs, IsCallable } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { ClientTokens } from './client-tokens.ts';
import { groupOperations } from './group-operations.ts';
import { Invocations } from './invocations.ts';
import { scheduleOperations } from './schedule-operations.ts';
import type { SchedulerContext, SchedulerOperations } from './scheduler-context.ts';
import { Schedules } from './schedules.ts';
import { Timetable } from './timetable.ts';

export interface SchedulerDependencies {
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly callAs: CallAs;
  readonly isCallable: IsCallable;
}

export interface Scheduler {
  readonly service: Service & { readonly operations: SchedulerOperations };
  /** To be called when targets can be called: what was missed while no server ran is made up for. */
  begin(): void;
  /** Ends what is under way; the stores stay open. */
  close(): Promise<void>;
}

export async function openScheduler(dependencies: SchedulerDependencies): Promise<Scheduler> {
  const { state, clock, isCallable } = dependencies;
  const [schedules, tokens] = await Promise.all([
    Schedules.open(state, clock),
    ClientTokens.open(state, clock),
  ]);
  const timetable = new Timetable({ ...dependencies, schedules });
  const invocations = new Invocations({ ...dependencies, schedules });
  const context: SchedulerContext = { schedules, tokens, clock, isCallable };
  const operations: SchedulerOperations = { ...scheduleOperations(context), ...groupOperations(context) };
  return {
    service: { name: 'scheduler', operations: operations as Service['operations'] & SchedulerOperations },
    begin: () =>
      schedules.follow({
        schedule: (key, schedule) => timetable.follow(key, schedule),
        invocation: (executionId, invocation) => invocations.follow(executionId, invocation),
      }),
    async close() {
      await timetable.close();
      await invocations.close();
    },
  };
}
