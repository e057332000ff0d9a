import type { Tag } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { addressOfArn } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import type { Table } from './table.ts';

/** Source: "Tagging restrictions in DynamoDB". */
const MAX_TAGS = 50;
/** Source: ListTagsOfResource answers so many at most. */
const PAGE = 10;

type TagOperations = 'TagResource' | 'UntagResource' | 'ListTagsOfResource';

export function tagOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, TagOperations>> {
  const { tables } = dynamo;
  return {
    async TagResource(input, caller) {
      const given = tagsOf(input.Tags ?? []);
      const { record } = taggedTable(dynamo, input.ResourceArn, caller);
      await tables.inTurn(record, async () => {
        const table = taggedTable(dynamo, input.ResourceArn, caller);
        const tags = { ...table.record.tags, ...given };
        checkCount(tags);
        await tables.save({ ...table.record, tags });
      });
      return {};
    },

    async UntagResource(input, caller) {
      const keys = new Set(input.TagKeys);
      const { record } = taggedTable(dynamo, input.ResourceArn, caller);
      await tables.inTurn(record, async () => {
        const table = taggedTable(dynamo, input.ResourceArn, caller);
        const tags = Object.entries(table.record.tags).filter(([key]) => !keys.has(key));
        await tables.save({ ...table.record, tags: Object.fromEntries(tags) });
      });
      return {};
    },

    async ListTagsOfResource(input, caller) {
      const { record } = taggedTable(dynamo, input.ResourceArn, caller);
      const entries = Object.entries(record.tags).sort(([a], [b]) => (a < b ? -1 : 1));
      const start =
        input.NextToken === undefined ? 0 : entries.findIndex(([key]) => key === input.NextToken) + 1;
      const page = entries.slice(start, start + PAGE);
      return {
        Tags: page.map(([Key, Value]) => ({ Key, Value })),
        ...(start + PAGE < entries.length ? { NextToken: page.at(-1)![0] } : {}),
      };
    },
  };
}

export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  const result = Object.fromEntries(tags.map(({ Key, Value }) => [Key!, Value!]));
  checkCount(result);
  return result;
}

function checkCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MAX_TAGS) {
    throw validationError(
      `One or more parameter values were invalid: Too many tags: a resource has at most ${MAX_TAGS}`,
    );
  }
}

/** Words as dynalite has them of AWS. */
function taggedTable({ tables }: DynamoContext, arn: string | undefined, caller: RequestContext): Table {
  const address = addressOfArn(arn ?? '');
  if (address === undefined)
    throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  const table = tables.find(address);
  if (table === undefined || address.accountId !== caller.accountId) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Requested resource not found: ResourcArn: ${arn} not found`,
    );
  }
  return table;
}
