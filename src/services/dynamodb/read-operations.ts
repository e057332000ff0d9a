/** Query and Scan. */
import type { Select } from '@aws-sdk/client-dynamodb';
import { checkedItem } from './attribute-values.ts';
import type { DynamoContext, DynamoOperations } from './dynamodb-context.ts';
import { itemTable } from './dynamodb-context.ts';
import { validationError } from './engine/item-checks.ts';
import { partitionBytes } from './engine/key-bytes.ts';
import { checkFilterKeys } from './expressions/expression-keys.ts';
import { expressionsOf } from './expressions/expressions.ts';
import type { Projection } from './expressions/parsed.ts';
import { indexOf, readItems } from './item-reads.ts';
import { keyConditionOf } from './key-conditions.ts';
import { checkSegments, segmentOf } from './scan-segments.ts';
import { sortRange } from './sort-range.ts';
import { startKey, startOfQuery } from './start-keys.ts';

type ReadOperations = 'Query' | 'Scan';
export function readOperations(dynamo: DynamoContext): Required<Pick<DynamoOperations, ReadOperations>> {
  return {
    async Query(input, caller) {
      const { filter, projection, keyCondition } = expressionsOf(input, [
        'projection',
        'filter',
        'keyCondition',
      ]);
      const start = input.ExclusiveStartKey && checkedItem(input.ExclusiveStartKey);
      checkSelect(input.Select, projection);
      const table = itemTable(dynamo, input.TableName, caller);
      const index = indexOf(table, input);
      const schema = index?.key ?? table.layout.key;
      const { partition, sort } = keyConditionOf(keyCondition, schema);
      checkFilterKeys(filter, schema, input.FilterExpression !== undefined);
      const range = sort === undefined ? {} : sortRange(sort);
      const bytes = partitionBytes(partition);
      const beyond = start && startOfQuery(table, index, start, bytes, range);
      return readItems(dynamo, table, index, input, {
        partition: bytes,
        ...range,
        beyond,
        isDescending: input.ScanIndexForward === false,
        filter,
        projection,
      });
    },

    async Scan(input, caller) {
      const { filter, projection } = expressionsOf(input, ['projection', 'filter']);
      const start = input.ExclusiveStartKey && checkedItem(input.ExclusiveStartKey);
      checkSegments(input);
      checkSelect(input.Select, projection);
      const table = itemTable(dynamo, input.TableName, caller);
      const index = indexOf(table, input);
      return readItems(dynamo, table, index, input, {
        ...segmentOf(input),
        beyond: start && startKey(table, index, start),
        isDescending: false,
        filter,
        projection,
      });
    },
  };
}

function checkSelect(select: Select | undefined, projection: Projection | undefined): void {
  if (projection !== undefined && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    throw validationError(
      `Cannot specify the ProjectionExpression when choosing to get ${select === 'COUNT' ? 'only the Count' : select}`,
    );
  }
  if (projection === undefined && select === 'SPECIFIC_ATTRIBUTES') {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
}
