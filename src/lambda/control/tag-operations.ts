import type { RequestContext } from '../../ports/service.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import { mappingArn } from '../records/mapping-table.ts';
import { existingProvider } from './capacity-provider-operations.ts';
import { existingConfig } from './code-signing-operations.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { invalidParameter, notFound, notImplemented } from './lambda-errors.ts';
import type { Tags } from './resource-tags.ts';
import { checkTags } from './resource-tags.ts';

type TagOperations = Required<Pick<LambdaOperations, 'TagResource' | 'UntagResource' | 'ListTags'>>;

/** What can have tags. Both throw AWS's error where the resource is not there. */
interface TaggedResource {
  tags(): Tags;
  /** Stores what `decide` makes of the tags, while nothing else changes them. */
  change(decide: (tags: Tags) => Tags): Promise<void>;
}

export function tagOperations(context: ControlContext): TagOperations {
  return {
    async TagResource(input, caller) {
      const resource = taggedResource(context, 'TagResource', input.Resource ?? '', caller);
      resource.tags();
      const added = input.Tags ?? {};
      if (Object.keys(added).length === 0)
        throw invalidParameter('An error occurred and the request cannot be processed.');
      await resource.change((tags) => ({ ...tags, ...added }));
      return {};
    },

    async UntagResource(input, caller) {
      const resource = taggedResource(context, 'UntagResource', input.Resource ?? '', caller);
      const removed = new Set(input.TagKeys);
      await resource.change((tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))),
      );
      return {};
    },

    async ListTags(input, caller) {
      return { Tags: { ...taggedResource(context, 'ListTags', input.Resource ?? '', caller).tags() } };
    },
  };
}

function taggedResource(
  context: ControlContext,
  operation: string,
  resource: string,
  caller: RequestContext,
): TaggedResource {
  const kind = resource.split(':')[5] ?? '';
  if (kind === 'function') return taggedFunction(context, resource, caller);
  if (kind === 'code-signing-config') return taggedCodeSigningConfig(context, resource);
  if (kind === 'event-source-mapping') return taggedMapping(context, resource);
  if (kind === 'capacity-provider') return taggedCapacityProvider(context, resource, caller);
  throw notImplemented(operation, `resources of the kind ${kind}`);
}

function taggedFunction({ table }: ControlContext, resource: string, caller: RequestContext): TaggedResource {
  const identifier = parseFunctionIdentifier(resource, undefined, caller);
  const { accountId, region, functionName, qualifier } = identifier;
  if (qualifier !== undefined) {
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  const tags = (): Tags => {
    if (table.find(accountId, region, functionName, LATEST) === undefined) throw functionNotFound(identifier);
    return table.meta(accountId, region, functionName).tags;
  };
  return {
    tags,
    change: (decide) =>
      table.change(accountId, region, functionName, () => {
        const changed = checked(decide(tags()));
        return { meta: { ...table.meta(accountId, region, functionName), tags: changed } };
      }),
  };
}

function taggedCodeSigningConfig(context: ControlContext, arn: string): TaggedResource {
  return {
    tags: () => existingConfig(context, arn).tags,
    change: (decide) =>
      context.codeSigning.whileUnchanged(arn, async () => {
        const config = existingConfig(context, arn);
        await context.codeSigning.put({ ...config, tags: checked(decide(config.tags)) });
      }),
  };
}

function taggedCapacityProvider(
  context: ControlContext,
  arn: string,
  caller: RequestContext,
): TaggedResource {
  const { capacityProviders } = context;
  return {
    tags: () => existingProvider(context, arn, caller).tags,
    change: (decide) =>
      capacityProviders.whileUnchanged(arn, async () => {
        const provider = existingProvider(context, arn, caller);
        await capacityProviders.put({ ...provider, tags: checked(decide(provider.tags)) });
      }),
  };
}

function taggedMapping({ mappings }: ControlContext, arn: string): TaggedResource {
  const existing = (): MappingRecord => {
    const record = mappings.find(arn.slice(arn.lastIndexOf(':') + 1));
    if (record === undefined || mappingArn(record) !== arn)
      throw notFound(`Event source mapping not found: ${arn}`);
    return record;
  };
  return {
    tags: () => existing().tags,
    async change(decide) {
      const record = existing();
      await mappings.put({ ...record, tags: checked(decide(record.tags)) });
    },
  };
}

function checked(tags: Tags): Tags {
  checkTags(tags);
  return tags;
}
