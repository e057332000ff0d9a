import { newUniqueId } from '../../core/access-key.ts';
import type { RequestContext } from '../../ports/service.ts';
import { describeDetails, describeUser } from './descriptions.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { alreadyExists, mustFirst, noSuchEntity, validationError } from './iam-errors.ts';
import type { UserRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { PolicyHolders, requireAttachable } from './policy-holders.ts';
import { tagPage, tagsOf, withoutTags, withTags } from './tags.ts';

export function userOperations({ store, clock, ids }: IamContext): IamOperations {
  const { users } = store;
  const policies = new PolicyHolders(store, users, 'user');
  const update = (accountId: string, name: string, decide: (user: UserRecord) => UserRecord): Promise<void> =>
    store.change(() => users.save(decide(store.user(accountId, name))));
  return {
    CreateUser: (input, { accountId }) =>
      store.change(async () => {
        const name = input.UserName!;
        if (users.find(accountId, name) !== undefined) throw alreadyExists('User', name);
        const boundary = input.PermissionsBoundary;
        if (boundary !== undefined) requireAttachable(store, accountId, boundary);
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

    async TagUser(input, { accountId }) {
      await update(accountId, input.UserName!, (user) => ({
        ...user,
        tags: withTags(user.tags, input.Tags, 'TagsPerUser'),
      }));
      return {};
    },
    async UntagUser(input, { accountId }) {
      await update(accountId, input.UserName!, (user) => ({
        ...user,
        tags: withoutTags(user.tags, input.TagKeys),
      }));
      return {};
    },
    async ListUserTags(input, { accountId }) {
      return tagPage(store.user(accountId, input.UserName!).tags, input);
    },

    async PutUserPermissionsBoundary(input, { accountId }) {
      await update(accountId, input.UserName!, (user) => {
        requireAttachable(store, accountId, input.PermissionsBoundary!);
        return { ...user, boundary: input.PermissionsBoundary };
      });
      return {};
    },
    async DeleteUserPermissionsBoundary(input, { accountId }) {
      await update(accountId, input.UserName!, (user) => {
        if (user.boundary === undefined) throw noBoundary('user', user.name);
        return { ...user, boundary: undefined };
      });
      return {};
    },

    async PutUserPolicy(input, { accountId }) {
      await policies.putInline(accountId, input.UserName!, input.PolicyName!, input.PolicyDocument!);
      return {};
    },
    async GetUserPolicy(input, { accountId }) {
      const found = policies.getInline(accountId, input.UserName!, input.PolicyName!);
      return { UserName: input.UserName!, ...found };
    },
    async DeleteUserPolicy(input, { accountId }) {
      await policies.deleteInline(accountId, input.UserName!, input.PolicyName!);
      return {};
    },
    async ListUserPolicies(input, { accountId }) {
      return policies.listInline(accountId, input.UserName!, input);
    },
    async AttachUserPolicy(input, { accountId }) {
      await policies.attach(accountId, input.UserName!, input.PolicyArn!);
      return {};
    },
    async DetachUserPolicy(input, { accountId }) {
      await policies.detach(accountId, input.UserName!, input.PolicyArn!);
      return {};
    },
    async ListAttachedUserPolicies(input, { accountId }) {
      return policies.listAttached(accountId, input.UserName!, input);
    },
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

export function noBoundary(noun: string, name: string): Error {
  return noSuchEntity(`The ${noun} with name ${name} does not have a permissions boundary.`);
}
