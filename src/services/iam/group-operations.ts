import { newUniqueId } from '../../core/access-key.ts';
import { describeGroup, describeUser } from './descriptions.ts';
import { policyHolderOperations } from './holder-operations.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { alreadyExists, mustFirst, quotaExceeded } from './iam-errors.ts';
import type { GroupRecord, UserRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { PolicyHolders } from './policy-holders.ts';

/** AWS's quota of groups that one user is in. */
const MAX_GROUPS = 10;

export function groupOperations({ store, clock, ids }: IamContext): IamOperations {
  const { groups, users } = store;
  const policies = new PolicyHolders(store, groups, 'group');
  const membersOf = ({ accountId, id }: GroupRecord): UserRecord[] =>
    users.list(accountId).filter((user) => user.groups.includes(id));
  return {
    CreateGroup: (input, { accountId }) =>
      store.change(async () => {
        const name = input.GroupName!;
        if (groups.find(accountId, name) !== undefined) throw alreadyExists('Group', name);
        const group: GroupRecord = {
          accountId,
          name,
          path: input.Path ?? '/',
          id: newUniqueId('AGPA', ids),
          createdMs: clock.now(),
          inlinePolicies: {},
          attachedPolicies: [],
        };
        await groups.save(group);
        return { Group: describeGroup(group) };
      }),

    async GetGroup(input, { accountId }) {
      const group = store.group(accountId, input.GroupName!);
      const { items, rest } = pageOf(membersOf(group), ({ name }) => name, input);
      return { Group: describeGroup(group), Users: items.map(describeUser), ...rest };
    },

    async ListGroups(input, { accountId }) {
      const found = groups.list(accountId).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { Groups: items.map(describeGroup), ...rest };
    },

    UpdateGroup: (input, { accountId }) =>
      store.change(async () => {
        const group = store.group(accountId, input.GroupName!);
        const name = input.NewGroupName ?? group.name;
        const other = groups.find(accountId, name);
        if (other !== undefined && other.id !== group.id) throw alreadyExists('Group', name);
        await groups.rename(group, { ...group, name, path: input.NewPath ?? group.path });
        return {};
      }),

    DeleteGroup: (input, { accountId }) =>
      store.change(async () => {
        const group = store.group(accountId, input.GroupName!);
        policies.requireNoPolicies(group);
        if (membersOf(group).length > 0) throw mustFirst('remove users from group');
        await groups.remove(group);
        return {};
      }),

    AddUserToGroup: (input, { accountId }) =>
      store.change(async () => {
        const group = store.group(accountId, input.GroupName!);
        const user = store.user(accountId, input.UserName!);
        if (user.groups.includes(group.id)) return {};
        if (user.groups.length >= MAX_GROUPS) throw quotaExceeded('GroupsPerUser', MAX_GROUPS);
        await users.save({ ...user, groups: [...user.groups, group.id] });
        return {};
      }),

    RemoveUserFromGroup: (input, { accountId }) =>
      store.change(async () => {
        const group = store.group(accountId, input.GroupName!);
        const user = store.user(accountId, input.UserName!);
        await users.save({ ...user, groups: user.groups.filter((id) => id !== group.id) });
        return {};
      }),

    async ListGroupsForUser(input, { accountId }) {
      const user = store.user(accountId, input.UserName!);
      const found = store.groupsOf(user);
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { Groups: items.map(describeGroup), ...rest };
    },

    ...policyHolderOperations('Group', policies),
  };
}
