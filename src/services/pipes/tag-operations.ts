import { parseArn } from '../../core/arn.ts';
import type { PipeKey, PipeRecord } from './pipe-record.ts';
import type { PipesContext, PipesOperations } from './pipes-context.ts';
import { existingPipe } from './pipes-context.ts';
import { invalid, noSuchPipe } from './pipes-errors.ts';

/** Source: API reference of TagResource. */
const MAX_TAGS = 50;

type Names = 'TagResource' | 'UntagResource' | 'ListTagsForResource';

export function tagOperations(context: PipesContext): Required<Pick<PipesOperations, Names>> {
  const { table } = context;
  const keyOf = (text: string | undefined): PipeKey => {
    const arn = parseArn(text ?? '');
    if (arn?.service !== 'pipes' || !arn.resource.startsWith('pipe/'))
      throw invalid(`${text} is not the ARN of a pipe.`);
    const { accountId, region } = arn;
    return { accountId, region, name: arn.resource.slice('pipe/'.length) };
  };
  const change = (arn: string | undefined, decide: (tags: PipeRecord['tags']) => PipeRecord['tags']) => {
    const key = keyOf(arn);
    return table.change(key, (pipe) => {
      if (pipe === undefined) throw noSuchPipe(key.name);
      return { ...pipe, tags: decide(pipe.tags) };
    });
  };
  return {
    async TagResource({ resourceArn, tags: added }) {
      await change(resourceArn, (held) => {
        const tags = { ...held, ...added };
        if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A pipe can have up to ${MAX_TAGS} tags.`);
        return tags;
      });
      return {};
    },

    async UntagResource({ resourceArn, tagKeys = [] }) {
      await change(resourceArn, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !tagKeys.includes(key))),
      );
      return {};
    },

    async ListTagsForResource({ resourceArn }) {
      return { tags: { ...existingPipe(context, keyOf(resourceArn)).tags } };
    },
  };
}
