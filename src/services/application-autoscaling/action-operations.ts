import type { PutScheduledActionRequest } from '@aws-sdk/client-application-auto-scaling';
import { parseSchedule } from '../../core/schedule/schedule-expression.ts';
import { nextOf } from './scaler.ts';
import type { ScalingContext, ScalingOperations } from './scaling-context.ts';
import { keyOf, pageOf, requireLambda } from './scaling-context.ts';
import { invalid, noSuchAction, noTargetFound } from './scaling-errors.ts';
import type { ScheduledAction } from './scaling-records.ts';

type Names = 'PutScheduledAction' | 'DeleteScheduledAction' | 'DescribeScheduledActions';

export function actionOperations({
  table,
  clock,
  ids,
}: ScalingContext): Required<Pick<ScalingOperations, Names>> {
  return {
    async PutScheduledAction(input, caller) {
      const key = keyOf('PutScheduledAction', input, caller);
      const { accountId, region, resourceId } = key;
      await table.change(key, (target) => {
        if (target === undefined) throw noTargetFound(key);
        const before = target.actions.find(({ name }) => name === input.ScheduledActionName);
        const action = merged(input, before, {
          name: input.ScheduledActionName!,
          arn: `arn:aws:autoscaling:${region}:${accountId}:scheduledAction:${ids.uuid()}:resource/lambda/${resourceId}:scheduledActionName/${input.ScheduledActionName}`,
          createdMs: clock.now(),
        });
        if (nextOf(action, clock.now()) === undefined)
          throw invalid('Scheduled action will never be triggered: its schedule has no time to come.');
        return { ...target, actions: [...target.actions.filter(({ name }) => name !== action.name), action] };
      });
      return {};
    },

    async DeleteScheduledAction(input, caller) {
      const key = keyOf('DeleteScheduledAction', input, caller);
      const { ScheduledActionName: name = '' } = input;
      await table.change(key, (target) => {
        if (target?.actions.some((action) => action.name === name) !== true) throw noSuchAction(name, key);
        return { ...target, actions: target.actions.filter((action) => action.name !== name) };
      });
      return {};
    },

    async DescribeScheduledActions(input, { accountId, region }) {
      requireLambda('DescribeScheduledActions', input.ServiceNamespace);
      const found = table
        .list(accountId, region, 'lambda')
        .filter(({ resourceId }) => input.ResourceId === undefined || input.ResourceId === resourceId)
        .flatMap(({ resourceId, actions }) => actions.map((action) => ({ resourceId, action })))
        .filter(
          ({ action }) =>
            input.ScheduledActionNames === undefined || input.ScheduledActionNames.includes(action.name),
        );
      const { page, next } = pageOf(found, input);
      return { ScheduledActions: page.map(({ resourceId, action }) => shown(resourceId, action)), ...next };
    },
  };
}

/** A change leaves as it is what it does not name. Throws where the whole makes no sense. */
function merged(
  input: PutScheduledActionRequest,
  before: ScheduledAction | undefined,
  fresh: Pick<ScheduledAction, 'name' | 'arn' | 'createdMs'>,
): ScheduledAction {
  const schedule = input.Schedule ?? before?.schedule;
  if (schedule === undefined) throw invalid('Schedule is required to create a new scheduled action');
  const timezone = input.Timezone ?? before?.timezone;
  try {
    parseSchedule(schedule, timezone);
  } catch (error) {
    throw invalid(`Schedule expression is not valid: ${(error as Error).message}.`);
  }
  const { MinCapacity, MaxCapacity } = input.ScalableTargetAction ?? {};
  const minCapacity = MinCapacity ?? before?.minCapacity;
  const maxCapacity = MaxCapacity ?? before?.maxCapacity;
  if (minCapacity === undefined && maxCapacity === undefined)
    throw invalid('Either min capacity or max capacity is required in the scalable target action');
  if (minCapacity !== undefined && maxCapacity !== undefined && minCapacity > maxCapacity)
    throw invalid('Maximum capacity cannot be less than minimum capacity');
  const startMs = input.StartTime?.getTime() ?? before?.startMs;
  const endMs = input.EndTime?.getTime() ?? before?.endMs;
  return {
    ...fresh,
    ...(before === undefined ? {} : { arn: before.arn, createdMs: before.createdMs }),
    schedule,
    ...(timezone === undefined ? {} : { timezone }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(minCapacity === undefined ? {} : { minCapacity }),
    ...(maxCapacity === undefined ? {} : { maxCapacity }),
  };
}

function shown(resourceId: string, action: ScheduledAction) {
  const { minCapacity, maxCapacity, timezone, startMs, endMs } = action;
  return {
    ScheduledActionName: action.name,
    ScheduledActionARN: action.arn,
    ServiceNamespace: 'lambda' as const,
    Schedule: action.schedule,
    ...(timezone === undefined ? {} : { Timezone: timezone }),
    ResourceId: resourceId,
    ScalableDimension: 'lambda:function:ProvisionedConcurrency' as const,
    ...(startMs === undefined ? {} : { StartTime: new Date(startMs) }),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
    ScalableTargetAction: {
      ...(minCapacity === undefined ? {} : { MinCapacity: minCapacity }),
      ...(maxCapacity === undefined ? {} : { MaxCapacity: maxCapacity }),
    },
    CreationTime: new Date(action.createdMs),
  };
}
