/** GetAccountAuthorizationDetails: everything that decides on permissions, in one list. */
import { awsManagedPolicies } from './aws-managed-policies.ts';
import {
  describeBoundary,
  describeGroup,
  describePolicy,
  describeProfile,
  describeRole,
  describeUser,
} from './descriptions.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import type { GroupRecord, PolicyHolder, PolicyRecord, RoleRecord, UserRecord } from './iam-records.ts';
import { iamArn } from './iam-records.ts';
import type { IamStore } from './iam-store.ts';
import { pageOf } from './pages.ts';
import { encodedDocument } from './policy-checks.ts';
import { describeVersion } from './policy-operations.ts';
import { PolicyCounts } from './policy-use.ts';
import { tagList } from './tags.ts';

type Entity =
  | { readonly kind: 'User'; readonly record: UserRecord }
  | { readonly kind: 'Group'; readonly record: GroupRecord }
  | { readonly kind: 'Role'; readonly record: RoleRecord }
  | { readonly kind: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly record: PolicyRecord };

export function authorizationDetailsOperations({ store }: IamContext): IamOperations {
  return {
    async GetAccountAuthorizationDetails(input, { accountId }) {
      const { Filter: filter = [] } = input;
      const counts = new PolicyCounts(store, accountId);
      const entities = entitiesOf(store, accountId, counts).filter(
        ({ kind }) => filter.length === 0 || filter.includes(kind),
      );
      const { items, rest } = pageOf(
        entities,
        ({ kind, record }) => `${kind}/${record.path}${record.name}`,
        input,
      );
      return {
        UserDetailList: items.flatMap((item) =>
          item.kind === 'User' ? [userDetail(store, item.record)] : [],
        ),
        GroupDetailList: items.flatMap((item) => (item.kind === 'Group' ? [groupDetail(item.record)] : [])),
        RoleDetailList: items.flatMap((item) =>
          item.kind === 'Role' ? [roleDetail(store, item.record)] : [],
        ),
        Policies: items.flatMap((item) =>
          item.kind === 'LocalManagedPolicy' || item.kind === 'AWSManagedPolicy'
            ? [policyDetail(counts, item.record)]
            : [],
        ),
        ...rest,
      };
    },
  };
}

function entitiesOf(store: IamStore, accountId: string, counts: PolicyCounts): Entity[] {
  const used = (policy: PolicyRecord): boolean => {
    const arn = iamArn('policy', policy);
    return counts.attached(arn) + counts.bounding(arn) > 0;
  };
  return [
    ...store.users.list(accountId).map((record) => ({ kind: 'User' as const, record })),
    ...store.groups.list(accountId).map((record) => ({ kind: 'Group' as const, record })),
    ...store.roles.list(accountId).map((record) => ({ kind: 'Role' as const, record })),
    ...store.policies.list(accountId).map((record) => ({ kind: 'LocalManagedPolicy' as const, record })),
    // Of AWS's own, those in use.
    ...awsManagedPolicies()
      .filter(used)
      .map((record) => ({ kind: 'AWSManagedPolicy' as const, record })),
  ];
}

function inlineList({ inlinePolicies }: PolicyHolder) {
  return Object.entries(inlinePolicies).map(([PolicyName, document]) => ({
    PolicyName,
    PolicyDocument: encodedDocument(document),
  }));
}

function attachedList({ attachedPolicies }: PolicyHolder) {
  return attachedPolicies.map((arn) => ({
    PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
    PolicyArn: arn,
  }));
}

function userDetail(store: IamStore, user: UserRecord) {
  return {
    ...describeUser(user),
    ...describeBoundary(user),
    GroupList: store.groupsOf(user).map(({ name }) => name),
    UserPolicyList: inlineList(user),
    AttachedManagedPolicies: attachedList(user),
    Tags: tagList(user.tags),
  };
}

function groupDetail(group: GroupRecord) {
  return {
    ...describeGroup(group),
    GroupPolicyList: inlineList(group),
    AttachedManagedPolicies: attachedList(group),
  };
}

function roleDetail(store: IamStore, role: RoleRecord) {
  const { Description: _unlisted, ...described } = { Description: undefined, ...describeRole(role) };
  const profiles = store.instanceProfiles
    .list(role.accountId)
    .filter((profile) => profile.role === role.name);
  return {
    ...described,
    ...describeBoundary(role),
    InstanceProfileList: profiles.map((profile) => describeProfile(profile, role)),
    RolePolicyList: inlineList(role),
    AttachedManagedPolicies: attachedList(role),
    Tags: tagList(role.tags),
    RoleLastUsed: {},
  };
}

function policyDetail(counts: PolicyCounts, policy: PolicyRecord) {
  const arn = iamArn('policy', policy);
  return {
    ...describePolicy(policy, counts.attached(arn), counts.bounding(arn)),
    PolicyVersionList: policy.versions.map((version) => ({
      ...describeVersion(policy, version),
      Document: encodedDocument(version.document),
    })),
  };
}
