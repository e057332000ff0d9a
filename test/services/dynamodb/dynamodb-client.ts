/** Tables for tests, and the words of what is refused. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AttributeValue, CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';

export interface Dynamo {
  readonly platform: Platform;
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
}

export async function startedDynamo(context: TestContext): Promise<Dynamo> {
  const platform = await startedPlatform(context);
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

export async function refused(work: Promise<unknown>, name: string, message: string): Promise<void> {
  await assert.rejects(work, (error: Error) => {
    assert.deepEqual({ name: error.name, message: error.message }, { name, message });
    return true;
  });
}

export function invalid(work: Promise<unknown>, message: string): Promise<void> {
  return refused(work, 'ValidationException', message);
}
