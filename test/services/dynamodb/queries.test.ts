/** Queries and scans: order, pages, indexes, segments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AttributeValue,
  ComparisonOperator,
  DynamoDBClient,
  QueryCommandInput,
  ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, putAll, sharedDynamo } from './dynamodb-client.ts';

/** Conditions in the older form, each on one attribute. */
function keyed(
  conditions: Record<string, [ComparisonOperator, ...AttributeValue[]]>,
): Pick<QueryCommandInput, 'KeyConditions'> {
  return {
    KeyConditions: Object.fromEntries(
      Object.entries(conditions).map(([name, [ComparisonOperator, ...AttributeValueList]]) => [
        name,
        { ComparisonOperator, AttributeValueList },
      ]),
    ),
  };
}

const PARTITION = keyed({ pk: ['EQ', { S: 'p' }] });

async function sortKeys(client: DynamoDBClient, input: QueryCommandInput, type: 'S' | 'N' | 'B' = 'S') {
  const { Items } = await client.send(new QueryCommand(input));
  return Items!.map(({ sk }) => (sk as unknown as Record<string, unknown>)[type]);
}

test('numbers are in the order of their size, bytes and texts in that of their bytes', async (context) => {
  const { client } = await sharedDynamo(context);
  const numbers = [
    '-1e125',
    '-1234',
    '-123.5',
    '-123',
    '-1',
    '-0.01',
    '0',
    '1e-130',
    '0.5',
    '1',
    '2',
    '9.99',
    '10',
    '123',
    '1000',
    '1e30',
  ];
  await createTable(client, 'numbered', { sort: 'N' });
  await putAll(
    client,
    'numbered',
    numbers.toReversed().map((N) => ({ pk: { S: 'p' }, sk: { N } })),
  );
  const found = await sortKeys(client, { TableName: 'numbered', ...PARTITION }, 'N');
  assert.deepEqual(found.map(Number), numbers.map(Number));

  await createTable(client, 'binary', { sort: 'B' });
  const bytes = [[0], [0, 1], [1], [127], [128], [255], [255, 0]].map((list) => Uint8Array.from(list));
  await putAll(
    client,
    'binary',
    bytes.toReversed().map((B) => ({ pk: { S: 'p' }, sk: { B } })),
  );
  assert.deepEqual(await sortKeys(client, { TableName: 'binary', ...PARTITION }, 'B'), bytes);

  await createTable(client, 'texts');
  const texts = ['A', 'B', 'a', 'aa', 'é', '\uffff', '😀'];
  await putAll(
    client,
    'texts',
    texts.toReversed().map((S) => ({ pk: { S: 'p' }, sk: { S } })),
  );
  assert.deepEqual(await sortKeys(client, { TableName: 'texts', ...PARTITION }), texts);
  const backwards = { TableName: 'texts', ...PARTITION, ScanIndexForward: false };
  assert.deepEqual(await sortKeys(client, backwards), texts.toReversed());
});

test('a query reads the part of a partition that its condition names', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'ranges');
  const keys = ['a', 'ab', 'abc', 'b', 'c'];
  await putAll(
    client,
    'ranges',
    keys.map((S) => ({ pk: { S: 'p' }, sk: { S } })),
  );
  await put(client, 'ranges', { pk: { S: 'q' }, sk: { S: 'b' } });
  const cases: [[ComparisonOperator, ...AttributeValue[]], string[]][] = [
    [['EQ', { S: 'ab' }], ['ab']],
    [['LT', { S: 'ab' }], ['a']],
    [
      ['LE', { S: 'ab' }],
      ['a', 'ab'],
    ],
    [
      ['GT', { S: 'abc' }],
      ['b', 'c'],
    ],
    [
      ['GE', { S: 'abc' }],
      ['abc', 'b', 'c'],
    ],
    [
      ['BETWEEN', { S: 'ab' }, { S: 'b' }],
      ['ab', 'abc', 'b'],
    ],
    [
      ['BEGINS_WITH', { S: 'ab' }],
      ['ab', 'abc'],
    ],
  ];
  for (const [condition, expected] of cases) {
    const query = { TableName: 'ranges', ...keyed({ pk: ['EQ', { S: 'p' }], sk: condition }) };
    assert.deepEqual(await sortKeys(client, query), expected, condition[0]);
    const backwards = await sortKeys(client, { ...query, ScanIndexForward: false });
    assert.deepEqual(backwards, expected.toReversed(), condition[0]);
  }
});

test('a query goes on where its last page ended, in either direction', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'pages', { sort: 'N' });
  await putAll(
    client,
    'pages',
    Array.from({ length: 25 }, (_, index) => ({ pk: { S: 'p' }, sk: { N: String(index) } })),
  );
  for (const ScanIndexForward of [true, false]) {
    const found: number[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    const counts = [];
    do {
      const query = { TableName: 'pages', ...PARTITION, ScanIndexForward, Limit: 10, ExclusiveStartKey };
      const page = await client.send(new QueryCommand(query));
      counts.push(page.Count);
      found.push(...page.Items!.map(({ sk }) => Number(sk!.N)));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    assert.deepEqual(counts, [10, 10, 5]);
    const expected = Array.from({ length: 25 }, (_, index) => index);
    assert.deepEqual(found, ScanIndexForward ? expected : expected.reverse());
  }
  await invalid(
    client.send(
      new QueryCommand({
        TableName: 'pages',
        ...PARTITION,
        ExclusiveStartKey: { pk: { S: 'q' }, sk: { N: '1' } },
      }),
    ),
    'The provided starting key is outside query boundaries based on provided conditions',
  );
  await invalid(
    client.send(
      new QueryCommand({ TableName: 'pages', ...PARTITION, ExclusiveStartKey: { pk: { S: 'p' } } }),
    ),
    'The provided starting key is invalid',
  );
});

test('a page ends with the item that fills a megabyte', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'large');
  const large = 'x'.repeat(300 * 1024);
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    await put(client, 'large', { pk: { S: 'p' }, sk: { S: key }, large: { S: large } });
  }
  const query = {
    TableName: 'large',
    ...PARTITION,
    Select: 'COUNT' as const,
    ReturnConsumedCapacity: 'TOTAL' as const,
  };
  const first = await client.send(new QueryCommand(query));
  assert.equal(first.Count, 4);
  assert.equal(first.Items, undefined);
  assert.deepEqual(first.LastEvaluatedKey, { pk: { S: 'p' }, sk: { S: 'd' } });
  // 4 * 307,218 bytes in blocks of 4 KB, half a unit each.
  assert.equal(first.ConsumedCapacity!.CapacityUnits, Math.ceil((4 * (300 * 1024 + 11)) / 4096) / 2);
  const second = await client.send(new QueryCommand({ ...query, ExclusiveStartKey: first.LastEvaluatedKey }));
  assert.deepEqual([second.Count, second.LastEvaluatedKey], [1, undefined]);
});

test('indexes hold items that have their keys, as they are now', async (context) => {
  const { client } = await sharedDynamo(context);
  const keySchema = (pk: string, sk: string) => [
    { AttributeName: pk, KeyType: 'HASH' as const },
    { AttributeName: sk, KeyType: 'RANGE' as const },
  ];
  await createTable(client, 'indexed', {
    AttributeDefinitions: [
      ...['pk', 'sk', 'kind'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      { AttributeName: 'rank', AttributeType: 'N' },
    ],
    LocalSecondaryIndexes: [
      { IndexName: 'ranks', KeySchema: keySchema('pk', 'rank'), Projection: { ProjectionType: 'KEYS_ONLY' } },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'kinds',
        KeySchema: keySchema('kind', 'rank'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name'] },
      },
    ],
  });
  const item = (sk: string, kind: string, rank: number) => ({
    pk: { S: 'p' },
    sk: { S: sk },
    kind: { S: kind },
    rank: { N: String(rank) },
    name: { S: `name-${sk}` },
    hidden: { S: 'x' },
  });
  await put(client, 'indexed', item('a', 'x', 3), item('b', 'x', 1), item('c', 'y', 2), {
    pk: { S: 'p' },
    sk: { S: 'none' },
  });
  const kinds = { TableName: 'indexed', IndexName: 'kinds', ...keyed({ kind: ['EQ', { S: 'x' }] }) };
  const { Items } = await client.send(new QueryCommand(kinds));
  const { hidden: _, ...b } = item('b', 'x', 1);
  assert.deepEqual(Items![0], b);
  assert.deepEqual(await sortKeys(client, kinds), ['b', 'a']);
  const ranks = { TableName: 'indexed', IndexName: 'ranks', ...PARTITION };
  assert.deepEqual(await sortKeys(client, ranks), ['b', 'c', 'a']);
  const whole = await client.send(new QueryCommand({ ...ranks, Select: 'ALL_ATTRIBUTES' }));
  assert.deepEqual(whole.Items![0], item('b', 'x', 1));

  // An item moves within an index, leaves it and goes.
  await put(client, 'indexed', item('b', 'x', 9), item('c', 'x', 2));
  assert.deepEqual(await sortKeys(client, kinds), ['c', 'a', 'b']);
  await put(client, 'indexed', { pk: { S: 'p' }, sk: { S: 'a' } });
  assert.deepEqual(await sortKeys(client, kinds), ['c', 'b']);

  const first = await client.send(new QueryCommand({ ...kinds, Limit: 1 }));
  const { kind, rank, pk, sk } = item('c', 'x', 2);
  assert.deepEqual(first.LastEvaluatedKey, { pk, sk, kind, rank });
  assert.deepEqual(await sortKeys(client, { ...kinds, ExclusiveStartKey: first.LastEvaluatedKey }), ['b']);
  await invalid(
    client.send(new QueryCommand({ ...kinds, ConsistentRead: true })),
    'Consistent reads are not supported on global secondary indexes',
  );
  await invalid(
    client.send(new QueryCommand({ ...kinds, AttributesToGet: ['name', 'hidden'] })),
    'One or more parameter values were invalid: Global secondary index kinds does not project [hidden]',
  );
  await invalid(
    put(client, 'indexed', { pk: { S: 'p' }, sk: { S: 'a' }, rank: { S: 'high' } }),
    'One or more parameter values were invalid: Type mismatch for Index Key rank Expected: N Actual: S IndexName: ranks',
  );
});

test('a scan finds every item once, whole or in segments', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'scanned');
  const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
  await putAll(
    client,
    'scanned',
    keys.map((S) => ({ pk: { S }, sk: { S: 'x' } })),
  );
  const scan = async (settings: Partial<ScanCommandInput>): Promise<string[]> => {
    const found: string[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await client.send(
        new ScanCommand({ TableName: 'scanned', ExclusiveStartKey, ...settings }),
      );
      found.push(...page.Items!.map(({ pk }) => pk!.S!));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return found;
  };
  assert.deepEqual((await scan({ Limit: 7 })).sort(), [...keys].sort());
  const segments = await Promise.all([0, 1, 2].map((Segment) => scan({ Segment, TotalSegments: 3 })));
  assert.deepEqual(segments.flat().sort(), [...keys].sort());
  for (const segment of segments) assert.ok(segment.length > 10, 'segments are of a size');
  await invalid(
    client.send(new ScanCommand({ TableName: 'scanned', Segment: 3, TotalSegments: 3 })),
    'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 3 is not less than TotalSegments: 3',
  );
});
