import { newUniqueId } from '../../core/access-key.ts';
import { describeDetails, describeRole } from './descriptions.ts';
import { boundedOperations, policyHolderOperations } from './holder-operations.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { alreadyExists, mustFirst, quotaExceeded } from './iam-errors.ts';
import type { RoleRecord } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { policySize, trustPolicy } from './policy-checks.ts';
import { PolicyHolders } from './policy-holders.ts';
import { tagsOf } from './tags.ts';

/** Seconds; AWS's default. */
const DEFAULT_MAX_SESSION_SECONDS = 3_600;

/** Characters of a trust policy, white space left out: AWS's default quota. */
const MAX_TRUST_CHARACTERS = 2_048;

export function roleOperations({ store, clock, ids }: IamContext): IamOperations {
  const { roles } = store;
  const policies = new PolicyHolders(store, roles, 'role');
  return {
    CreateRole: (input, { accountId }) =>
      store.change(async () => {
        const name = input.RoleName!;
        checkTrust(input.AssumeRolePolicyDocument!);
        if (roles.find(accountId, name) !== undefined) throw alreadyExists('Role', name);
        const boundary = input.PermissionsBoundary;
        if (boundary !== undefined) policies.requireAttachable(accountId, boundary);
        const role: RoleRecord = {
          accountId,
          name,
          path: input.Path ?? '/',
          id: newUniqueId('AROA', ids),
          createdMs: clock.now(),
          inlinePolicies: {},
          attachedPolicies: [],
          boundary,
          tags: tagsOf(input.Tags),
          trustPolicy: input.AssumeRolePolicyDocument!,
          description: input.Description,
          maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_MAX_SESSION_SECONDS,
        };
        await roles.save(role);
        return { Role: { ...describeRole(role), ...describeDetails(role) } };
      }),

    async GetRole(input, { accountId }) {
      const role = store.role(accountId, input.RoleName!);
      return { Role: { ...listed(role), ...describeDetails(role), RoleLastUsed: {} } };
    },

    async ListRoles(input, { accountId }) {
      const found = roles.list(accountId).filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'));
      const { items, rest } = pageOf(found, ({ name }) => name, input);
      return { Roles: items.map(listed), ...rest };
    },

    async UpdateRole(input, { accountId }) {
      await policies.update(accountId, input.RoleName!, (role) => ({
        ...role,
        description: input.Description ?? role.description,
        maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_MAX_SESSION_SECONDS,
      }));
      return {};
    },

    async UpdateRoleDescription(input, { accountId }) {
      const { RoleName: name, Description: description } = input;
      await policies.update(accountId, name!, (role) => ({ ...role, description }));
      return { Role: listed(store.role(accountId, name!)) };
    },

    async UpdateAssumeRolePolicy(input, { accountId }) {
      await policies.update(accountId, input.RoleName!, (role) => {
        checkTrust(input.PolicyDocument!);
        return { ...role, trustPolicy: input.PolicyDocument! };
      });
      return {};
    },

    DeleteRole: (input, { accountId }) =>
      store.change(async () => {
        const role = store.role(accountId, input.RoleName!);
        const profiles = store.instanceProfiles.list(accountId);
        if (profiles.some((profile) => profile.role === role.name))
          throw mustFirst('remove roles from instance profile');
        policies.requireNoPolicies(role);
        await roles.remove(role);
        return {};
      }),

    ...boundedOperations('Role', policies),
    ...policyHolderOperations('Role', policies),
  };
}

function listed(role: RoleRecord) {
  return { ...describeRole(role), MaxSessionDuration: role.maxSessionSeconds };
}

function checkTrust(document: string): void {
  trustPolicy(document);
  if (policySize(document) > MAX_TRUST_CHARACTERS)
    throw quotaExceeded('ACLSizePerRole', MAX_TRUST_CHARACTERS);
}
