/** Callers and documents that the tests of policies have in common. */

import type { ConditionFacts } from '../../../src/core/policy/condition-context.ts';
import { conditionContext } from '../../../src/core/policy/condition-context.ts';
import { policyOf } from '../../../src/core/policy/parse.ts';
import type { PolicyDocument } from '../../../src/core/policy/policy-document.ts';
import type { AccountPrincipal } from '../../../src/core/policy/principal.ts';
import type { AccessRequest } from '../../../src/core/policy/statement-match.ts';

export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '444455556666';

export const USER: AccountPrincipal = {
  kind: 'user',
  accountId: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/jane`,
  userId: 'AIDAJANE000000000000',
  baseArn: `arn:aws:iam::${ACCOUNT}:user/jane`,
};

export const SESSION: AccountPrincipal = {
  kind: 'role',
  accountId: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/job`,
  userId: 'AROAWORKER0000000000:job',
  baseArn: `arn:aws:iam::${ACCOUNT}:role/path/worker`,
};

export const ROOT: AccountPrincipal = {
  kind: 'root',
  accountId: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  userId: ACCOUNT,
  baseArn: `arn:aws:iam::${ACCOUNT}:root`,
};

export const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;

export interface WrittenStatement {
  readonly Effect?: 'Allow' | 'Deny';
  readonly [element: string]: unknown;
}

/** A document of today's version; a statement allows everything that it does not restrict. */
export function policy(...statements: readonly WrittenStatement[]): PolicyDocument {
  return policyOf({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...defaults(statement), ...statement })),
  });
}

function defaults(statement: WrittenStatement): object {
  return {
    ...('NotAction' in statement ? {} : { Action: '*' }),
    ...('NotResource' in statement ? {} : { Resource: '*' }),
  };
}

export function request(facts: ConditionFacts = {}, overrides: Partial<AccessRequest> = {}): AccessRequest {
  return {
    principal: USER,
    action: 'lambda:InvokeFunction',
    resource: FUNCTION,
    context: conditionContext(facts),
    ...overrides,
  };
}
