/** What users, groups and roles have in common: inline policies and attached ones. */

import { AwsError } from '../../core/errors.ts';
import type { EntityNoun } from './iam-errors.ts';
import {
  mustFirst,
  noSuchEntity,
  noSuchNamed,
  noSuchPolicy,
  quotaExceeded,
  validationError,
} from './iam-errors.ts';
import type { PolicyHolder } from './iam-records.ts';
import type { IamStore } from './iam-store.ts';
import type { PageInput } from './pages.ts';
import { pageOf } from './pages.ts';
import { encodedDocument, identityPolicy, policySize } from './policy-checks.ts';
import type { RecordTable } from './record-table.ts';

/** Characters of all inline policies of one together, white space left out ("IAM and AWS STS quotas"). */
const MAX_INLINE_CHARACTERS: Readonly<Record<EntityNoun, number>> = {
  user: 2_048,
  group: 5_120,
  role: 10_240,
};

/** Managed policies attached to one, by the same page. */
const MAX_ATTACHED = 10;
const ATTACHED_QUOTA: Readonly<Record<EntityNoun, string>> = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
};

export class PolicyHolders<T extends PolicyHolder> {
  private readonly store: IamStore;
  private readonly table: RecordTable<T>;
  private readonly noun: EntityNoun;

  constructor(store: IamStore, table: RecordTable<T>, noun: EntityNoun) {
    this.store = store;
    this.table = table;
    this.noun = noun;
  }

  putInline(accountId: string, name: string, policyName: string, document: string): Promise<void> {
    return this.update(accountId, name, (holder) => {
      identityPolicy(document);
      const inlinePolicies = { ...holder.inlinePolicies, [policyName]: document };
      const size = Object.values(inlinePolicies).reduce((sum, text) => sum + policySize(text), 0);
      const limit = MAX_INLINE_CHARACTERS[this.noun];
      if (size > limit) {
        const words = `Maximum policy size of ${limit} bytes exceeded for ${this.noun} ${holder.name}`;
        throw new AwsError('LimitExceeded', words);
      }
      return { ...holder, inlinePolicies };
    });
  }

  getInline(accountId: string, name: string, policyName: string) {
    const holder = this.get(accountId, name);
    // Names are callers' own: `constructor` is one like any other.
    if (!Object.hasOwn(holder.inlinePolicies, policyName))
      throw noSuchNamed(`${this.noun} policy`, policyName);
    return { PolicyName: policyName, PolicyDocument: encodedDocument(holder.inlinePolicies[policyName]!) };
  }

  deleteInline(accountId: string, name: string, policyName: string): Promise<void> {
    return this.update(accountId, name, (holder) => {
      if (!Object.hasOwn(holder.inlinePolicies, policyName))
        throw noSuchNamed(`${this.noun} policy`, policyName);
      const { [policyName]: _removed, ...inlinePolicies } = holder.inlinePolicies;
      return { ...holder, inlinePolicies };
    });
  }

  listInline(accountId: string, name: string, input: PageInput) {
    const names = Object.keys(this.get(accountId, name).inlinePolicies);
    const { items, rest } = pageOf(names, (policyName) => policyName, input);
    return { PolicyNames: items, ...rest };
  }

  attach(accountId: string, name: string, policyArn: string): Promise<void> {
    return this.update(accountId, name, (holder) => {
      requirePolicyArn(policyArn);
      if (holder.attachedPolicies.includes(policyArn)) return holder;
      this.requireAttachable(accountId, policyArn);
      if (holder.attachedPolicies.length >= MAX_ATTACHED)
        throw quotaExceeded(ATTACHED_QUOTA[this.noun], MAX_ATTACHED);
      return { ...holder, attachedPolicies: [...holder.attachedPolicies, policyArn] };
    });
  }

  detach(accountId: string, name: string, policyArn: string): Promise<void> {
    return this.update(accountId, name, (holder) => {
      requirePolicyArn(policyArn);
      const attachedPolicies = holder.attachedPolicies.filter((arn) => arn !== policyArn);
      if (attachedPolicies.length === holder.attachedPolicies.length) throw noSuchPolicy(policyArn);
      return { ...holder, attachedPolicies };
    });
  }

  listAttached(
    accountId: string,
    name: string,
    input: PageInput & { readonly PathPrefix?: string | undefined },
  ) {
    const policies = this.get(accountId, name)
      .attachedPolicies.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }))
      .filter(({ PolicyArn }) => policyPath(PolicyArn).startsWith(input.PathPrefix ?? '/'));
    const { items, rest } = pageOf(policies, ({ PolicyArn }) => PolicyArn, input);
    return { AttachedPolicies: items, ...rest };
  }

  /** Throws `DeleteConflict` where one has policies. */
  requireNoPolicies({ attachedPolicies, inlinePolicies }: T): void {
    if (attachedPolicies.length > 0) throw mustFirst('detach all policies');
    if (Object.keys(inlinePolicies).length > 0) throw mustFirst('delete policies');
  }

  /** A policy of AWS's or of the same account. */
  requireAttachable(accountId: string, arn: string): void {
    requirePolicyArn(arn);
    const record = this.store.findPolicy(arn);
    if (record === undefined || (record.accountId !== 'aws' && record.accountId !== accountId))
      throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }

  /** Stores what `decide` makes of one, unless that is the same record. */
  update(accountId: string, name: string, decide: (holder: T) => T): Promise<void> {
    return this.store.change(async () => {
      const holder = this.get(accountId, name);
      const changed = decide(holder);
      if (changed !== holder) await this.table.save(changed);
    });
  }

  /** Throws `NoSuchEntity`. */
  get(accountId: string, name: string): T {
    const record = this.table.find(accountId, name);
    if (record === undefined) throw noSuchNamed(this.noun, name);
    return record;
  }
}

function policyPath(arn: string): string {
  return arn.slice(arn.indexOf('/'), arn.lastIndexOf('/') + 1);
}

/** Recorded from AWS, as the words of `PolicyHolders.requireAttachable`. */
function requirePolicyArn(arn: string): void {
  if (!/^arn:[^:]+:iam::[^:]*:policy\/.+$/.test(arn))
    throw validationError('Invalid ARN:  Could not be parsed!');
}
