import type { ScalableTarget as ShownTarget } from '@aws-sdk/client-application-auto-scaling';
import { AwsError } from '../../core/errors.ts';
import type { ScalingContext, ScalingOperations } from './scaling-context.ts';
import { keyOf, pageOf, requireLambda } from './scaling-context.ts';
import { invalid, noTargetFound } from './scaling-errors.ts';
import type { ScalableTarget, SuspendedState } from './scaling-records.ts';

type Names =
  | 'RegisterScalableTarget'
  | 'DeregisterScalableTarget'
  | 'DescribeScalableTargets'
  | 'DescribeScalingActivities'
  | 'TagResource'
  | 'UntagResource'
  | 'ListTagsForResource';

/** Tags a target may have. */
const MAX_TAGS = 50;

const NOTHING_SUSPENDED: SuspendedState = { dynamicIn: false, dynamicOut: false, scheduled: false };

export function targetOperations({
  table,
  clock,
  ids,
}: ScalingContext): Required<Pick<ScalingOperations, Names>> {
  const tagged = (arn: string | undefined): ScalableTarget => {
    const target = table.byArn(arn ?? '');
    if (target === undefined)
      throw new AwsError('ResourceNotFoundException', `No scalable target found for ${arn}`, {
        ResourceName: arn,
      });
    return target;
  };
  return {
    async RegisterScalableTarget(input, caller) {
      const key = keyOf('RegisterScalableTarget', input, caller);
      const { accountId, region } = key;
      const target = await table.change(key, (before) => {
        const minCapacity = input.MinCapacity ?? before?.minCapacity;
        const maxCapacity = input.MaxCapacity ?? before?.maxCapacity;
        if (minCapacity === undefined || maxCapacity === undefined)
          throw invalid('Min capacity and max capacity are required to register a new scalable target');
        if (minCapacity > maxCapacity) throw invalid('Maximum capacity cannot be less than minimum capacity');
        const suspended = suspendedOf(input.SuspendedState, before?.suspended ?? NOTHING_SUSPENDED);
        if (before !== undefined) return { ...before, minCapacity, maxCapacity, suspended };
        return {
          ...key,
          arn: `arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/${ids.hex(17)}`,
          minCapacity,
          maxCapacity,
          roleArn: `arn:aws:iam::${accountId}:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency`,
          suspended,
          createdMs: clock.now(),
          tags: { ...input.Tags },
          actions: [],
          policies: [],
          activities: [],
        };
      });
      return { ScalableTargetARN: target.arn };
    },

    async DeregisterScalableTarget(input, caller) {
      const key = keyOf('DeregisterScalableTarget', input, caller);
      await table.change(key, (target) => {
        if (target === undefined) throw noTargetFound(key);
        return undefined;
      });
      return {};
    },

    async DescribeScalableTargets(input, { accountId, region }) {
      requireLambda('DescribeScalableTargets', input.ServiceNamespace);
      const found = table
        .list(accountId, region, 'lambda')
        .filter(
          ({ resourceId }) => input.ResourceIds === undefined || input.ResourceIds.includes(resourceId),
        );
      const { page, next } = pageOf(found, input);
      return { ScalableTargets: page.map(shown), ...next };
    },

    async DescribeScalingActivities(input, { accountId, region }) {
      requireLambda('DescribeScalingActivities', input.ServiceNamespace);
      const found = table
        .list(accountId, region, 'lambda')
        .filter(({ resourceId }) => input.ResourceId === undefined || input.ResourceId === resourceId)
        .flatMap(({ resourceId, activities }) => activities.map((activity) => ({ resourceId, activity })))
        .sort((a, b) => b.activity.startMs - a.activity.startMs);
      const { page, next } = pageOf(found, input);
      return {
        ScalingActivities: page.map(({ resourceId, activity }) => ({
          ActivityId: activity.activityId,
          ServiceNamespace: 'lambda',
          ResourceId: resourceId,
          ScalableDimension: 'lambda:function:ProvisionedConcurrency',
          Description: activity.description,
          Cause: activity.cause,
          StartTime: new Date(activity.startMs),
          EndTime: new Date(activity.endMs),
          StatusCode: activity.status,
          StatusMessage: activity.message,
        })),
        ...next,
      };
    },

    async TagResource(input) {
      await table.update(tagged(input.ResourceARN), (target) => {
        const tags = { ...target.tags, ...input.Tags };
        if (Object.keys(tags).length > MAX_TAGS)
          throw new AwsError('TooManyTagsException', `A resource can have at most ${MAX_TAGS} tags`, {
            ResourceName: target.arn,
          });
        return { ...target, tags };
      });
      return {};
    },

    async UntagResource(input) {
      await table.update(tagged(input.ResourceARN), (target) => ({
        ...target,
        tags: Object.fromEntries(
          Object.entries(target.tags).filter(([name]) => !input.TagKeys!.includes(name)),
        ),
      }));
      return {};
    },

    async ListTagsForResource(input) {
      return { Tags: { ...tagged(input.ResourceARN).tags } };
    },
  };
}

function suspendedOf(
  wanted:
    | {
        DynamicScalingInSuspended?: boolean | undefined;
        DynamicScalingOutSuspended?: boolean | undefined;
        ScheduledScalingSuspended?: boolean | undefined;
      }
    | undefined,
  before: SuspendedState,
): SuspendedState {
  return {
    dynamicIn: wanted?.DynamicScalingInSuspended ?? before.dynamicIn,
    dynamicOut: wanted?.DynamicScalingOutSuspended ?? before.dynamicOut,
    scheduled: wanted?.ScheduledScalingSuspended ?? before.scheduled,
  };
}

function shown(target: ScalableTarget): ShownTarget {
  const { suspended } = target;
  return {
    ServiceNamespace: 'lambda',
    ResourceId: target.resourceId,
    ScalableDimension: 'lambda:function:ProvisionedConcurrency',
    MinCapacity: target.minCapacity,
    MaxCapacity: target.maxCapacity,
    RoleARN: target.roleArn,
    CreationTime: new Date(target.createdMs),
    SuspendedState: {
      DynamicScalingInSuspended: suspended.dynamicIn,
      DynamicScalingOutSuspended: suspended.dynamicOut,
      ScheduledScalingSuspended: suspended.scheduled,
    },
    ScalableTargetARN: target.arn,
  };
}
