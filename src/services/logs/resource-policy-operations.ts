import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { namedPage } from './named-page.ts';
import type { ResourcePolicyRecord } from './resource-policies.ts';
import { invalid, limitExceeded } from './subscription-errors.ts';

/** Policies of an account in a region, from the service's quotas. */
const MAX_POLICIES = 10;

type PolicyOperations = 'PutResourcePolicy' | 'DescribeResourcePolicies' | 'DeleteResourcePolicy';

export function resourcePolicyOperations({
  policies,
  clock,
}: LogsContext): Required<Pick<LogsOperations, PolicyOperations>> {
  return {
    async PutResourcePolicy(input, context) {
      const { accountId, region } = context;
      checkAccountScope('PutResourcePolicy', input);
      const { policyName: name = '', policyDocument: document = '' } = input;
      if (name === '') throw invalid('Policy name is required.');
      checkDocument(document);
      const isNew = policies.find(context, name) === undefined;
      if (isNew && policies.list(context).length >= MAX_POLICIES) throw limitExceeded();
      const record = { accountId, region, name, document, updatedMs: clock.now() };
      await policies.save(record);
      return { resourcePolicy: described(record) };
    },

    async DescribeResourcePolicies(input, context) {
      checkAccountScope('DescribeResourcePolicies', input);
      const { page, nextToken } = namedPage(policies.list(context), input);
      return { resourcePolicies: page.map(described), ...nextToken };
    },

    async DeleteResourcePolicy(input, context) {
      checkAccountScope('DeleteResourcePolicy', input);
      const record = policies.find(context, input.policyName ?? '');
      if (record === undefined) {
        const message = `Policy with name [${input.policyName ?? ''}] does not exist`;
        throw new AwsError('ResourceNotFoundException', message);
      }
      await policies.remove(record);
      return {};
    },
  };
}

function described({ name, document, updatedMs }: ResourcePolicyRecord) {
  return {
    policyName: name,
    policyDocument: document,
    lastUpdatedTime: updatedMs,
    policyScope: 'ACCOUNT' as const,
  };
}

interface ScopedInput {
  readonly resourceArn?: string | undefined;
  readonly policyScope?: string | undefined;
}

function checkAccountScope(operation: string, { resourceArn, policyScope }: ScopedInput): void {
  if (resourceArn === undefined && policyScope !== 'RESOURCE') return;
  const what = `logs:${operation} does not implement policies of single resources yet.`;
  throw new AwsError('NotImplemented', what, {}, 501);
}

function checkDocument(document: string): void {
  try {
    parsePolicy(document);
  } catch {
    throw invalid('Unrecognized policy document.');
  }
}
