/** Tables for tests, and the words of what is refused. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { AttributeValue, CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

export interface Dynamo {
  readonly platform: Platform;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
}

/** One for all tests of a file that do not move the clock: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

export async function sharedDynamo(context: TestContext): Promise<Dynamo> {
  shared ??= openPlatform();
  return clientsOf(context, await shared);
}

export async function startedDynamo(context: TestContext): Promise<Dynamo> {
  return clientsOf(context, await startedPlatform(context));
}

function clientsOf(context: TestContext, platform: Platform): Dynamo {
  const client = new DynamoDBClient(clientSettings(platform));
  const streams = new DynamoDBStreamsClient(clientSettings(platform));
  context.after(() => client.destroy());
  context.after(() => streams.destroy());
  return { platform, client, streams };
}

/** A table on demand with a partition key `pk` and, unless told otherwise, a sort key `sk`. */
export async function createTable(
  client: DynamoDBClient,
  name: string,
  {
    sort = 'S',
    ...settings
  }: Partial<CreateTableCommandInput> & { readonly sort?: 'S' | 'N' | 'B' | 'none' } = {},
): Promise<void> {
  const keys = [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    ...(sort === 'none' ? [] : [{ AttributeName: 'sk', AttributeType: sort }]),
  ];
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys,
      KeySchema: keys.map(({ AttributeName }, index) => ({
        AttributeName,
        KeyType: index === 0 ? 'HASH' : 'RANGE',
      })),
      ...settings,
    }),
  );
}

export async function put(
  client: DynamoDBClient,
  table: string,
  ...items: Record<string, AttributeValue>[]
): Promise<void> {
  for (const item of items) await client.send(new PutItemCommand({ TableName: table, Item: item }));
}

/** Any number of items, as many at once as BatchWriteItem takes. */
export async function putAll(
  client: DynamoDBClient,
  table: string,
  items: readonly Record<string, AttributeValue>[],
): Promise<void> {
  for (let start = 0; start < items.length; start += 25) {
    const requests = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }));
  }
}

export async function refused(work: Promise<unknown>, name: string, message: string): Promise<void> {
  await assert.rejects(work, (error: Error) => {
    assert.deepEqual({ name: error.name, message: error.message }, { name, message });
    return true;
  });
}

export function invalid(work: Promise<unknown>, message: string): Promise<void> {
  return refused(work, 'ValidationException', message);
}
