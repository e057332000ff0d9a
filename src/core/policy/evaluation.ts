/**
 * Decides on a request by all policies that are about it, as the IAM User Guide says ("Policy evaluation
 * logic"; for several accounts "Cross-account policy evaluation logic").
 */
import type { PolicyDocument, Statement } from './policy-document.ts';
import type { Naming } from './principal.ts';
import type { AccessRequest } from './statement-match.ts';
import { principalNaming, statementApplies } from './statement-match.ts';

export interface ApplicablePolicies {
  /** Of the user with its groups, or of the role. */
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument | undefined;
  readonly resource?: PolicyDocument | undefined;
  /** The account that owns the resource, where it is another than the caller's. */
  readonly resourceAccountId?: string | undefined;
  /** Roles and keys: a policy of the caller's account is not enough unless theirs leaves it to the account. */
  readonly resourceDecides?: boolean;
}

export type PolicyKind = 'identity' | 'boundary' | 'session' | 'resource';

export interface MatchedStatement {
  readonly policy: PolicyDocument;
  readonly statement: Statement;
}

export type Decision =
  | { readonly outcome: 'allowed'; readonly matched: readonly MatchedStatement[] }
  /** `kind` is that of the policy which denies. */
  | {
      readonly outcome: 'explicitDeny';
      readonly kind: PolicyKind;
      readonly matched: readonly MatchedStatement[];
    }
  /** `kind` is that of the policy which would have had to allow. */
  | { readonly outcome: 'implicitDeny'; readonly kind: PolicyKind; readonly matched: readonly [] };

/** What the policies of one kind say together. */
interface Verdict {
  readonly denies: readonly MatchedStatement[];
  readonly allows: readonly MatchedStatement[];
}

interface ResourceVerdict extends Verdict {
  readonly naming: Naming | undefined;
}

const NOTHING: Verdict = { denies: [], allows: [] };

export function evaluate(request: AccessRequest, policies: ApplicablePolicies): Decision {
  const { principal } = request;
  const sessionPolicies = 'sessionPolicies' in principal ? principal.sessionPolicies : undefined;
  const verdicts = {
    identity: verdictOf(policies.identity, request),
    boundary: policies.boundary && verdictOf([policies.boundary], request),
    session: sessionPolicies && verdictOf(sessionPolicies, request),
    resource: resourceVerdict(policies.resource, request),
  };
  for (const kind of ['identity', 'boundary', 'session', 'resource'] as const) {
    const matched = verdicts[kind]?.denies ?? [];
    if (matched.length > 0) return { outcome: 'explicitDeny', kind, matched };
  }
  const missing = missingAllow(request, policies, verdicts);
  if (missing !== undefined) return { outcome: 'implicitDeny', kind: missing, matched: [] };
  const matched = Object.values(verdicts).flatMap((verdict) => verdict?.allows ?? []);
  return { outcome: 'allowed', matched };
}

interface Verdicts {
  readonly identity: Verdict;
  readonly boundary: Verdict | undefined;
  readonly session: Verdict | undefined;
  readonly resource: ResourceVerdict;
}

/** The kind of policy for want of which a request that nothing denies is not allowed; undefined if it is. */
function missingAllow(
  { principal }: AccessRequest,
  { resourceAccountId, resourceDecides = false }: ApplicablePolicies,
  verdicts: Verdicts,
): PolicyKind | undefined {
  const { naming } = verdicts.resource;
  if (principal.kind === 'service' || principal.kind === 'federated' || principal.kind === 'anonymous')
    return naming === undefined ? 'resource' : undefined;
  const isOwn = resourceAccountId === undefined || resourceAccountId === principal.accountId;
  const limit = limitOf(verdicts);
  const identity = principal.kind === 'root' || verdicts.identity.allows.length > 0 ? limit : 'identity';
  if (isOwn && naming === 'itself') return undefined;
  if (isOwn && naming === 'base') return limit;
  if (identity !== undefined) return identity;
  return (isOwn && !resourceDecides) || naming !== undefined ? undefined : 'resource';
}

/** The boundary or session policy that does not allow what some other policy may. */
function limitOf({ boundary, session }: Verdicts): PolicyKind | undefined {
  if (boundary?.allows.length === 0) return 'boundary';
  return session?.allows.length === 0 ? 'session' : undefined;
}

function verdictOf(documents: readonly PolicyDocument[], request: AccessRequest): Verdict {
  const denies: MatchedStatement[] = [];
  const allows: MatchedStatement[] = [];
  for (const policy of documents)
    for (const statement of policy.statements) {
      if (!statementApplies(policy, statement, request)) continue;
      (statement.effect === 'Deny' ? denies : allows).push({ policy, statement });
    }
  return { denies, allows };
}

const CLOSENESS: readonly Naming[] = ['itself', 'base', 'account'];

function resourceVerdict(policy: PolicyDocument | undefined, request: AccessRequest): ResourceVerdict {
  if (policy === undefined) return { ...NOTHING, naming: undefined };
  const denies: MatchedStatement[] = [];
  const allows: MatchedStatement[] = [];
  const namings = new Set<Naming>();
  for (const statement of policy.statements) {
    const naming = principalNaming(statement, request.principal);
    if (naming === undefined || !statementApplies(policy, statement, request)) continue;
    if (statement.effect === 'Deny') denies.push({ policy, statement });
    else {
      allows.push({ policy, statement });
      namings.add(naming);
    }
  }
  return { denies, allows, naming: CLOSENESS.find((naming) => namings.has(naming)) };
}
