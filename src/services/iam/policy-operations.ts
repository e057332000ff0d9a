/** Managed policies and their versions. */
import { newUniqueId } from '../../core/access-key.ts';
import { AwsError } from '../../core/errors.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';
import { describePolicy } from './descriptions.ts';
import type { IamContext, IamOperations } from './iam-context.ts';
import { noSuchEntity, quotaExceeded } from './iam-errors.ts';
import type { PolicyRecord, PolicyVersionRecord } from './iam-records.ts';
import { iamArn } from './iam-records.ts';
import { pageOf } from './pages.ts';
import { encodedDocument, identityPolicy, policySize } from './policy-checks.ts';
import { PolicyCounts, policyUse } from './policy-use.ts';
import { tagMember, tagPage, tagsOf, withoutTags, withTags } from './tags.ts';

/** Characters of a document, white space left out. */
const MAX_POLICY_CHARACTERS = 6_144;
const MAX_VERSIONS = 5;

export function policyOperations({ store, clock, ids }: IamContext): IamOperations {
  const { policies } = store;
  const described = (
    policy: PolicyRecord,
    accountId: string,
    counts: PolicyCounts = new PolicyCounts(store, accountId),
  ) => {
    const arn = iamArn('policy', policy);
    return describePolicy(policy, counts.attached(arn), counts.bounding(arn));
  };
  /** One of the caller's account, to be changed. */
  const owned = (arn: string, accountId: string): PolicyRecord => {
    const record = store.policy(arn);
    if (record.accountId !== accountId)
      throw new AwsError('AccessDenied', `Policy is outside your own account.`, {}, 403);
    return record;
  };
  const update = (arn: string, accountId: string, decide: (policy: PolicyRecord) => PolicyRecord) =>
    store.change(async () => {
      const changed = decide(owned(arn, accountId));
      await policies.save(changed);
      return changed;
    });
  return {
    CreatePolicy: (input, { accountId }) =>
      store.change(async () => {
        const name = input.PolicyName!;
        checkDocument(input.PolicyDocument!);
        if (policies.find(accountId, name) !== undefined) {
          const words = `A policy called ${name} already exists. Duplicate names are not allowed.`;
          throw new AwsError('EntityAlreadyExists', words);
        }
        const createdMs = clock.now();
        const policy: PolicyRecord = {
          accountId,
          name,
          path: input.Path ?? '/',
          id: newUniqueId('ANPA', ids),
          createdMs,
          updatedMs: createdMs,
          description: input.Description,
          tags: tagsOf(input.Tags),
          versions: [{ id: 'v1', document: input.PolicyDocument!, createdMs }],
          defaultVersion: 'v1',
          lastVersion: 1,
        };
        await policies.save(policy);
        return { Policy: { ...described(policy, accountId), ...tagMember(policy.tags) } };
      }),

    async GetPolicy(input, { accountId }) {
      const policy = store.policy(input.PolicyArn!);
      const { description } = policy;
      return {
        Policy: {
          ...described(policy, accountId),
          ...(description === undefined ? {} : { Description: description }),
          ...tagMember(policy.tags),
        },
      };
    },

    async ListPolicies(input, { accountId }) {
      const counts = new PolicyCounts(store, accountId);
      const { Scope = 'All', OnlyAttached, PathPrefix = '/', PolicyUsageFilter } = input;
      const found = [
        ...(Scope === 'AWS' ? [] : policies.list(accountId)),
        ...(Scope === 'Local' ? [] : awsManagedPolicies()),
      ]
        .filter(({ path }) => path.startsWith(PathPrefix))
        .map((policy) => described(policy, accountId, counts))
        .filter(({ AttachmentCount }) => OnlyAttached !== true || AttachmentCount > 0)
        .filter(({ AttachmentCount, PermissionsBoundaryUsageCount }) =>
          PolicyUsageFilter === undefined
            ? true
            : (PolicyUsageFilter === 'PermissionsPolicy' ? AttachmentCount : PermissionsBoundaryUsageCount) >
              0,
        );
      const { items, rest } = pageOf(found, ({ Arn }) => Arn, input);
      return { Policies: items, ...rest };
    },

    DeletePolicy: (input, { accountId }) =>
      store.change(async () => {
        const policy = owned(input.PolicyArn!, accountId);
        const { attached, bounding } = policyUse(store, accountId, input.PolicyArn!);
        if (attached.length + bounding.length > 0)
          throw new AwsError('DeleteConflict', 'Cannot delete a policy attached to entities.');
        if (policy.versions.length > 1) {
          throw new AwsError(
            'DeleteConflict',
            "This policy has more than one version. Before you delete a policy, you must delete the policy's " +
              'versions. The default version is deleted with the policy.',
          );
        }
        await policies.remove(policy);
        return {};
      }),

    async CreatePolicyVersion(input, { accountId }) {
      const createdMs = clock.now();
      const changed = await update(input.PolicyArn!, accountId, (policy) => {
        checkDocument(input.PolicyDocument!);
        if (policy.versions.length >= MAX_VERSIONS) {
          throw new AwsError(
            'LimitExceeded',
            `A managed policy can have up to ${MAX_VERSIONS} versions. Before you create a new version, you must ` +
              'delete an existing version.',
          );
        }
        const lastVersion = policy.lastVersion + 1;
        const version = { id: `v${lastVersion}`, document: input.PolicyDocument!, createdMs };
        return {
          ...policy,
          lastVersion,
          versions: [...policy.versions, version],
          defaultVersion: input.SetAsDefault === true ? version.id : policy.defaultVersion,
          updatedMs: createdMs,
        };
      });
      return { PolicyVersion: describeVersion(changed, changed.versions.at(-1)!) };
    },

    async GetPolicyVersion(input) {
      const policy = store.policy(input.PolicyArn!);
      const version = versionOf(policy, input.VersionId!);
      return {
        PolicyVersion: { ...describeVersion(policy, version), Document: encodedDocument(version.document) },
      };
    },

    async ListPolicyVersions(input) {
      const policy = store.policy(input.PolicyArn!);
      const { items, rest } = pageOf([...policy.versions].reverse(), newestFirst, input);
      return { Versions: items.map((version) => describeVersion(policy, version)), ...rest };
    },

    async SetDefaultPolicyVersion(input, { accountId }) {
      await update(input.PolicyArn!, accountId, (policy) => ({
        ...policy,
        defaultVersion: versionOf(policy, input.VersionId!).id,
        updatedMs: clock.now(),
      }));
      return {};
    },

    async DeletePolicyVersion(input, { accountId }) {
      await update(input.PolicyArn!, accountId, (policy) => {
        const { id } = versionOf(policy, input.VersionId!);
        if (id === policy.defaultVersion)
          throw new AwsError('DeleteConflict', 'Cannot delete the default version of a policy.');
        return { ...policy, versions: policy.versions.filter((version) => version.id !== id) };
      });
      return {};
    },

    async ListEntitiesForPolicy(input, { accountId }) {
      const arn = input.PolicyArn!;
      store.policy(arn);
      const { attached, bounding } = policyUse(store, accountId, arn);
      const used = input.PolicyUsageFilter === 'PermissionsBoundary' ? bounding : attached;
      const wanted = used
        .filter(
          ({ type }) =>
            input.EntityFilter === undefined || type.toLowerCase() === input.EntityFilter.toLowerCase(),
        )
        .filter(({ record }) => record.path.startsWith(input.PathPrefix ?? '/'));
      const { items, rest } = pageOf(wanted, ({ type, record }) => `${type}/${record.name}`, input);
      const of = (kind: string) => items.filter(({ type }) => type === kind).map(({ record }) => record);
      return {
        PolicyGroups: of('Group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of('User').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('Role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...rest,
      };
    },

    async TagPolicy(input, { accountId }) {
      await update(input.PolicyArn!, accountId, (policy) => ({
        ...policy,
        tags: withTags(policy.tags, input.Tags, 'TagsPerPolicy'),
      }));
      return {};
    },
    async UntagPolicy(input, { accountId }) {
      await update(input.PolicyArn!, accountId, (policy) => ({
        ...policy,
        tags: withoutTags(policy.tags, input.TagKeys),
      }));
      return {};
    },
    async ListPolicyTags(input) {
      return tagPage(store.policy(input.PolicyArn!).tags, input);
    },
  };
}

function versionOf(policy: PolicyRecord, id: string): PolicyVersionRecord {
  const version = policy.versions.find((each) => each.id === id);
  if (version !== undefined) return version;
  throw noSuchEntity(`Policy ${iamArn('policy', policy)} version ${id} does not exist or is not attachable.`);
}

export function describeVersion(policy: PolicyRecord, { id, createdMs }: PolicyVersionRecord) {
  return { VersionId: id, IsDefaultVersion: id === policy.defaultVersion, CreateDate: new Date(createdMs) };
}

const NUMBER_DIGITS = 9;

/** A name that sorts the newest version first. */
function newestFirst({ id }: PolicyVersionRecord): string {
  return String(10 ** NUMBER_DIGITS - Number(id.slice(1))).padStart(NUMBER_DIGITS + 1, '0');
}

function checkDocument(document: string): void {
  identityPolicy(document);
  if (policySize(document) > MAX_POLICY_CHARACTERS) throw quotaExceeded('PolicySize', MAX_POLICY_CHARACTERS);
}
