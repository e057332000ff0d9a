/** What resource-based policies say to AWS services that deliver to a resource or call it. */
import { parseArn } from '../arn.ts';
import { AwsError } from '../errors.ts';
import type { ConditionFacts } from './condition-context.ts';
import { conditionContext } from './condition-context.ts';
import { evaluate } from './evaluation.ts';
import type { PolicyDocument } from './policy-document.ts';

export interface ServiceAccess {
  /** The service principal, for example `events.amazonaws.com`. */
  readonly service: string;
  /** For example `sqs:SendMessage`. */
  readonly action: string;
  /** ARN of the resource whose policy is asked. */
  readonly resource: string;
  /** ARN of the resource on whose behalf the service comes; its account is `aws:SourceAccount`. */
  readonly sourceArn?: string;
  /** Where the ARN of the source has no account in it, as that of a bucket. */
  readonly sourceAccount?: string | undefined;
  readonly facts?: ConditionFacts;
  /** It comes in a role that has been asked already. */
  readonly byRole?: boolean | undefined;
}

/** Whether `policy` lets a service in. Without a policy nothing lets it in. */
export function policyAllowsService(policy: PolicyDocument | undefined, access: ServiceAccess): boolean {
  const { service, action, resource, sourceArn, facts } = access;
  const sourceAccount = access.sourceAccount ?? (accountOf(sourceArn) || undefined);
  const context = conditionContext(
    {
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': service,
      'aws:SecureTransport': 'true',
      'aws:SourceArn': sourceArn,
      'aws:SourceAccount': sourceAccount,
    },
    facts,
  );
  const request = { principal: { kind: 'service', service }, action, resource, context } as const;
  return evaluate(request, { identity: [], resource: policy }).outcome === 'allowed';
}

/**
 * Lambda delivers with the execution role of a function, which the policy of the receiver is not asked about.
 * Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
 */
const DELIVERS_BY_ROLE = 'lambda.amazonaws.com';

/** Throws `code` in the words of IAM where `policy`, the receiver's, does not let in the service that delivers. */
export function checkDeliveryAccess(
  policy: PolicyDocument | undefined,
  access: ServiceAccess,
  code: string,
): void {
  const { service, action, resource } = access;
  if (access.byRole === true || service === DELIVERS_BY_ROLE || policyAllowsService(policy, access)) return;
  throw new AwsError(
    code,
    `User: ${service} is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
    {},
    403,
  );
}

function accountOf(arn: string | undefined): string | undefined {
  return arn === undefined ? undefined : parseArn(arn)?.accountId;
}
