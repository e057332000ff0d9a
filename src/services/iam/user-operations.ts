import { newUniqueId } from '../../core/access-key.ts';
import type { RequestContext } from '../../ports/service.ts';
import { describeDetails, describeUser } from './descriptions.ts';
import { boundedOperations, policyHolderOperations } from './holder-operations.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { alreadyExists, mustFirst, validationError } from './iam-errors.ts';
import type { UserRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { PolicyHolders } from './policy-holders.ts';
import { tagsOf } from './tags.ts';

export function userOperations({ store, clock, ids }: IamContext): IamOperations {
  const { users } = store;
  const policies = new PolicyHolders(store, users, 'user');
  return {
    CreateUser: (input, { accountId }) =>
      store.change(async () => {
        const name = input.UserName!;
        if (users.find(accountId, name) !== undefined) throw alreadyExists('User', name);
        const boundary = input.PermissionsBoundary;
        if (boundary !== undefined) policies.requireAttachable(accountId, boundary);
        const user: UserRecord = {
          accountId,
          name,
          path: input.Path ?? '/',
          id: newUniqueId('AIDA', ids),
          createdMs: clock.now(),
          inlinePolicies: {},
          attachedPolicies: [],
          boundary,
          tags: tagsOf(input.Tags),
          accessKeys: [],
          groups: [],
        };
        await users.save(user);
        return { User: { ...describeUser(user), ...describeDetails(user) } };
      }),

    async GetUser({ UserName }, caller) {
      const { accountId } = caller;
      if (UserName === undefined && isRoot(caller)) return { User: describeRoot(accountId) };
      const user = store.user(accountId, UserName ?? callingUser(caller));
      return { User: { ...describeUser(user), ...describeDetails(user) } };
    },

    async ListUsers(input, { accountId }) {
      const found = users.list(accountId).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { Users: items.map(describeUser), ...rest };
    },

    UpdateUser: (input, { accountId }) =>
      store.change(async () => {
        const user = store.user(accountId, input.UserName!);
        const name = input.NewUserName ?? user.name;
        const other = users.find(accountId, name);
        if (other !== undefined && other.id !== user.id) throw alreadyExists('User', name);
        await users.rename(user, { ...user, name, path: input.NewPath ?? user.path });
        return {};
      }),

    DeleteUser: (input, { accountId }) =>
      store.change(async () => {
        const user = store.user(accountId, input.UserName!);
        policies.requireNoPolicies(user);
        if (user.accessKeys.length > 0) throw mustFirst('delete access keys');
        if (user.groups.length > 0) throw mustFirst('remove users from group');
        await users.remove(user);
        return {};
      }),

    ...boundedOperations('User', policies),
    ...policyHolderOperations('User', policies),
  };
}

/** Of a key that is only a name, the account's root is meant. */
function isRoot({ identity }: RequestContext): boolean {
  return identity === undefined || identity.principal.kind === 'root';
}

/** AWS names no path and no name of the root user. How old the account is nobody here knows. */
function describeRoot(accountId: string) {
  const Arn = `arn:aws:iam::${accountId}:root`;
  return { Path: undefined, UserName: undefined, UserId: accountId, Arn, CreateDate: undefined };
}

/** The name of the user who calls, where a request leaves the name out. */
export function callingUser({ identity }: RequestContext): string {
  const name = identity?.principal.kind === 'user' ? identity.facts['aws:username'] : undefined;
  if (typeof name !== 'string')
    throw validationError('Must specify userName when calling with non-User credentials');
  return name;
}
