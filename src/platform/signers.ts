/** Whose credentials a request bears: of the root user, of users of IAM, of sessions of STS. */
import { AwsError } from '../core/errors.ts';
import type { ConditionFacts } from '../core/policy/condition-context.ts';
import { rootPrincipal } from '../core/policy/principal.ts';
import type { Identify, Identity } from '../ports/identity.ts';
import type { Principals } from '../services/iam/principals.ts';
import { principalTags } from '../services/iam/principals.ts';
import type { Session, SessionTokens } from '../services/sts/session-tokens.ts';
import { DEFAULT_ACCOUNT_ID, isAccountId } from '../wire/routing/router.ts';
import type { Credentials } from '../wire/signature/verify.ts';
import type { RootCredentials } from './root-credentials.ts';

export class Signers {
  private readonly principals: Principals;
  private readonly tokens: SessionTokens;
  private readonly root: RootCredentials;

  constructor(principals: Principals, tokens: SessionTokens, root: RootCredentials) {
    this.principals = principals;
    this.tokens = tokens;
    this.root = root;
  }

  /** Of a key that is only a name nothing is known: whoever sends it is taken for the root user. */
  readonly identify: Identify = (accessKeyId, sessionToken) => {
    const session = this.session(accessKeyId, sessionToken);
    if (session !== undefined) return this.sessionIdentity(session);
    return this.principals.keyOwner(accessKeyId)?.identity;
  };

  /** What signatures are verified with; undefined for credentials that nobody here has issued. */
  credentials(accessKeyId: string, sessionToken: string | undefined): Credentials | undefined {
    const session = this.session(accessKeyId, sessionToken);
    if (session !== undefined) return { ...session, sessionToken: sessionToken! };
    if (this.rootAccount(accessKeyId) !== undefined) return { secretAccessKey: this.root.secretAccessKey };
    return this.principals.keyOwner(accessKeyId);
  }

  /** Who has signed with credentials that were verified. */
  verifiedIdentity(accessKeyId: string, sessionToken: string | undefined): Identity {
    const identity = this.identify(accessKeyId, sessionToken);
    if (identity !== undefined) return identity;
    const accountId = this.rootAccount(accessKeyId);
    // Switched off or deleted since the signature was verified.
    if (accountId === undefined)
      throw new AwsError('AccessDenied', 'The access key is not valid any more.', {}, 403);
    return rootIdentity(accountId);
  }

  /** The root user's key may also be the number of any account: who has its secret owns this server. */
  private rootAccount(accessKeyId: string): string | undefined {
    if (isAccountId(accessKeyId)) return accessKeyId;
    return accessKeyId === this.root.accessKeyId ? DEFAULT_ACCOUNT_ID : undefined;
  }

  private session(accessKeyId: string, sessionToken: string | undefined): Session | undefined {
    const session = sessionToken === undefined ? undefined : this.tokens.session(sessionToken);
    return session?.accessKeyId === accessKeyId ? session : undefined;
  }

  private sessionIdentity(session: Session): Identity {
    const { kind, accountId, arn, userId, baseArn, policies, policyArns } = session;
    const limits = [
      ...(policies ?? []).map((text) => this.principals.parse(text)),
      ...(policyArns ?? []).flatMap((policyArn) => this.principals.managed(policyArn) ?? []),
    ];
    const isLimited = policies !== undefined || policyArns !== undefined;
    return {
      principal: { kind, accountId, arn, userId, baseArn, ...(isLimited ? { sessionPolicies: limits } : {}) },
      facts: { ...this.baseFacts(session), ...sessionFacts(session) },
    };
  }

  private baseFacts({ kind, accountId, baseArn }: Session): ConditionFacts {
    if (kind === 'user') return this.principals.userByArn(accountId, baseArn)?.facts ?? {};
    if (kind === 'role') return principalTags(this.principals.role(baseArn)?.tags ?? {});
    return {};
  }
}

/** `aws:PrincipalType` of sessions, by the IAM User Guide's list of its values. */
const PRINCIPAL_TYPES = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federatedUser: 'FederatedUser',
} as const;

function sessionFacts({ kind, issuedMs, sourceIdentity, tags = {} }: Session): ConditionFacts {
  return {
    'aws:PrincipalType': PRINCIPAL_TYPES[kind],
    'aws:TokenIssueTime': new Date(issuedMs).toISOString(),
    'aws:MultiFactorAuthPresent': 'false',
    'aws:SourceIdentity': sourceIdentity,
    ...principalTags(tags),
  };
}

export function rootIdentity(accountId: string): Identity {
  return { principal: rootPrincipal(accountId), facts: { 'aws:PrincipalType': 'Account' } };
}
