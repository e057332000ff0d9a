/** Refusals in AWS's words: "Troubleshoot access denied error messages" of the IAM User Guide has them. */
import { AwsError } from '../../core/errors.ts';
import type { Decision, PolicyKind } from '../../core/policy/evaluation.ts';
import type { RoleCaller } from '../../ports/call.ts';
import type { Dialect } from '../../wire/signature/refusal.ts';

const ARTICLED: Readonly<Record<PolicyKind, string>> = {
  identity: 'an identity-based policy',
  boundary: 'a permissions boundary',
  session: 'a session policy',
  resource: 'a resource-based policy',
};

const BARE: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  resource: 'resource-based policy',
};

export interface RefusedAction {
  readonly callerArn: string;
  readonly action: string;
  readonly resource: string;
}

type Refusal = Exclude<Decision, { readonly outcome: 'allowed' }>;

export function accessDenied(refused: RefusedAction, refusal: Refusal, dialect: Dialect): AwsError {
  const { callerArn, action, resource } = refused;
  const on = `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource}`;
  const reason =
    refusal.outcome === 'explicitDeny'
      ? `with an explicit deny in ${ARTICLED[refusal.kind]}`
      : `because no ${BARE[refusal.kind]} allows the ${action} action`;
  return refusedError(dialect, `${on} ${reason}`);
}

/** SQS writes actions in small letters, and has the code of Query in all its protocols. */
export function queueDenied(refused: RefusedAction, refusal: Refusal): AwsError {
  return accessDenied({ ...refused, action: refused.action.toLowerCase() }, refusal, 'query');
}

/** For a role that may not be taken: where its trust policy is the reason, AWS leaves the role out. */
export function trustDenied({ callerArn, action, resource }: RefusedAction, refusal: Refusal): AwsError {
  if (refusal.kind !== 'resource') return accessDenied({ callerArn, action, resource }, refusal, 'query');
  const reason =
    refusal.outcome === 'explicitDeny'
      ? 'with an explicit deny in the role trust policy'
      : `because no role trust policy allows the ${action} action`;
  return refusedError('query', `User: ${callerArn} is not authorized to perform: ${action} ${reason}`);
}

/** For a role that was passed to a service which may not take it. */
export function mayNotAssume({ principal, roleArn }: Pick<RoleCaller, 'principal' | 'roleArn'>): AwsError {
  const message = `User: ${principal} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
  return refusedError('query', message);
}

function refusedError(dialect: Dialect, message: string): AwsError {
  const code = dialect === 'query' || dialect === 's3' ? 'AccessDenied' : 'AccessDeniedException';
  return new AwsError(code, message, {}, dialect === 'jsonRpc' ? 400 : 403);
}
