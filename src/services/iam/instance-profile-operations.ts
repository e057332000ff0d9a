/** Instance profiles: what tools make beside a role so that instances may take it. */
import { newUniqueId } from '../../core/access-key.ts';
import { AwsError } from '../../core/errors.ts';
import { describeProfile } from './descriptions.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { mustFirst, noSuchEntity, quotaExceeded } from './iam-errors.ts';
import type { InstanceProfileRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { tagMember, tagsOf } from './tags.ts';

const MAX_ROLES = 1;

export function instanceProfileOperations({ store, clock, ids }: IamContext): IamOperations {
  const { instanceProfiles: profiles } = store;
  const get = (accountId: string, name: string): InstanceProfileRecord => {
    const record = profiles.find(accountId, name);
    if (record === undefined) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
    return record;
  };
  const described = (profile: InstanceProfileRecord) => {
    const role = profile.role === undefined ? undefined : store.roles.find(profile.accountId, profile.role);
    return describeProfile(profile, role);
  };
  return {
    CreateInstanceProfile: (input, { accountId }) =>
      store.change(async () => {
        const name = input.InstanceProfileName!;
        if (profiles.find(accountId, name) !== undefined)
          throw new AwsError('EntityAlreadyExists', `Instance Profile ${name} already exists.`);
        const profile: InstanceProfileRecord = {
          accountId,
          name,
          path: input.Path ?? '/',
          id: newUniqueId('AIPA', ids),
          createdMs: clock.now(),
          tags: tagsOf(input.Tags),
        };
        await profiles.save(profile);
        return { InstanceProfile: { ...described(profile), ...tagMember(profile.tags) } };
      }),

    async GetInstanceProfile(input, { accountId }) {
      const profile = get(accountId, input.InstanceProfileName!);
      return { InstanceProfile: { ...described(profile), ...tagMember(profile.tags) } };
    },

    DeleteInstanceProfile: (input, { accountId }) =>
      store.change(async () => {
        const profile = get(accountId, input.InstanceProfileName!);
        if (profile.role !== undefined) throw mustFirst('remove roles from instance profile');
        await profiles.remove(profile);
        return {};
      }),

    AddRoleToInstanceProfile: (input, { accountId }) =>
      store.change(async () => {
        const profile = get(accountId, input.InstanceProfileName!);
        const role = store.role(accountId, input.RoleName!);
        if (profile.role !== undefined) throw quotaExceeded('InstanceSessionsPerInstanceProfile', MAX_ROLES);
        await profiles.save({ ...profile, role: role.name });
        return {};
      }),

    RemoveRoleFromInstanceProfile: (input, { accountId }) =>
      store.change(async () => {
        const profile = get(accountId, input.InstanceProfileName!);
        const name = input.RoleName!;
        if (profile.role !== store.role(accountId, name).name)
          throw noSuchEntity(`Role ${name} is not in Instance Profile ${profile.name}.`);
        const { role: _removed, ...rest } = profile;
        await profiles.save(rest);
        return {};
      }),

    async ListInstanceProfiles(input, { accountId }) {
      const found = profiles.list(accountId).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { InstanceProfiles: items.map(described), ...rest };
    },

    async ListInstanceProfilesForRole(input, { accountId }) {
      const role = store.role(accountId, input.RoleName!);
      const found = profiles.list(accountId).filter((profile) => profile.role === role.name);
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { InstanceProfiles: items.map(described), ...rest };
    },
  };
}
