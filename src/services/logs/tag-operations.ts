import { AwsError } from '../../core/errors.ts';
import type { LogGroupRecord } from './groups.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { groupByIdentifier } from './names.ts';

/** Tags a log group may have. */
const MAX_TAGS = 50;

type TagOperations =
  | 'TagResource'
  | 'UntagResource'
  | 'ListTagsForResource'
  | 'TagLogGroup'
  | 'UntagLogGroup'
  | 'ListTagsLogGroup';

/** The family by ARN and the older one by name act on the same tags. */
export function tagOperations({ groups }: LogsContext): Required<Pick<LogsOperations, TagOperations>> {
  const tag = async (group: LogGroupRecord, added: Readonly<Record<string, string>>) => {
    const tags = { ...group.tags, ...added };
    if (Object.keys(tags).length > MAX_TAGS) {
      throw new AwsError('TooManyTagsException', `Resource can have at most ${MAX_TAGS} tags`, {
        resourceName: group.name,
      });
    }
    await groups.update({ ...group, tags });
    return {};
  };
  const untag = async (group: LogGroupRecord, keys: readonly string[]) => {
    const kept = Object.entries(group.tags).filter(([key]) => !keys.includes(key));
    await groups.update({ ...group, tags: Object.fromEntries(kept) });
    return {};
  };
  return {
    TagResource: async (input, context) =>
      tag(groupByIdentifier(groups, context, input.resourceArn!), input.tags!),
    UntagResource: async (input, context) =>
      untag(groupByIdentifier(groups, context, input.resourceArn!), input.tagKeys!),
    ListTagsForResource: async (input, context) => ({
      tags: groupByIdentifier(groups, context, input.resourceArn!).tags,
    }),
    TagLogGroup: async (input, context) => tag(groups.get(context, input.logGroupName!), input.tags!),
    UntagLogGroup: async (input, context) => untag(groups.get(context, input.logGroupName!), input.tags!),
    ListTagsLogGroup: async (input, context) => ({ tags: groups.get(context, input.logGroupName!).tags }),
  };
}
