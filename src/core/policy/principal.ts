/** Who calls, as policies name it. */
import { parseArn } from '../arn.ts';
import type { PolicyDocument, PrincipalElement } from './policy-document.ts';

/** A caller with credentials of an account. */
export interface AccountPrincipal {
  readonly kind: 'root' | 'user' | 'role' | 'federatedUser';
  /** Twelve digits. */
  readonly accountId: string;
  /** As GetCallerIdentity answers it: of a role it is the session's, `arn:aws:sts::…:assumed-role/name/session`. */
  readonly arn: string;
  /** As GetCallerIdentity answers it; of a session `AROA…:session`. */
  readonly userId: string;
  /** The user or role itself, which identity-based policies are attached to and `aws:PrincipalArn` names. */
  readonly baseArn: string;
  /** What a session was limited to when it was made; undefined where it was not limited. */
  readonly sessionPolicies?: readonly PolicyDocument[];
}

/** An AWS service, for example `s3.amazonaws.com`. */
export interface ServicePrincipal {
  readonly kind: 'service';
  readonly service: string;
}

/** Whoever bears a token of an identity provider. */
export interface FederatedPrincipal {
  readonly kind: 'federated';
  /** ARN of the provider. */
  readonly provider: string;
}

/** A caller who signed nothing. */
export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

export type Principal = AccountPrincipal | ServicePrincipal | FederatedPrincipal | AnonymousPrincipal;

/**
 * How closely a policy names a caller: the session or user itself; the role of a session or everyone; or
 * nothing but its account, which then decides by its own policies.
 */
export type Naming = 'itself' | 'base' | 'account';

const CLOSENESS: readonly Naming[] = ['itself', 'base', 'account'];

/** Undefined where `element` does not name the caller. */
export function namingOf(element: PrincipalElement, principal: Principal): Naming | undefined {
  if (element === '*') return everyone(principal);
  if (principal.kind === 'service') {
    const named = element.Service?.some((service) => service === '*' || service === principal.service);
    // Policies that let topics send to queues name everyone in this way, with the topic in a condition.
    return named || element.AWS?.includes('*') ? 'itself' : undefined;
  }
  if (principal.kind === 'federated')
    return element.Federated?.includes(principal.provider) ? 'itself' : undefined;
  const namings = (element.AWS ?? []).map((name) =>
    principal.kind === 'anonymous' ? anonymousNaming(name) : accountNaming(name, principal),
  );
  return CLOSENESS.find((naming) => namings.includes(naming));
}

/** To name everyone is to name the users of an account themselves, but no more than the role of a session. */
function everyone(principal: Principal): Naming {
  return principal.kind === 'role' || principal.kind === 'federatedUser' ? 'base' : 'itself';
}

function anonymousNaming(name: string): Naming | undefined {
  return name === '*' ? 'itself' : undefined;
}

function accountNaming(name: string, principal: AccountPrincipal): Naming | undefined {
  if (name === '*') return everyone(principal);
  const { kind, accountId, arn, userId, baseArn } = principal;
  if (name === arn || name === userId) return 'itself';
  if (name === baseArn || name === baseIdOf(userId)) return kind === 'user' ? 'itself' : 'base';
  return accountNamed(name) === accountId ? 'account' : undefined;
}

function baseIdOf(userId: string): string {
  const colon = userId.indexOf(':');
  return colon < 0 ? userId : userId.slice(0, colon);
}

/** An account may be named by its number alone or by its root. */
function accountNamed(name: string): string | undefined {
  if (/^\d{12}$/.test(name)) return name;
  const arn = parseArn(name);
  return arn?.service === 'iam' && arn.resource === 'root' ? arn.accountId : undefined;
}

/** The root user of an account, for whom whoever bears a key that nobody here has issued is taken. */
export function rootPrincipal(accountId: string): AccountPrincipal {
  const arn = `arn:aws:iam::${accountId}:root`;
  return { kind: 'root', accountId, arn, userId: accountId, baseArn: arn };
}
