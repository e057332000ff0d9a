/** What is stored of scalable targets, with their scheduled actions, policies and activities. */
import type { TargetTrackingScalingPolicyConfiguration } from '@aws-sdk/client-application-auto-scaling';

export interface TargetKey {
  readonly accountId: string;
  readonly region: string;
  readonly serviceNamespace: string;
  readonly resourceId: string;
  readonly scalableDimension: string;
}

export interface SuspendedState {
  readonly dynamicIn: boolean;
  readonly dynamicOut: boolean;
  readonly scheduled: boolean;
}

export interface ScheduledAction {
  readonly name: string;
  readonly arn: string;
  readonly schedule: string;
  readonly timezone?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly minCapacity?: number;
  readonly maxCapacity?: number;
  readonly createdMs: number;
}

export interface ScalingPolicy {
  readonly name: string;
  readonly arn: string;
  readonly configuration: TargetTrackingScalingPolicyConfiguration;
  readonly createdMs: number;
}

export interface ScalingActivity {
  readonly activityId: string;
  readonly description: string;
  readonly cause: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: 'Successful' | 'Failed';
  readonly message: string;
}

export interface ScalableTarget extends TargetKey {
  readonly arn: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly roleArn: string;
  readonly suspended: SuspendedState;
  readonly createdMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly actions: readonly ScheduledAction[];
  readonly policies: readonly ScalingPolicy[];
  /** The latest first. */
  readonly activities: readonly ScalingActivity[];
  /** When it was last scaled by a policy, out and in: cooldowns count from there. */
  readonly scaledOutMs?: number;
  readonly scaledInMs?: number;
}

export function targetKey(key: TargetKey): string {
  const { accountId, region, serviceNamespace, scalableDimension, resourceId } = key;
  return [accountId, region, serviceNamespace, scalableDimension, resourceId].join('/');
}
