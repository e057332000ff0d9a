/** Work that a server has not ended goes on in the next one, and what the disk has refused is tried again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineRequest } from '../../../src/services/dynamodb/engine/requests.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import type { OpenedDynamo } from './opened-dynamo.ts';
import { openedDynamo } from './opened-dynamo.ts';

/** More than are put into an index at once. */
const ITEMS = 1_200;

const HOUR_MS = 3_600_000;

const KEYED = {
  TableName: 'table',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
};

async function fill({ call }: OpenedDynamo, attributes: object): Promise<void> {
  for (let start = 0; start < ITEMS; start += 25) {
    const requests = Array.from({ length: 25 }, (_, index) => ({
      PutRequest: { Item: { pk: { S: `k${start + index}` }, ...attributes } },
    }));
    await call('BatchWriteItem', { RequestItems: { table: requests } });
  }
}

interface Told {
  readonly Table: {
    readonly ItemCount: number;
    readonly GlobalSecondaryIndexes: readonly { readonly IndexStatus: string; readonly ItemCount: number }[];
  };
}

const tableOf = async ({ call }: OpenedDynamo) =>
  ((await call('DescribeTable', { TableName: 'table' })) as Told).Table;

test('an index that is being filled is filled to its end', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openedDynamo(context, directory);
  await first.call('CreateTable', KEYED);
  await fill(first, { kind: { S: 'x' } });
  await first.call('UpdateTable', {
    TableName: 'table',
    AttributeDefinitions: [{ AttributeName: 'kind', AttributeType: 'S' }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: 'kinds',
          KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      },
    ],
  });
  await first.close();

  const second = await openedDynamo(context, directory);
  const [before] = (await tableOf(second)).GlobalSecondaryIndexes;
  assert.equal(before!.IndexStatus, 'CREATING', 'the server has ended before the index was full');
  second.dynamo.begin();
  await second.clock.advance(1);
  const [after] = (await tableOf(second)).GlobalSecondaryIndexes;
  assert.deepEqual([after!.IndexStatus, after!.ItemCount], ['ACTIVE', ITEMS]);
});

test('items expire that were to expire while no server was there', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openedDynamo(context, directory);
  await first.call('CreateTable', KEYED);
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
  await first.call('UpdateTimeToLive', { TableName: 'table', TimeToLiveSpecification });
  const dueSeconds = Math.floor(first.clock.now() / 1000) + 100;
  await fill(first, { expires: { N: String(dueSeconds) } });
  await first.close();

  const second = await openedDynamo(context, directory);
  assert.equal((await tableOf(second)).ItemCount, ITEMS);
  second.dynamo.begin();
  await second.clock.advance(200_000);
  assert.equal((await tableOf(second)).ItemCount, 0);
});

test('a table with a policy that is none is not made, now or by the next server', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openedDynamo(context, directory);
  await assert.rejects(first.call('CreateTable', { ...KEYED, ResourcePolicy: '{' }), {
    code: 'ValidationException',
    message: /^Resource-based policy document is not valid: /,
  });
  await first.close();
  const second = await openedDynamo(context, directory);
  assert.deepEqual(await second.call('ListTables', {}), { TableNames: [] });
});

test('items that were there when TTL was turned on expire, also where a server ended meanwhile', async (context) => {
  const directory = await scratchDirectory(context);
  const first = await openedDynamo(context, directory);
  await first.call('CreateTable', KEYED);
  const dueSeconds = Math.floor(first.clock.now() / 1000) + 100;
  await fill(first, { expires: { N: String(dueSeconds) } });
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
  await first.call('UpdateTimeToLive', { TableName: 'table', TimeToLiveSpecification });
  await first.close();

  const second = await openedDynamo(context, directory);
  second.dynamo.begin();
  await second.clock.advance(200_000);
  assert.equal((await tableOf(second)).ItemCount, 0);
  await second.close();

  let redates = 0;
  const refuses = ({ ask }: EngineRequest) => {
    if (ask === 'redate') redates += 1;
    return false;
  };
  const third = await openedDynamo(context, directory, { refuses });
  third.dynamo.begin();
  await third.clock.advance(1);
  assert.equal(redates, 0, 'what has ended is not begun again');
});

test('what has expired is removed later where the disk has refused it', async (context) => {
  let isFull = true;
  const refuses = (request: EngineRequest) => isFull && request.ask === 'expire';
  const opened = await openedDynamo(context, undefined, { refuses });
  await opened.call('CreateTable', KEYED);
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
  await opened.call('UpdateTimeToLive', { TableName: 'table', TimeToLiveSpecification });
  const dueSeconds = Math.floor(opened.clock.now() / 1000) + 100;
  await opened.call('PutItem', {
    TableName: 'table',
    Item: { pk: { S: 'a' }, expires: { N: String(dueSeconds) } },
  });
  await opened.clock.advance(200_000);
  assert.equal((await tableOf(opened)).ItemCount, 1);
  isFull = false;
  await opened.clock.advance(60_000);
  assert.equal((await tableOf(opened)).ItemCount, 0);
});

test('old records of streams are removed later where the disk has refused it', async (context) => {
  let isFull = true;
  let sweeps = 0;
  const refuses = ({ ask }: EngineRequest) => {
    if (ask === 'sweep') sweeps += 1;
    return isFull && ask === 'sweep';
  };
  const opened = await openedDynamo(context, undefined, { refuses });
  opened.dynamo.begin();
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' };
  await opened.call('CreateTable', { ...KEYED, StreamSpecification });
  await opened.clock.advance(HOUR_MS);
  assert.equal(sweeps, 1);
  isFull = false;
  await opened.clock.advance(HOUR_MS);
  assert.equal(sweeps, 2);
});
