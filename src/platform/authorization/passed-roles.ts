/** Roles that calls give to services: the caller must be allowed to, and the role must trust the service. */
import { AwsError } from '../../core/errors.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { policyAllowsService } from '../../core/policy/service-access.ts';

export interface PassedRole {
  readonly arn: string;
  /** The service principal that will take it. */
  readonly service: string;
}

/** Members with which a call gives roles to a service, by model name and operation; of a list each element's. */
const PASSED_ROLES: Readonly<Record<string, readonly [member: string, service: string]>> = {
  'lambda:CreateFunction': ['Role', 'lambda.amazonaws.com'],
  'lambda:UpdateFunctionConfiguration': ['Role', 'lambda.amazonaws.com'],
  'lambda:CreateCapacityProvider': [
    'PermissionsConfig.CapacityProviderOperatorRoleArn',
    'lambda.amazonaws.com',
  ],
  'application-autoscaling:RegisterScalableTarget': ['RoleARN', 'application-autoscaling.amazonaws.com'],
  'stepfunctions:CreateStateMachine': ['roleArn', 'states.amazonaws.com'],
  'stepfunctions:UpdateStateMachine': ['roleArn', 'states.amazonaws.com'],
  'pipes:CreatePipe': ['RoleArn', 'pipes.amazonaws.com'],
  'pipes:UpdatePipe': ['RoleArn', 'pipes.amazonaws.com'],
  'scheduler:CreateSchedule': ['Target.RoleArn', 'scheduler.amazonaws.com'],
  'scheduler:UpdateSchedule': ['Target.RoleArn', 'scheduler.amazonaws.com'],
  's3control:CreateJob': ['RoleArn', 'batchoperations.s3.amazonaws.com'],
  'events:PutRule': ['RoleArn', 'events.amazonaws.com'],
  'events:PutTargets': ['Targets.RoleArn', 'events.amazonaws.com'],
};

const FUNCTION_CALLS: ReadonlySet<string> = new Set([
  'lambda:CreateFunction',
  'lambda:UpdateFunctionConfiguration',
]);

type Members = Readonly<Record<string, unknown>>;

/** `call` is for example `lambda:CreateFunction`. */
export function passedRoles(call: string, input: Members): readonly PassedRole[] {
  const [member, service] = PASSED_ROLES[call] ?? [];
  if (member === undefined || service === undefined) return [];
  const step = (values: unknown[], key: string): unknown[] =>
    values.flatMap((value) => (value as Members | undefined)?.[key]);
  const found = member.split('.').reduce<unknown[]>(step, [input]);
  const arns = found.filter((arn) => typeof arn === 'string');
  return [...new Set(arns)].map((arn) => ({ arn, service }));
}

/**
 * Throws Lambda's error where the role's trust policy does not let Lambda take it. A role that is not there is
 * a mere name, under which a function runs and may do nothing: AWS refuses it in the same words.
 */
export function requireAssumable(
  call: string,
  { arn, service }: PassedRole,
  trustPolicy: PolicyDocument | undefined,
): void {
  if (!FUNCTION_CALLS.has(call) || trustPolicy === undefined) return;
  const access = { service, action: 'sts:AssumeRole', resource: arn };
  if (policyAllowsService(trustPolicy, access)) return;
  throw new AwsError(
    'InvalidParameterValueException',
    'The role defined for the function cannot be assumed by Lambda.',
  );
}
