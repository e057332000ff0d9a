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
