/** What the rest of the server asks of IAM: whose a key is, and which policies a caller has. */
import type { ConditionFacts } from '../../core/policy/condition-context.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import type { AccountPrincipal } from '../../core/policy/principal.ts';
import type { Identity } from '../../ports/identity.ts';
import type {
  BoundedRecord,
  NamedRecord,
  OidcProviderRecord,
  PolicyHolder,
  ResourceType,
  RoleRecord,
  UserRecord,
} from './iam-records.ts';
import { iamArn } from './iam-records.ts';
import type { IamStore } from './iam-store.ts';

export interface KeyOwner {
  readonly secretAccessKey: string;
  readonly identity: Identity;
}

export interface PrincipalPolicies {
  readonly identity: readonly PolicyDocument[];
  readonly boundary: PolicyDocument | undefined;
}

/** What others need to know of a role in order to take it. */
export interface RoleSummary {
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly accountId: string;
  readonly trustPolicy: PolicyDocument;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A policy that its holder has, with its name for answers of the simulator. */
export interface HeldPolicy {
  readonly name: string;
  readonly text: string;
}

export class Principals {
  private readonly store: IamStore;
  /** Documents by text: the same few are asked for with every request. */
  private readonly parsed = new Map<string, PolicyDocument>();

  constructor(store: IamStore) {
    this.store = store;
  }

  /** The OpenID Connect provider of an account whose URL is `name` behind its scheme. */
  oidcProvider(accountId: string, name: string): OidcProviderRecord | undefined {
    return this.store.oidcProviders.find(accountId, name);
  }

  /** The user of an access key that is active. */
  keyOwner(accessKeyId: string): KeyOwner | undefined {
    const found = this.store.findAccessKey(accessKeyId);
    if (found === undefined || !found.key.active) return undefined;
    return { secretAccessKey: found.key.secret, identity: this.userIdentity(found.user) };
  }

  /** The user behind temporary credentials, as it is now; undefined once it is gone. */
  userByArn(accountId: string, arn: string): Identity | undefined {
    const user = this.find(this.store.users, accountId, arn, 'user');
    return user && this.userIdentity(user);
  }

  role(arn: string): RoleSummary | undefined {
    const accountId = arn.split(':')[4] ?? '';
    const role = this.find(this.store.roles, accountId, arn, 'role');
    if (role === undefined) return undefined;
    return {
      arn,
      name: role.name,
      id: role.id,
      accountId,
      trustPolicy: this.parse(role.trustPolicy),
      maxSessionSeconds: role.maxSessionSeconds,
      tags: role.tags,
    };
  }

  /** Of a user, group, role, policy or instance profile of this name; undefined where there is none. */
  arnOf(accountId: string, type: string, name: string): string | undefined {
    const { users, groups, roles, policies, instanceProfiles } = this.store;
    const tables: Readonly<
      Record<string, { find(accountId: string, name: string): NamedRecord | undefined }>
    > = {
      user: users,
      group: groups,
      role: roles,
      policy: policies,
      'instance-profile': instanceProfiles,
    };
    const record = tables[type]?.find(accountId, name);
    return record && iamArn(type as ResourceType, record);
  }

  /** Of a user, with its groups, or of a role; a federated user has those of the user who vouched for it. */
  policiesOf({ accountId, baseArn }: AccountPrincipal): PrincipalPolicies {
    const holder = this.holder(accountId, baseArn);
    if (holder === undefined) return { identity: [], boundary: undefined };
    const identity = this.heldBy(holder).map(({ text }) => this.parse(text));
    const boundary = holder.boundary === undefined ? undefined : this.managed(holder.boundary);
    return { identity, boundary };
  }

  /** A managed policy's document that is in force; undefined where there is none of this ARN. */
  managed(arn: string): PolicyDocument | undefined {
    const text = this.store.document(arn);
    return text === undefined ? undefined : this.parse(text);
  }

  /** Of a user, group or role, those of a user's groups included. */
  heldBy(holder: PolicyHolder): HeldPolicy[] {
    const groups = isUser(holder) ? this.store.groupsOf(holder) : [];
    return [holder, ...groups].flatMap(({ inlinePolicies, attachedPolicies }) => [
      ...Object.entries(inlinePolicies).map(([name, text]) => ({ name, text })),
      ...attachedPolicies.flatMap((arn) => {
        const text = this.store.document(arn);
        return text === undefined ? [] : [{ name: arn.slice(arn.lastIndexOf('/') + 1), text }];
      }),
    ]);
  }

  parse(text: string): PolicyDocument {
    const known = this.parsed.get(text);
    if (known !== undefined) return known;
    if (this.parsed.size >= MAX_PARSED) this.parsed.clear();
    const document = parsePolicy(text);
    this.parsed.set(text, document);
    return document;
  }

  private holder(accountId: string, arn: string): BoundedRecord | undefined {
    const { users, roles } = this.store;
    return this.find(users, accountId, arn, 'user') ?? this.find(roles, accountId, arn, 'role');
  }

  private find<T extends UserRecord | RoleRecord>(
    table: { find(accountId: string, name: string): T | undefined },
    accountId: string,
    arn: string,
    type: 'user' | 'role',
  ): T | undefined {
    const record = table.find(accountId, arn.slice(arn.lastIndexOf('/') + 1));
    return record !== undefined && iamArn(type, record) === arn ? record : undefined;
  }

  private userIdentity(user: UserRecord): Identity {
    const arn = iamArn('user', user);
    return {
      principal: { kind: 'user', accountId: user.accountId, arn, userId: user.id, baseArn: arn },
      facts: { 'aws:username': user.name, 'aws:PrincipalType': 'User', ...principalTags(user.tags) },
    };
  }
}

const MAX_PARSED = 1_000;

export function principalTags(tags: Readonly<Record<string, string>>): ConditionFacts {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]));
}

function isUser(holder: PolicyHolder): holder is UserRecord {
  return 'groups' in holder;
}
