import { createHash } from 'node:crypto';
import { uniqueIdOf } from '../core/access-key.ts';
import type { AssumableRole } from '../services/sts/assume-role.ts';
import { roleSession } from '../services/sts/role-session.ts';
import type { SessionTokens, TemporaryCredentials } from '../services/sts/session-tokens.ts';

/** A function in its execution role. */
export interface ExecutionRole {
  readonly accountId: string;
  /** The role's ARN. */
  readonly role: string;
  readonly functionName: string;
}

export interface RoleCredentialDependencies {
  readonly tokens: SessionTokens;
  readonly role: (arn: string) => { readonly id: string } | undefined;
}

/** AWS's longest session, seconds. */
const SESSION_SECONDS = 43_200;

/** An environment that starts later than this after they were issued gets new ones, milliseconds. */
const RENEWED_AFTER_MS = (SESSION_SECONDS * 1_000) / 2;

/** Temporary credentials of execution roles: the same for all environments of a function, renewed in time. */
export class RoleCredentialIssuer {
  private readonly deps: RoleCredentialDependencies;
  private readonly issued = new Map<string, TemporaryCredentials & { readonly roleId: string }>();

  constructor(deps: RoleCredentialDependencies) {
    this.deps = deps;
  }

  credentialsFor({ accountId, role: arn, functionName }: ExecutionRole): TemporaryCredentials {
    const { tokens } = this.deps;
    const key = `${accountId}/${arn}/${functionName}`;
    const roleId = this.deps.role(arn)?.id ?? namedRoleId(accountId, arn);
    const known = this.issued.get(key);
    const isFresh = known !== undefined && known.expiresMs - tokens.realNowMs() > RENEWED_AFTER_MS;
    // A role that was made anew under its name has another id.
    if (isFresh && known.roleId === roleId) return known;
    const session = roleSession({ arn, accountId, id: roleId }, functionName);
    const credentials = { ...tokens.issue(session, SESSION_SECONDS), roleId };
    this.issued.set(key, credentials);
    return credentials;
  }
}

/** Roles need not be made before functions name them: such a one has an id that is always the same. */
function namedRoleId(accountId: string, arn: string): string {
  return uniqueIdOf('AROA', createHash('sha256').update(`${accountId}/${arn}`).digest('hex').slice(0, 22));
}

const ROLE_ARN = /^arn:aws:iam::(\d{12}):role\/.+$/;

/** Where nobody checks policies, a role that is only a name can be taken as well; undefined for other texts. */
export function namedRole(arn: string): AssumableRole | undefined {
  const accountId = ROLE_ARN.exec(arn)?.[1];
  if (accountId === undefined) return undefined;
  const trustPolicy = { version: '2012-10-17', statements: [] };
  return { arn, accountId, id: namedRoleId(accountId, arn), trustPolicy, maxSessionSeconds: SESSION_SECONDS };
}
