/** Grants as what they are to whoever decides on a call: statements that allow, beside those of the key's policy. */
import { parsePolicy } from '../../core/policy/parse.ts';
import type { ConditionBlock, PolicyDocument, Statement } from '../../core/policy/policy-document.ts';
import type { Grant, KeyRecord } from './key-record.ts';

/** Operations of a grant that are no use of the key: its encryption context is not asked for. */
const WITHOUT_CONTEXT: readonly string[] = ['DescribeKey', 'GetPublicKey'];

/**
 * Operations that a grant may list and that are not allowed by it here: to retire, a caller needs a policy,
 * since a statement could not tell the grant itself from others of its key.
 */
const BY_POLICY_ONLY: readonly string[] = ['RetireGrant'];

/** Throws for a policy that is none, which is never stored. */
export function policyWithGrants({ policy, grants }: KeyRecord): PolicyDocument {
  const document = parsePolicy(policy);
  return { ...document, statements: [...document.statements, ...grants.flatMap(statementsOf)] };
}

function statementsOf(grant: Grant): Statement[] {
  const uses = grant.operations.filter((operation) => !BY_POLICY_ONLY.includes(operation));
  const free = uses.filter((operation) => WITHOUT_CONTEXT.includes(operation));
  const bound = uses.filter((operation) => !free.includes(operation) && operation !== 'CreateGrant');
  return [
    ...statement(grant, free, {}),
    ...statement(grant, bound, contextConditions(grant)),
    ...(uses.includes('CreateGrant') ? grantingStatement(grant) : []),
  ];
}

/**
 * Who was granted CreateGrant passes on no more than it has. Source: CreateGrant of the API reference. AWS
 * demands of a grant with constraints that those it lets make have them too: such a one lets make none here.
 */
function grantingStatement(grant: Grant): Statement[] {
  if (grant.constraints !== undefined) return [];
  return statement(grant, ['CreateGrant'], {
    'ForAllValues:StringEquals': { 'kms:GrantOperations': grant.operations },
  });
}

function statement(grant: Grant, operations: readonly string[], conditions: ConditionBlock): Statement[] {
  if (operations.length === 0) return [];
  return [
    {
      sid: grant.grantId,
      effect: 'Allow',
      principal: { AWS: [grant.granteePrincipal] },
      actions: operations.map((operation) => `kms:${operation}`),
      resources: ['*'],
      conditions,
    },
  ];
}

/** Source: GrantConstraints of the API reference; both forms may be given, and then both must hold. */
function contextConditions({ constraints = {} }: Grant): ConditionBlock {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = constraints;
  const pairs = [...Object.entries(subset ?? {}), ...Object.entries(equals ?? {})];
  return {
    StringEquals: Object.fromEntries(pairs.map(([key, value]) => [`kms:EncryptionContext:${key}`, [value]])),
    ...(equals === undefined
      ? {}
      : { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': Object.keys(equals) } }),
  };
}
