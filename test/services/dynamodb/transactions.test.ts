/** Batches, which may be done in part, and transactions, which may not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransactionCanceledException, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  createTable,
  invalid,
  put,
  putAll,
  refused,
  sharedDynamo,
  startedDynamo,
} from './dynamodb-client.ts';

const key = (text: string) => ({ pk: { S: text } });

test('a batch puts, deletes and gets items of several tables', async (context) => {
  const { client } = await sharedDynamo(context);
  for (const name of ['batch-a', 'batch-b']) await createTable(client, name, { sort: 'none' });
  await put(client, 'batch-a', key('old'));
  const written = await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        'batch-a': [{ DeleteRequest: { Key: key('old') } }, { PutRequest: { Item: key('new') } }],
        'batch-b': [{ PutRequest: { Item: { ...key('x'), a: { S: 'y' } } } }],
      },
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  assert.deepEqual(written.UnprocessedItems, {});
  assert.deepEqual(written.ConsumedCapacity, [
    { TableName: 'batch-a', CapacityUnits: 2 },
    { TableName: 'batch-b', CapacityUnits: 1 },
  ]);
  const got = await client.send(
    new BatchGetItemCommand({
      RequestItems: { 'batch-a': { Keys: [key('old'), key('new')] }, 'batch-b': { Keys: [key('x')] } },
    }),
  );
  assert.deepEqual(got.Responses, { 'batch-a': [key('new')], 'batch-b': [{ ...key('x'), a: { S: 'y' } }] });
  assert.deepEqual(got.UnprocessedKeys, {});
  await invalid(
    client.send(new BatchGetItemCommand({ RequestItems: { 'batch-a': { Keys: [key('a'), key('a')] } } })),
    'Provided list of item keys contains duplicates',
  );
});

test('a batch of more than 16 MB is answered in part, and says what is left', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'batch-large', { sort: 'none' });
  const text = 'x'.repeat(390 * 1024);
  const keys = Array.from({ length: 50 }, (_, index) => key(String(index)));
  for (const item of keys) await put(client, 'batch-large', { ...item, text: { S: text } });
  const got = await client.send(new BatchGetItemCommand({ RequestItems: { 'batch-large': { Keys: keys } } }));
  const found = got.Responses!['batch-large']!.length;
  assert.equal(found, Math.floor((16 * 1024) / 390.02));
  assert.deepEqual(got.UnprocessedKeys!['batch-large']!.Keys, keys.slice(found));
});

test('a transaction writes to several tables, or to none', async (context) => {
  const { client } = await sharedDynamo(context);
  for (const name of ['bank-a', 'bank-b']) await createTable(client, name, { sort: 'none' });
  const write = (...TransactItems: TransactWriteItem[]) =>
    client.send(new TransactWriteItemsCommand({ TransactItems, ReturnConsumedCapacity: 'TOTAL' }));
  const done = await write(
    { Put: { TableName: 'bank-a', Item: { ...key('1'), n: { N: '1' } } } },
    { Put: { TableName: 'bank-b', Item: { ...key('1'), n: { N: '2' } } } },
  );
  assert.deepEqual(done.ConsumedCapacity, [
    { TableName: 'bank-a', CapacityUnits: 2, WriteCapacityUnits: 2 },
    { TableName: 'bank-b', CapacityUnits: 2, WriteCapacityUnits: 2 },
  ]);
  const got = await client.send(
    new TransactGetItemsCommand({
      TransactItems: [
        { Get: { TableName: 'bank-b', Key: key('1') } },
        { Get: { TableName: 'bank-a', Key: key('2') } },
      ],
    }),
  );
  assert.deepEqual(got.Responses, [{ Item: { ...key('1'), n: { N: '2' } } }, {}]);
  await invalid(
    write(
      { Put: { TableName: 'bank-a', Item: key('1') } },
      { Delete: { TableName: 'bank-a', Key: key('1') } },
    ),
    'Transaction request cannot include multiple operations on one item',
  );
  await refused(
    write({ Put: { TableName: 'bank-c', Item: key('1') } }),
    'ResourceNotFoundException',
    'Requested resource not found',
  );
});

test('a transaction whose conditions do not all hold says which, and changes nothing', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'accounts', { sort: 'none' });
  await put(client, 'accounts', { ...key('rich'), n: { N: '100' } }, { ...key('poor'), n: { N: '1' } });
  const take = (name: string, amount: string): TransactWriteItem => ({
    Update: {
      TableName: 'accounts',
      Key: key(name),
      UpdateExpression: 'SET n = n - :amount',
      ConditionExpression: 'n >= :amount',
      ExpressionAttributeValues: { ':amount': { N: amount } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  });
  const write = (...TransactItems: TransactWriteItem[]) =>
    client.send(new TransactWriteItemsCommand({ TransactItems }));
  await assert.rejects(
    write(take('rich', '50'), take('poor', '50')),
    (error: TransactionCanceledException) => {
      assert.equal(error.name, 'TransactionCanceledException');
      assert.equal(
        error.message,
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
      );
      assert.deepEqual(error.CancellationReasons, [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { ...key('poor'), n: { N: '1' } },
        },
      ]);
      return true;
    },
  );
  const check: TransactWriteItem = {
    ConditionCheck: { TableName: 'accounts', Key: key('poor'), ConditionExpression: 'attribute_exists(pk)' },
  };
  await write(take('rich', '30'), check, { Delete: { TableName: 'accounts', Key: key('none') } });
  const get = new BatchGetItemCommand({ RequestItems: { accounts: { Keys: [key('rich'), key('poor')] } } });
  const { Responses } = await client.send(get);
  assert.deepEqual(
    Responses!['accounts']!.map(({ n }) => n!.N),
    ['70', '1'],
  );
  // What an update meets in the item is a reason too.
  await put(client, 'accounts', { ...key('text'), n: { S: 'many' } });
  const add: TransactWriteItem = {
    Update: {
      TableName: 'accounts',
      Key: key('text'),
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    },
  };
  await assert.rejects(write(add), (error: TransactionCanceledException) => {
    assert.deepEqual(error.CancellationReasons, [
      {
        Code: 'ValidationError',
        Message: 'An operand in the update expression has an incorrect data type',
      },
    ]);
    return true;
  });
});

test('writes of one item at the same time are made one after the other', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'counted', { sort: 'none' });
  const add = (): Promise<unknown> =>
    client.send(
      new UpdateItemCommand({
        TableName: 'counted',
        Key: key('a'),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
  await Promise.all(Array.from({ length: 100 }, add));
  const once = (): Promise<boolean> =>
    client
      .send(
        new PutItemCommand({
          TableName: 'counted',
          Item: key('once'),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      )
      .then(
        () => true,
        () => false,
      );
  const made = await Promise.all(Array.from({ length: 20 }, once));
  assert.equal(made.filter(Boolean).length, 1);
  const { Item } = await client.send(new GetItemCommand({ TableName: 'counted', Key: key('a') }));
  assert.equal(Item!['n']!.N, '100');
});

test('a transaction under a token is made once within ten minutes', async (context) => {
  const { client, platform } = await startedDynamo(context);
  await createTable(client, 'once', { sort: 'none' });
  const write = (name: string) =>
    client.send(
      new TransactWriteItemsCommand({
        ClientRequestToken: 'token',
        TransactItems: [{ Put: { TableName: 'once', Item: key(name) } }],
      }),
    );
  const count = async () =>
    (await client.send(new DescribeTableCommand({ TableName: 'once' }))).Table!.ItemCount;
  await write('a');
  await client.send(
    new TransactWriteItemsCommand({ TransactItems: [{ Delete: { TableName: 'once', Key: key('a') } }] }),
  );
  await write('a');
  assert.equal(await count(), 0);
  await refused(
    write('b'),
    'IdempotentParameterMismatchException',
    'The request uses the same client token as a previous, but non-identical request.',
  );
  await platform.clock.advance(600_001);
  await write('b');
  assert.equal(await count(), 1);
});

test('provisioned capacity is used up, bursts and all, and comes back with time', async (context) => {
  const { client, platform } = await startedDynamo(context);
  await createTable(client, 'slow', {
    sort: 'none',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  });
  // Five minutes of one unit a second, used by items of 100 KB.
  const item = (name: string) => ({ ...key(name), a: { S: 'x'.repeat(100 * 1024 - 10) } });
  await put(client, 'slow', item('1'), item('2'), item('3'));
  const words =
    'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.';
  const exceeded = 'ProvisionedThroughputExceededException';
  // What real time passes meanwhile may have given a unit back.
  await put(client, 'slow', item('4')).catch(() => {});
  await refused(put(client, 'slow', item('5')), exceeded, words);
  await refused(putAll(client, 'slow', [key('6')]), exceeded, words);
  await platform.clock.advance(150_000);
  await put(client, 'slow', item('7'));
});

test('a write that its condition refuses uses capacity all the same', async (context) => {
  const { client } = await startedDynamo(context);
  await createTable(client, 'refusing', {
    sort: 'none',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  });
  await put(client, 'refusing', { ...key('a'), a: { S: 'x'.repeat(100 * 1024 - 10) } });
  const again = (): Promise<string> =>
    client
      .send(
        new PutItemCommand({
          TableName: 'refusing',
          Item: key('a'),
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      )
      .then(
        () => 'put',
        ({ name }: Error) => name,
      );
  assert.equal(await again(), 'ConditionalCheckFailedException');
  // Of 300 units 100 were used by the put and 100 each by two refusals; real time may have given one back.
  await again();
  await again();
  assert.equal(await again(), 'ProvisionedThroughputExceededException');
});
