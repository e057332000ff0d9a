import type { TargetTrackingScalingPolicyConfiguration } from '@aws-sdk/client-application-auto-scaling';
import type { ScalingContext, ScalingOperations } from './scaling-context.ts';
import { keyOf, pageOf, requireLambda } from './scaling-context.ts';
import { invalid, noSuchPolicy, noTargetFound, notImplemented } from './scaling-errors.ts';
import type { ScalingPolicy } from './scaling-records.ts';

type Names = 'PutScalingPolicy' | 'DeleteScalingPolicy' | 'DescribeScalingPolicies';

const METRIC = 'LambdaProvisionedConcurrencyUtilization';

/** Utilisation is a part of 1; AWS takes what provisioned concurrency can be tracked by. Source: developer guide, "Managing provisioned concurrency with Application Auto Scaling". */
const TARGET_VALUE = { min: 0.1, max: 0.9 };

export function policyOperations({
  table,
  clock,
  ids,
}: ScalingContext): Required<Pick<ScalingOperations, Names>> {
  return {
    async PutScalingPolicy(input, caller) {
      const key = keyOf('PutScalingPolicy', input, caller);
      const { accountId, region, resourceId } = key;
      const isTracking = (input.PolicyType ?? 'TargetTrackingScaling') === 'TargetTrackingScaling';
      if (!isTracking) throw notImplemented('PutScalingPolicy', `PolicyType ${input.PolicyType}`);
      const configuration = checked(input.TargetTrackingScalingPolicyConfiguration);
      const name = input.PolicyName!;
      let arn: string | undefined;
      await table.change(key, (target) => {
        if (target === undefined) throw noTargetFound(key);
        const before = target.policies.find((policy) => policy.name === name);
        arn =
          before?.arn ??
          `arn:aws:autoscaling:${region}:${accountId}:scalingPolicy:${ids.uuid()}:resource/lambda/${resourceId}:policyName/${name}`;
        const policy = { name, arn, configuration, createdMs: before?.createdMs ?? clock.now() };
        return { ...target, policies: [...target.policies.filter((each) => each.name !== name), policy] };
      });
      return { PolicyARN: arn!, Alarms: [] };
    },

    async DeleteScalingPolicy(input, caller) {
      const key = keyOf('DeleteScalingPolicy', input, caller);
      const { PolicyName: name = '' } = input;
      await table.change(key, (target) => {
        if (target?.policies.some((policy) => policy.name === name) !== true) throw noSuchPolicy(name, key);
        return { ...target, policies: target.policies.filter((policy) => policy.name !== name) };
      });
      return {};
    },

    async DescribeScalingPolicies(input, { accountId, region }) {
      requireLambda('DescribeScalingPolicies', input.ServiceNamespace);
      const found = table
        .list(accountId, region, 'lambda')
        .filter(({ resourceId }) => input.ResourceId === undefined || input.ResourceId === resourceId)
        .flatMap(({ resourceId, policies }) => policies.map((policy) => ({ resourceId, policy })))
        .filter(({ policy }) => input.PolicyNames === undefined || input.PolicyNames.includes(policy.name));
      const { page, next } = pageOf(found, input);
      return { ScalingPolicies: page.map(({ resourceId, policy }) => shown(resourceId, policy)), ...next };
    },
  };
}

function checked(
  configuration: TargetTrackingScalingPolicyConfiguration | undefined,
): TargetTrackingScalingPolicyConfiguration {
  if (configuration === undefined)
    throw invalid('TargetTrackingScalingPolicyConfiguration is required for a target tracking policy');
  const { TargetValue = 0, PredefinedMetricSpecification, CustomizedMetricSpecification } = configuration;
  if (CustomizedMetricSpecification !== undefined)
    throw notImplemented('PutScalingPolicy', 'CustomizedMetricSpecification');
  if (PredefinedMetricSpecification?.PredefinedMetricType !== METRIC)
    throw invalid(`Predefined metric type must be ${METRIC} for Lambda functions`);
  if (TargetValue < TARGET_VALUE.min || TargetValue > TARGET_VALUE.max)
    throw invalid(
      `Target value must be between ${TARGET_VALUE.min} and ${TARGET_VALUE.max} for metric ${METRIC}`,
    );
  return configuration;
}

function shown(resourceId: string, { name, arn, configuration, createdMs }: ScalingPolicy) {
  return {
    PolicyARN: arn,
    PolicyName: name,
    ServiceNamespace: 'lambda' as const,
    ResourceId: resourceId,
    ScalableDimension: 'lambda:function:ProvisionedConcurrency' as const,
    PolicyType: 'TargetTrackingScaling' as const,
    TargetTrackingScalingPolicyConfiguration: configuration,
    Alarms: [],
    CreationTime: new Date(createdMs),
  };
}
