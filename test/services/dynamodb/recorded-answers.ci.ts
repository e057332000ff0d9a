/** Answers of AWS as they were recorded, member for member. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { recordedJson } from '../../kit/recorded.ts';
import { Unifier } from '../../recorded/unification.ts';
import { sharedDynamo } from './dynamodb-client.ts';

const CASES = recordedJson<Record<string, Record<string, unknown>>>('dynamodb', 'dynamodb.json');
const TABLE = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
};
const STREAMED = {
  ...TABLE,
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const },
};

/** Compares answers with those of a recorded case; the recorder has left the metadata of answers in. */
class Recorded {
  private readonly answers: Record<string, unknown>;
  private readonly unifier = new Unifier({ accountId: '000000000000', region: 'us-east-1' });

  constructor(name: string) {
    this.answers = CASES[`TestDynamoDB::${name}`]!;
  }

  agrees(label: string, answer: object): void {
    const { ResponseMetadata: _, ...recorded } = this.answers[label] as Record<string, unknown>;
    const { $metadata: __, ...actual } = answer as Record<string, unknown>;
    const differences = this.unifier.differences(recorded, actual);
    // Recorded in place of any number.
    const told = differences.filter((difference) => !difference.includes('"starting-sequence-number"'));
    assert.deepEqual(told, [], label);
  }
}

async function streamed(streams: DynamoDBStreamsClient, StreamArn: string | undefined) {
  const described = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardId } = described.StreamDescription!.Shards![0]!;
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  return { described, records: { Records } };
}

test('tables are made, told of and deleted as recorded', async (context) => {
  const { client } = await sharedDynamo(context);
  const recorded = new Recorded('test_table_crud');
  const TableName = 'recorded-crud';
  recorded.agrees('create-table', await client.send(new CreateTableCommand({ TableName, ...TABLE })));
  recorded.agrees('describe-table', await client.send(new DescribeTableCommand({ TableName })));
  recorded.agrees('delete-table', await client.send(new DeleteTableCommand({ TableName })));
});

test('the stream of batches is as recorded', async (context) => {
  const { client, streams } = await sharedDynamo(context);
  const recorded = new Recorded('test_batch_write_items_streaming');
  const TableName = 'recorded-batches';
  const created = await client.send(new CreateTableCommand({ TableName, ...STREAMED }));
  recorded.agrees('create-table', created);
  await client.send(new PutItemCommand({ TableName, Item: { id: { S: 'Fred' } } }));
  // Nothing is told of an item that is put once more as it is.
  for (const request of [
    { PutRequest: { Item: { id: { S: 'Fred' } } } },
    { PutRequest: { Item: { id: { S: 'NewKey' } } } },
    { DeleteRequest: { Key: { id: { S: 'NewKey' } } } },
    { PutRequest: { Item: { id: { S: 'Fred' }, name: { S: 'Fred' } } } },
  ]) {
    const written = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [request] } }),
    );
    recorded.agrees('batch-write-response-overwrite-item-1', written);
  }
  const { described, records } = await streamed(streams, created.TableDescription!.LatestStreamArn);
  recorded.agrees('describe-stream', described);
  recorded.agrees('get-records', records);
});

test('the stream of updates is as recorded', async (context) => {
  const { client, streams } = await sharedDynamo(context);
  const recorded = new Recorded('test_dynamodb_stream_records_with_update_item');
  const TableName = 'recorded-updates';
  const created = await client.send(new CreateTableCommand({ TableName, ...STREAMED }));
  recorded.agrees('create-table', created);
  const update = (attr1: string, attr2: string) =>
    client.send(
      new UpdateItemCommand({
        TableName,
        Key: { id: { S: 'my-item-id' } },
        UpdateExpression: 'SET attr1 = :v1, attr2 = :v2',
        ExpressionAttributeValues: { ':v1': { S: attr1 }, ':v2': { S: attr2 } },
      }),
    );
  await update('value1', 'value2');
  await update('value1', 'value2');
  await update('value2', 'value3');
  const { described, records } = await streamed(streams, created.TableDescription!.LatestStreamArn);
  recorded.agrees('describe-stream', described);
  recorded.agrees('get-records', records);
});

test('what a put and a removal replace is shown as recorded', async (context) => {
  const { client } = await sharedDynamo(context);
  const recorded = new Recorded('test_return_values_in_put_item');
  const TableName = 'recorded-values';
  await client.send(new CreateTableCommand({ TableName, ...TABLE }));
  const Item = { id: { S: 'id1' }, data: { S: 'foobar' } };
  const put = { TableName, Item, ReturnValues: 'ALL_OLD' as const };
  recorded.agrees('PutFirstItem', await client.send(new PutItemCommand(put)));
  recorded.agrees('PutFirstItemOLD', await client.send(new PutItemCommand(put)));
  const removed = await client.send(new DeleteItemCommand({ TableName, Key: { id: Item.id } }));
  recorded.agrees('PutSecondItemReturnNone', removed);
});
