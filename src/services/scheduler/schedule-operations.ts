import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import type { RequestContext } from '../../ports/service.ts';
import { firstDueMs } from './due-times.ts';
import type { ScheduleKey, ScheduleRecord } from './schedule-record.ts';
import { scheduleArn } from './schedule-record.ts';
import { scheduleSettings } from './schedule-settings.ts';
import type { SchedulerContext, SchedulerOperations } from './scheduler-context.ts';
import { groupOf, page, tokenKey } from './scheduler-context.ts';
import { noSuchGroup, noSuchSchedule, scheduleExists } from './scheduler-errors.ts';
import type { ScheduleChange } from './schedules.ts';

type Names = 'CreateSchedule' | 'UpdateSchedule' | 'DeleteSchedule' | 'GetSchedule' | 'ListSchedules';

/** What two operations that change a schedule have in common. */
interface Changing {
  readonly Name: string | undefined;
  readonly GroupName?: string | undefined;
  readonly ClientToken?: string | undefined;
}

export function scheduleOperations(context: SchedulerContext): Required<Pick<SchedulerOperations, Names>> {
  const { schedules, clock, isCallable } = context;
  return {
    async CreateSchedule(input, caller) {
      const settings = scheduleSettings(input, clock.now(), isCallable);
      return change(context, 'CreateSchedule', input, caller, (key, current) => {
        if (current !== undefined) throw scheduleExists(key.name);
        const nowMs = clock.now();
        const nextMs = firstDueMs(settings, nowMs);
        return {
          ...key,
          ...settings,
          createdMs: nowMs,
          modifiedMs: nowMs,
          ...(nextMs === undefined ? {} : { nextMs }),
        };
      });
    },

    async UpdateSchedule(input, caller) {
      const settings = scheduleSettings(input, clock.now(), isCallable);
      return change(context, 'UpdateSchedule', input, caller, (key, current) => {
        if (current === undefined) throw noSuchSchedule(key.name);
        const nowMs = clock.now();
        const nextMs = firstDueMs(settings, nowMs);
        const { createdMs } = current;
        return {
          ...key,
          ...settings,
          createdMs,
          modifiedMs: nowMs,
          ...(nextMs === undefined ? {} : { nextMs }),
        };
      });
    },

    async DeleteSchedule(input, caller) {
      await change(context, 'DeleteSchedule', input, caller, (key, current) => {
        if (current === undefined) throw noSuchSchedule(key.name);
        return undefined;
      });
      return {};
    },

    async GetSchedule({ Name = '', GroupName }, caller) {
      const key = { ...groupOf(caller, GroupName), name: Name };
      if (schedules.findGroup(key) === undefined) throw noSuchGroup(key.group);
      const schedule = schedules.find(key);
      if (schedule === undefined) throw noSuchSchedule(Name);
      return described(schedule);
    },

    async ListSchedules(input, caller) {
      const { accountId, region } = caller;
      const { GroupName, NamePrefix = '', State } = input;
      if (GroupName !== undefined && schedules.findGroup(groupOf(caller, GroupName)) === undefined)
        throw noSuchGroup(GroupName);
      const found = schedules
        .list(accountId, region, GroupName)
        .filter(({ name, state }) => name.startsWith(NamePrefix) && (State ?? state) === state);
      const { shown, next } = page(found, scheduleArn, input);
      return { Schedules: shown.map(summarized), ...next };
    },
  };
}

/** Stores what becomes of the schedule that a request names; asked again with the same token, answers as before. */
async function change(
  { schedules, tokens }: SchedulerContext,
  operation: string,
  input: Changing,
  caller: RequestContext,
  decide: (key: ScheduleKey, current: ScheduleRecord | undefined) => ScheduleRecord | undefined,
): Promise<{ ScheduleArn: string }> {
  const key: ScheduleKey = { ...groupOf(caller, input.GroupName), name: input.Name ?? '' };
  const token = tokenKey(caller, operation, input.ClientToken);
  await schedules.change(key, (current): ScheduleChange => {
    if (token !== undefined && tokens.isRepeated(token, input)) return { schedule: current };
    if (schedules.findGroup(key) === undefined) throw noSuchGroup(key.group);
    const schedule = decide(key, current);
    return { schedule, token: token === undefined ? undefined : tokens.remembered(token, input) };
  });
  return { ScheduleArn: scheduleArn(key) };
}

function described(schedule: ScheduleRecord): GetScheduleOutput {
  const { windowMinutes, startMs, endMs, description } = schedule;
  return {
    Arn: scheduleArn(schedule),
    GroupName: schedule.group,
    Name: schedule.name,
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timezone,
    ...(description === undefined ? {} : { Description: description }),
    ...(startMs === undefined ? {} : { StartDate: new Date(startMs) }),
    ...(endMs === undefined ? {} : { EndDate: new Date(endMs) }),
    State: schedule.state,
    FlexibleTimeWindow:
      windowMinutes === undefined
        ? { Mode: 'OFF' }
        : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: windowMinutes },
    Target: schedule.target,
    ActionAfterCompletion: schedule.actionAfterCompletion,
    CreationDate: new Date(schedule.createdMs),
    LastModificationDate: new Date(schedule.modifiedMs),
  };
}

function summarized(schedule: ScheduleRecord) {
  return {
    Arn: scheduleArn(schedule),
    GroupName: schedule.group,
    Name: schedule.name,
    State: schedule.state,
    Target: { Arn: schedule.target.Arn },
    CreationDate: new Date(schedule.createdMs),
    LastModificationDate: new Date(schedule.modifiedMs),
  };
}
