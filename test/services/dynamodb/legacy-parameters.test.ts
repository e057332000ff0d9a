/** The parameters that were there before expressions. Source: developer guide, "Legacy conditional parameters". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValueUpdate, Condition, ExpectedAttributeValue } from '@aws-sdk/client-dynamodb';
import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, refused, sharedDynamo } from './dynamodb-client.ts';

const SCANNED: readonly [
  filter: Record<string, Condition>,
  operator: 'AND' | 'OR' | undefined,
  keys: string[],
][] = [
  [{ n: { ComparisonOperator: 'GE', AttributeValueList: [{ N: '2' }] } }, undefined, ['2', '3']],
  [{ n: { ComparisonOperator: 'NE', AttributeValueList: [{ N: '2' }] } }, undefined, ['1', '3', '4']],
  [{ n: { ComparisonOperator: 'NULL' } }, undefined, ['4']],
  [
    { n: { ComparisonOperator: 'BETWEEN', AttributeValueList: [{ N: '1' }, { N: '2' }] } },
    undefined,
    ['1', '2'],
  ],
  [{ n: { ComparisonOperator: 'IN', AttributeValueList: [{ N: '1' }, { N: '3' }] } }, undefined, ['1', '3']],
  [{ tags: { ComparisonOperator: 'CONTAINS', AttributeValueList: [{ S: 'x' }] } }, undefined, ['1']],
  [
    { tags: { ComparisonOperator: 'NOT_CONTAINS', AttributeValueList: [{ S: 'x' }] } },
    undefined,
    ['2', '3', '4'],
  ],
  [
    {
      n: { ComparisonOperator: 'LT', AttributeValueList: [{ N: '2' }] },
      word: { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [{ S: 'th' }] },
    },
    'OR',
    ['1', '3'],
  ],
  [
    {
      n: { ComparisonOperator: 'LT', AttributeValueList: [{ N: '2' }] },
      word: { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [{ S: 'th' }] },
    },
    undefined,
    [],
  ],
];

test('filters keep items out of scans and queries', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'filtered');
  await put(
    client,
    'filtered',
    { pk: { S: 'p' }, sk: { S: '1' }, n: { N: '1' }, tags: { SS: ['x', 'y'] } },
    { pk: { S: 'p' }, sk: { S: '2' }, n: { N: '2' }, tags: { SS: ['y'] } },
    { pk: { S: 'p' }, sk: { S: '3' }, n: { N: '3' }, word: { S: 'three' } },
    { pk: { S: 'p' }, sk: { S: '4' } },
  );
  for (const [ScanFilter, ConditionalOperator, keys] of SCANNED) {
    const { Items = [] } = await client.send(
      new ScanCommand({ TableName: 'filtered', ScanFilter, ConditionalOperator, AttributesToGet: ['sk'] }),
    );
    assert.deepEqual(
      Items,
      keys.map((sk) => ({ sk: { S: sk } })),
    );
  }
  const { Items } = await client.send(
    new QueryCommand({
      TableName: 'filtered',
      KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'p' }] } },
      QueryFilter: { n: { ComparisonOperator: 'GT', AttributeValueList: [{ N: '1' }] } },
      AttributesToGet: ['n'],
    }),
  );
  assert.deepEqual(Items, [{ n: { N: '2' } }, { n: { N: '3' } }]);
});

test('expected values guard writes', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'expected', { sort: 'none' });
  const write = (Expected: Record<string, ExpectedAttributeValue>, more: object = {}): Promise<unknown> =>
    client.send(
      new PutItemCommand({
        TableName: 'expected',
        Item: { pk: { S: 'a' }, n: { N: '1' } },
        Expected,
        ...more,
      }),
    );
  const failed = ['ConditionalCheckFailedException', 'The conditional request failed'] as const;
  await write({ pk: { Exists: false } });
  await refused(write({ pk: { Exists: false } }), ...failed);
  await write({ n: { Value: { N: '1.0' } } });
  await refused(write({ n: { Value: { N: '2' } } }), ...failed);
  await write({ n: { ComparisonOperator: 'LE', AttributeValueList: [{ N: '1' }] } });
  await write({ n: { Value: { N: '2' } }, m: { Exists: false } }, { ConditionalOperator: 'OR' });
  const reasons: Readonly<Record<string, Record<string, ExpectedAttributeValue>>> = {
    'Value must be provided when Exists is null for Attribute: n': { n: {} },
    'Value cannot be used when Exists is false for Attribute: n': { n: { Exists: false, Value: { N: '1' } } },
    'Invalid number of argument(s) for the NULL ComparisonOperator': {
      n: { ComparisonOperator: 'NULL', Value: { N: '1' } },
    },
    'ComparisonOperator LT is not valid for BOOL AttributeValue type': {
      n: { ComparisonOperator: 'LT', AttributeValueList: [{ BOOL: true }] },
    },
  };
  for (const [reason, expected] of Object.entries(reasons)) {
    await invalid(write(expected), `One or more parameter values were invalid: ${reason}`);
  }
  await invalid(
    write({ n: { Exists: false } }, { ConditionExpression: 'attribute_exists(n)' }),
    'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
  );
  await invalid(
    client.send(
      new DeleteItemCommand({ TableName: 'expected', Key: { pk: { S: 'a' } }, ConditionalOperator: 'OR' }),
    ),
    'ConditionalOperator cannot be used without Filter or Expected',
  );
});

test('attribute updates put, add and delete', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'older', { sort: 'none' });
  const Key = { pk: { S: 'a' } };
  await put(client, 'older', {
    ...Key,
    n: { N: '1' },
    tags: { SS: ['x', 'y'] },
    list: { L: [] },
    word: { S: 'w' },
  });
  const update = (AttributeUpdates: Record<string, AttributeValueUpdate>): Promise<unknown> =>
    client.send(new UpdateItemCommand({ TableName: 'older', Key, AttributeUpdates }));
  await update({
    n: { Action: 'ADD', Value: { N: '0.5' } },
    tags: { Action: 'DELETE', Value: { SS: ['x'] } },
    list: { Action: 'ADD', Value: { L: [{ S: 'one' }] } },
    word: { Action: 'DELETE' },
    added: { Value: { BOOL: true } },
  });
  const { Item } = await client.send(new GetItemCommand({ TableName: 'older', Key }));
  assert.deepEqual(Item, {
    ...Key,
    n: { N: '1.5' },
    tags: { SS: ['y'] },
    list: { L: [{ S: 'one' }] },
    added: { BOOL: true },
  });
  await invalid(
    update({ n: { Action: 'ADD', Value: { SS: ['x'] } } }),
    'Type mismatch for attribute to update',
  );
  for (const [reason, change] of [
    ['Only DELETE action is allowed when no attribute value is specified', { n: { Action: 'PUT' } }],
    [
      'DELETE action with value is not supported for the type N',
      { n: { Action: 'DELETE', Value: { N: '1' } } },
    ],
    ['ADD action is not supported for the type S', { n: { Action: 'ADD', Value: { S: 'a' } } }],
    ['Cannot update attribute pk. This attribute is part of the key', { pk: { Value: { S: 'b' } } }],
  ] as const) {
    await invalid(update(change), `One or more parameter values were invalid: ${reason}`);
  }
});
