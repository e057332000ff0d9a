/** Whose credentials a request bears: of the root user, of users of IAM, of sessions of STS. */
import type { ConditionFacts } from '../core/policy/condition-context.ts';
import type { Identify, Identity } from '../ports/identity.ts';
import type { Principals } from '../services/iam/principals.ts';
import { principalTags } from '../services/iam/principals.ts';
import type { Session, SessionTokens } from '../services/sts/session-tokens.ts';
import type { Credentials } from '../wire/signature/verify.ts';
import type { RootCredentials } from './root-credentials.ts';

const ACCOUNT_ID = /^\d{12}$/;

export class Signers {
  private readonly principals: Principals;
  private readonly tokens: SessionTokens;
  private readonly root: RootCredentials;

  constructor(principals: Principals, tokens: SessionTokens, root: RootCredentials) {
    this.principals = principals;
    this.tokens = tokens;
    this.root = root;
  }

  readonly identify: Identify = (accessKeyId, sessionToken) => {
    const session = this.session(accessKeyId, sessionToken);
    if (session !== undefined) return this.sessionIdentity(session);
    return this.principals.keyOwner(accessKeyId)?.identity;
  };

  /** As `identify`; a key that is only a name is one of the root user of the account. */
  identifyCaller(accessKeyId: string, sessionToken: string | undefined, accountId: string): Identity {
    return this.identify(accessKeyId, sessionToken) ?? rootIdentity(accountId);
  }

  /** The root user's key may be the number of any account: who has its secret owns this server. */
  find(accessKeyId: string, sessionToken: string | undefined): Credentials | undefined {
    const session = this.session(accessKeyId, sessionToken);
    if (session !== undefined) return { ...session, sessionToken: sessionToken! };
    if (accessKeyId === this.root.accessKeyId || ACCOUNT_ID.test(accessKeyId))
      return { secretAccessKey: this.root.secretAccessKey };
    return this.principals.keyOwner(accessKeyId);
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
  const arn = `arn:aws:iam::${accountId}:root`;
  return {
    principal: { kind: 'root', accountId, arn, userId: accountId, baseArn: arn },
    facts: { 'aws:PrincipalType': 'Account' },
  };
}
