/** Who uses a managed policy: counted when asked, so that no count can go wrong. */
import type { BoundedRecord, PolicyHolder } from './iam-records.ts';
import type { IamStore } from './iam-store.ts';

export interface PolicyUser {
  readonly type: 'User' | 'Group' | 'Role';
  readonly record: PolicyHolder;
}

export interface PolicyUse {
  readonly attached: readonly PolicyUser[];
  readonly bounding: readonly PolicyUser[];
}

/** How often each managed policy is attached and a boundary, by ARN; in one pass over all that can have some. */
export class PolicyCounts {
  private readonly attachments = new Map<string, number>();
  private readonly boundaries = new Map<string, number>();

  constructor(store: IamStore, accountId: string) {
    const bounded = [...store.users.list(accountId), ...store.roles.list(accountId)];
    for (const { attachedPolicies } of [...bounded, ...store.groups.list(accountId)])
      for (const arn of attachedPolicies) increment(this.attachments, arn);
    for (const { boundary } of bounded) if (boundary !== undefined) increment(this.boundaries, boundary);
  }

  attached(arn: string): number {
    return this.attachments.get(arn) ?? 0;
  }

  bounding(arn: string): number {
    return this.boundaries.get(arn) ?? 0;
  }
}

function increment(counts: Map<string, number>, arn: string): void {
  counts.set(arn, (counts.get(arn) ?? 0) + 1);
}

export function policyUse(store: IamStore, accountId: string, arn: string): PolicyUse {
  const users = store.users.list(accountId).map((record) => ({ type: 'User' as const, record }));
  const roles = store.roles.list(accountId).map((record) => ({ type: 'Role' as const, record }));
  const groups = store.groups.list(accountId).map((record) => ({ type: 'Group' as const, record }));
  const bounds = ({ record }: { readonly record: BoundedRecord }): boolean => record.boundary === arn;
  return {
    attached: [...users, ...roles, ...groups].filter(({ record }) => record.attachedPolicies.includes(arn)),
    bounding: [...users, ...roles].filter(bounds),
  };
}
