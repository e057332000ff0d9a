import type { CreateRepositoryRequest, Repository } from '@aws-sdk/client-ecr';
import type { RequestContext } from '../../ports/service.ts';
import type { EcrContext, EcrOperations } from './ecr-context.ts';
import { pageOf, registryOf } from './ecr-context.ts';
import { invalidParameter, notImplemented, repositoryNotEmpty } from './ecr-errors.ts';
import { parseRepositoryArn, registryHost } from './registry-address.ts';
import { TOKEN_USER } from './registry-tokens.ts';
import type { Registry, RepositoryRecord } from './repositories.ts';
import { repositoryArn } from './repository-policies.ts';

type RepositoryOperations = Required<
  Pick<
    EcrOperations,
    | 'CreateRepository'
    | 'DescribeRepositories'
    | 'DeleteRepository'
    | 'PutImageTagMutability'
    | 'GetAuthorizationToken'
    | 'TagResource'
    | 'UntagResource'
    | 'ListTagsForResource'
  >
>;

export function repositoryOperations({
  repositories,
  content,
  tokens,
  clock,
}: EcrContext): RepositoryOperations {
  return {
    async CreateRepository(input, caller) {
      refuseUnsupported(input);
      const record: RepositoryRecord = {
        ...registryOf(input, caller),
        name: input.repositoryName!,
        createdMs: clock.now(),
        tagMutability: mutability(input.imageTagMutability, 'CreateRepository'),
        tags: Object.fromEntries((input.tags ?? []).map(({ Key, Value }) => [Key!, Value ?? ''])),
        images: {},
        imageTags: {},
        layers: {},
      };
      await repositories.create(record);
      return { repository: described(record, caller) };
    },

    async DescribeRepositories(input, caller) {
      const registry = registryOf(input, caller);
      const names = input.repositoryNames;
      if (names !== undefined)
        return { repositories: names.map((name) => described(repositories.get(registry, name), caller)) };
      const { page, next } = pageOf(repositories.list(registry), input);
      return { repositories: page.map((record) => described(record, caller)), ...next };
    },

    async DeleteRepository(input, caller) {
      const registry = registryOf(input, caller);
      const deleted = await repositories.delete(registry, input.repositoryName!, (record) => {
        if (input.force !== true && Object.keys(record.images).length > 0) throw repositoryNotEmpty(record);
      });
      await content.discard([...Object.keys(deleted.images), ...Object.keys(deleted.layers)]);
      return { repository: described(deleted, caller) };
    },

    async PutImageTagMutability(input, caller) {
      const registry = registryOf(input, caller);
      const tagMutability = mutability(input.imageTagMutability, 'PutImageTagMutability');
      if (input.imageTagMutabilityExclusionFilters !== undefined)
        throw notImplemented('PutImageTagMutability', 'imageTagMutabilityExclusionFilters');
      const { name } = await repositories.change(registry, input.repositoryName!, (record) => ({
        ...record,
        tagMutability,
      }));
      return { registryId: registry.accountId, repositoryName: name, imageTagMutability: tagMutability };
    },

    async GetAuthorizationToken(input, caller) {
      const ids = input.registryIds ?? [caller.accountId];
      return {
        authorizationData: ids.map((accountId) => {
          const registry: Registry = { accountId, region: caller.region };
          // It has the caller's permissions, whichever registry it was asked for.
          const { password, expiresMs } = tokens.issue({
            registry: { ...registry, accountId: caller.accountId },
            principal: caller.identity?.principal,
          });
          return {
            authorizationToken: Buffer.from(`${TOKEN_USER}:${password}`).toString('base64'),
            expiresAt: new Date(expiresMs),
            proxyEndpoint: `http://${registryHost(registry, caller.origin)}`,
          };
        }),
      };
    },

    async TagResource(input, caller) {
      const added = Object.fromEntries((input.tags ?? []).map(({ Key, Value }) => [Key!, Value ?? '']));
      const { registry, name } = resource(input.resourceArn, caller);
      await repositories.change(registry, name, (record) => ({
        ...record,
        tags: { ...record.tags, ...added },
      }));
      return {};
    },

    async UntagResource(input, caller) {
      const removed = new Set(input.tagKeys);
      const { registry, name } = resource(input.resourceArn, caller);
      await repositories.change(registry, name, (record) => ({
        ...record,
        tags: Object.fromEntries(Object.entries(record.tags).filter(([key]) => !removed.has(key))),
      }));
      return {};
    },

    async ListTagsForResource(input, caller) {
      const { registry, name } = resource(input.resourceArn, caller);
      const { tags } = repositories.get(registry, name);
      return { tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

function described(record: RepositoryRecord, { origin }: RequestContext): Repository {
  const { accountId, name, createdMs, tagMutability } = record;
  return {
    repositoryArn: repositoryArn(record),
    registryId: accountId,
    repositoryName: name,
    repositoryUri: `${registryHost(record, origin)}/${name}`,
    createdAt: new Date(createdMs),
    imageTagMutability: tagMutability,
    imageScanningConfiguration: { scanOnPush: false },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
}

/** Throws for what is no repository of the caller's region. */
function resource(arn: string | undefined, caller: RequestContext): { registry: Registry; name: string } {
  const found = parseRepositoryArn(arn ?? '');
  if (found?.registry.region !== caller.region)
    throw invalidParameter("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'");
  return found;
}

function mutability(wanted: string | undefined, operation: string): RepositoryRecord['tagMutability'] {
  if (wanted === undefined || wanted === 'MUTABLE') return 'MUTABLE';
  if (wanted === 'IMMUTABLE') return 'IMMUTABLE';
  throw notImplemented(operation, `imageTagMutability ${wanted}`);
}

/** Settings that would do nothing are refused by name instead of being kept. */
function refuseUnsupported(input: CreateRepositoryRequest): void {
  const refuse = (part: string): never => {
    throw notImplemented('CreateRepository', part);
  };
  const encryption = input.encryptionConfiguration?.encryptionType;
  if (encryption !== undefined && encryption !== 'AES256') refuse(`encryptionType ${encryption}`);
  if (input.imageScanningConfiguration?.scanOnPush === true) refuse('scanOnPush');
  if (input.imageTagMutabilityExclusionFilters !== undefined) refuse('imageTagMutabilityExclusionFilters');
}
