import { parseArn } from '../../core/arn.ts';
import type { PipeRecord } from './pipe-record.ts';
import type { PipesContext, PipesOperations } from './pipes-context.ts';
import { existingPipe } from './pipes-context.ts';
import { invalid } from './pipes-errors.ts';

/** Source: API reference of TagResource. */
const MAX_TAGS = 50;

type Names = 'TagResource' | 'UntagResource' | 'ListTagsForResource';

export function tagOperations(context: PipesContext): Required<Pick<PipesOperations, Names>> {
  const { table } = context;
  const resource = (text: string | undefined): PipeRecord => {
    const arn = parseArn(text ?? '');
    if (arn?.service !== 'pipes' || !arn.resource.startsWith('pipe/'))
      throw invalid(`${text} is not the ARN of a pipe.`);
    const { accountId, region } = arn;
    return existingPipe(context, { accountId, region, name: arn.resource.slice('pipe/'.length) });
  };
  return {
    async TagResource({ resourceArn, tags: added }) {
      const pipe = resource(resourceArn);
      const tags = { ...pipe.tags, ...added };
      if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A pipe can have up to ${MAX_TAGS} tags.`);
      await table.put({ ...pipe, tags });
      return {};
    },

    async UntagResource({ resourceArn, tagKeys = [] }) {
      const pipe = resource(resourceArn);
      const kept = Object.entries(pipe.tags).filter(([key]) => !tagKeys.includes(key));
      await table.put({ ...pipe, tags: Object.fromEntries(kept) });
      return {};
    },

    async ListTagsForResource({ resourceArn }) {
      return { tags: { ...resource(resourceArn).tags } };
    },
  };
}
