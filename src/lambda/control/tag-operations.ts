import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { MAX_TAGS } from './control-limits.ts';
import { invalidParameter, notImplemented } from './lambda-errors.ts';

type TagOperations = Required<Pick<LambdaOperations, 'TagResource' | 'UntagResource' | 'ListTags'>>;

export function tagOperations(context: ControlContext): TagOperations {
  const { table } = context;
  const change = (
    resource: FunctionIdentifier,
    decide: (tags: Readonly<Record<string, string>>) => Record<string, string>,
  ): Promise<void> => {
    const { accountId, region, functionName } = resource;
    return table.change(accountId, region, functionName, () => {
      if (table.find(accountId, region, functionName, LATEST) === undefined) throw functionNotFound(resource);
      const meta = table.meta(accountId, region, functionName);
      const tags = decide(meta.tags);
      checkTags(tags);
      return { meta: { ...meta, tags } };
    });
  };
  return {
    async TagResource(input, caller) {
      const resource = taggedFunction('TagResource', input.Resource ?? '', caller);
      const { accountId, region, functionName } = resource;
      if (table.find(accountId, region, functionName, LATEST) === undefined) throw functionNotFound(resource);
      const added = input.Tags ?? {};
      if (Object.keys(added).length === 0)
        throw invalidParameter('An error occurred and the request cannot be processed.');
      await change(resource, (tags) => ({ ...tags, ...added }));
      return {};
    },

    async UntagResource(input, caller) {
      const resource = taggedFunction('UntagResource', input.Resource ?? '', caller);
      const removed = new Set(input.TagKeys);
      await change(resource, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))),
      );
      return {};
    },

    async ListTags(input, caller) {
      const resource = taggedFunction('ListTags', input.Resource ?? '', caller);
      const { accountId, region, functionName } = resource;
      if (table.find(accountId, region, functionName, LATEST) === undefined) throw functionNotFound(resource);
      return { Tags: { ...table.meta(accountId, region, functionName).tags } };
    },
  };
}

/** Resources that none can exist of yet, as AWS names them in its answer. */
const RESOURCE_NOUNS: Readonly<Record<string, string>> = {
  'event-source-mapping': 'Event source mapping',
  'capacity-provider': 'Capacity provider',
};

function taggedFunction(operation: string, resource: string, caller: RequestContext): FunctionIdentifier {
  const kind = resource.split(':')[5] ?? '';
  const noun = RESOURCE_NOUNS[kind];
  if (kind !== 'function' && noun === undefined)
    throw notImplemented(operation, `resources of the kind ${kind}`);
  if (noun !== undefined)
    throw new AwsError('ResourceNotFoundException', `${noun} not found: ${resource}`, { Type: 'User' });
  const identifier = parseFunctionIdentifier(resource, undefined, caller);
  if (identifier.qualifier !== undefined) {
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  return identifier;
}

/** Keys that begin with `aws:` belong to AWS; 50 tags at most. Source: Lambda developer guide, "Using tags". */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const names = Object.keys(tags);
  if (names.length > MAX_TAGS) throw invalidParameter(`Number of tags exceeds resource tag limit.`);
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw invalidParameter('An error occurred and the request cannot be processed.');
  }
}
