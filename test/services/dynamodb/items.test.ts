/** Items are put, got and deleted, and are what DynamoDB takes. Words as dynalite's tests have seen them of AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, refused, sharedDynamo } from './dynamodb-client.ts';

const EVERY_TYPE: Record<string, AttributeValue> = {
  pk: { S: 'p' },
  sk: { S: 's' },
  text: { S: '' },
  number: { N: '-12.5' },
  bytes: { B: Uint8Array.of(0, 255) },
  texts: { SS: ['b', 'a'] },
  numbers: { NS: ['1', '2.5'] },
  byteses: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
  list: { L: [{ S: 'x' }, { B: Uint8Array.of(9) }, { L: [] }] },
  map: { M: { inner: { M: { bytes: { B: Uint8Array.of(7) } } } } },
  nothing: { NULL: true },
  no: { BOOL: false },
};

test('an item is what was put, of every type, until it is deleted', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'items');
  await put(client, 'items', EVERY_TYPE);
  const key = { TableName: 'items', Key: { pk: { S: 'p' }, sk: { S: 's' } } };
  assert.deepEqual((await client.send(new GetItemCommand(key))).Item, EVERY_TYPE);

  const replaced = await client.send(
    new PutItemCommand({ TableName: 'items', Item: key.Key, ReturnValues: 'ALL_OLD' }),
  );
  assert.deepEqual(replaced.Attributes, EVERY_TYPE);
  const deleted = await client.send(new DeleteItemCommand({ ...key, ReturnValues: 'ALL_OLD' }));
  assert.deepEqual(deleted.Attributes, key.Key);
  assert.equal((await client.send(new GetItemCommand(key))).Item, undefined);
  const again = await client.send(new DeleteItemCommand({ ...key, ReturnValues: 'ALL_OLD' }));
  assert.equal(again.Attributes, undefined);
});

test('numbers keep 38 digits and lose what says nothing', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'numbers', { sort: 'none' });
  const cases = {
    '+001.500': '1.5',
    '1e3': '1000',
    '-0': '0',
    '.5': '0.5',
    '12345678901234567890123456789012345678': '12345678901234567890123456789012345678',
    '1E-130': `0.${'0'.repeat(129)}1`,
    '9.9E+125': `99${'0'.repeat(124)}`,
  };
  for (const [given, kept] of Object.entries(cases)) {
    await put(client, 'numbers', { pk: { S: 'p' }, n: { N: given } });
    const got = await client.send(new GetItemCommand({ TableName: 'numbers', Key: { pk: { S: 'p' } } }));
    assert.equal(got.Item?.['n']?.N, kept, given);
  }
  const bad = {
    '': 'The parameter cannot be converted to a numeric value',
    b: 'The parameter cannot be converted to a numeric value: b',
    '1e126': 'Number overflow. Attempting to store a number with magnitude larger than supported range',
    '1e-131': 'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    '123456789012345678901234567890123456789':
      'Attempting to store more than 38 significant digits in a Number',
  };
  for (const [given, words] of Object.entries(bad)) {
    await invalid(put(client, 'numbers', { pk: { S: 'p' }, n: { N: given } }), words);
  }
});

test('an item that the table does not take is refused', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'strict');
  const key = { pk: { S: 'p' }, sk: { S: 's' } };
  const parameter = 'One or more parameter values were invalid: ';
  await invalid(put(client, 'strict', { pk: { S: 'p' } }), `${parameter}Missing the key sk in the item`);
  await invalid(
    put(client, 'strict', { pk: { N: '1' }, sk: { S: 's' } }),
    `${parameter}Type mismatch for key pk expected: S actual: N`,
  );
  await invalid(
    put(client, 'strict', { pk: { S: '' }, sk: { S: 's' } }),
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
  );
  await invalid(
    put(client, 'strict', { pk: { S: 'x'.repeat(2049) }, sk: { S: 's' } }),
    `${parameter}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
  );
  await invalid(
    put(client, 'strict', { pk: { S: 'p' }, sk: { S: 'x'.repeat(1025) } }),
    `${parameter}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
  );
  // "pk" + "p" + "sk" + "s" + "a" are 7 bytes.
  const largest = 'x'.repeat(400 * 1024 - 7);
  await put(client, 'strict', { ...key, a: { S: largest } });
  await invalid(
    put(client, 'strict', { ...key, a: { S: `${largest}x` } }),
    'Item size has exceeded the maximum allowed size',
  );
  await invalid(
    put(client, 'strict', { ...key, a: { SS: [] } }),
    `${parameter}An string set  may not be empty`,
  );
  await invalid(
    put(client, 'strict', { ...key, a: { SS: ['a', 'a'] } }),
    `${parameter}Input collection [a, a] contains duplicates.`,
  );
  await invalid(
    put(client, 'strict', { ...key, a: { NS: ['1', '1.0'] } }),
    'Input collection contains duplicates',
  );
  await invalid(
    client.send(new GetItemCommand({ TableName: 'strict', Key: { pk: { S: 'p' } } })),
    'The provided key element does not match the schema',
  );
  await refused(
    client.send(new GetItemCommand({ TableName: 'nowhere', Key: key })),
    'ResourceNotFoundException',
    'Requested resource not found',
  );
});

test('capacity is counted in kilobytes written and pairs of them read', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'units', { sort: 'none' });
  const item = { pk: { S: 'p' }, a: { S: 'x'.repeat(4 * 1024 - 4) } };
  const written = await client.send(
    new PutItemCommand({ TableName: 'units', Item: item, ReturnConsumedCapacity: 'INDEXES' }),
  );
  assert.deepEqual(written.ConsumedCapacity, {
    TableName: 'units',
    CapacityUnits: 4,
    Table: { CapacityUnits: 4 },
  });
  const key = { TableName: 'units', Key: { pk: { S: 'p' } }, ReturnConsumedCapacity: 'TOTAL' as const };
  const read = await client.send(new GetItemCommand({ ...key, ConsistentRead: true }));
  assert.deepEqual(read.ConsumedCapacity, { TableName: 'units', CapacityUnits: 1 });
  assert.equal((await client.send(new GetItemCommand(key))).ConsumedCapacity?.CapacityUnits, 0.5);
  // The larger of the two counts, what is removed.
  const deleted = await client.send(new DeleteItemCommand(key));
  assert.equal(deleted.ConsumedCapacity?.CapacityUnits, 4);
});

test('attributes and tables may have the names of what every object of JavaScript has', async (context) => {
  const { client } = await sharedDynamo(context);
  const keySchema = (AttributeName: string) => [{ AttributeName, KeyType: 'HASH' as const }];
  await client.send(
    new CreateTableCommand({
      TableName: 'constructor',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['toString', 'valueOf'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: keySchema('toString'),
      GlobalSecondaryIndexes: [
        { IndexName: 'values', KeySchema: keySchema('valueOf'), Projection: { ProjectionType: 'ALL' } },
      ],
    }),
  );
  await put(client, 'constructor', { toString: { S: 'a' } }, { toString: { S: 'b' }, valueOf: { S: 'v' } });
  const { Items } = await client.send(new ScanCommand({ TableName: 'constructor', IndexName: 'values' }));
  assert.deepEqual(Items, [{ toString: { S: 'b' }, valueOf: { S: 'v' } }]);
  await invalid(
    put(client, 'constructor', { text: { S: 'x' } }),
    'One or more parameter values were invalid: Missing the key toString in the item',
  );
});
