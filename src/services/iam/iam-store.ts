/** All of IAM's records, and the one turn that changes wait for. */
import type { StateStore } from '../../ports/state-store.ts';
import { awsManagedPolicy } from './aws-managed-policies.ts';
import { noSuchNamed, noSuchPolicy } from './iam-errors.ts';
import type {
  AccessKeyRecord,
  GroupRecord,
  InstanceProfileRecord,
  OidcProviderRecord,
  PolicyRecord,
  RoleRecord,
  UserRecord,
} from './iam-records.ts';
import { RecordTable } from './record-table.ts';

export interface FoundAccessKey {
  readonly user: UserRecord;
  readonly key: AccessKeyRecord;
}

export class IamStore {
  readonly users: RecordTable<UserRecord>;
  readonly groups: RecordTable<GroupRecord>;
  readonly roles: RecordTable<RoleRecord>;
  readonly policies: RecordTable<PolicyRecord>;
  readonly instanceProfiles: RecordTable<InstanceProfileRecord>;
  readonly oidcProviders: RecordTable<OidcProviderRecord>;
  private readonly accessKeys = new Map<string, FoundAccessKey>();
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(state: StateStore) {
    this.users = new RecordTable(state, 'iam.users', (before, after) => this.indexKeys(before, after));
    this.groups = new RecordTable(state, 'iam.groups');
    this.roles = new RecordTable(state, 'iam.roles');
    this.policies = new RecordTable(state, 'iam.policies');
    this.instanceProfiles = new RecordTable(state, 'iam.instance-profiles');
    this.oidcProviders = new RecordTable(state, 'iam.oidc-providers');
  }

  static async open(state: StateStore): Promise<IamStore> {
    const store = new IamStore(state);
    const { users, groups, roles, policies, instanceProfiles, oidcProviders } = store;
    const tables = [users, groups, roles, policies, instanceProfiles, oidcProviders];
    await Promise.all(tables.map((table) => table.load()));
    return store;
  }

  /** Runs `work` when every change before it is done: many look at more than the record they write. */
  change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }

  findAccessKey(accessKeyId: string): FoundAccessKey | undefined {
    return this.accessKeys.get(accessKeyId);
  }

  /** Throws `NoSuchEntity`, as those below. */
  user(accountId: string, name: string): UserRecord {
    return found(this.users.find(accountId, name), 'user', name);
  }

  group(accountId: string, name: string): GroupRecord {
    return found(this.groups.find(accountId, name), 'group', name);
  }

  groupsOf({ accountId, groups }: UserRecord): GroupRecord[] {
    return this.groups.list(accountId).filter(({ id }) => groups.includes(id));
  }

  role(accountId: string, name: string): RoleRecord {
    return found(this.roles.find(accountId, name), 'role', name);
  }

  policy(arn: string): PolicyRecord {
    const record = this.findPolicy(arn);
    if (record === undefined) throw noSuchPolicy(arn);
    return record;
  }

  /** One of an account or of AWS. */
  findPolicy(arn: string): PolicyRecord | undefined {
    const parts = /^arn:aws:iam::(aws|\d{12}):policy(\/(?:.*\/)?)([^/]+)$/.exec(arn);
    if (parts === null) return undefined;
    const [, account = '', path, name = ''] = parts;
    const record = account === 'aws' ? awsManagedPolicy(arn) : this.policies.find(account, name);
    return record !== undefined && record.path === path && record.name === name ? record : undefined;
  }

  /** The document that is in force. */
  document(arn: string): string | undefined {
    const record = this.findPolicy(arn);
    return record?.versions.find(({ id }) => id === record.defaultVersion)?.document;
  }

  private indexKeys(before: UserRecord | undefined, after: UserRecord | undefined): void {
    for (const key of before?.accessKeys ?? []) this.accessKeys.delete(key.id);
    if (after !== undefined)
      for (const key of after.accessKeys) this.accessKeys.set(key.id, { user: after, key });
  }
}

function found<T>(record: T | undefined, noun: string, name: string): T {
  if (record === undefined) throw noSuchNamed(noun, name);
  return record;
}
