/** Clients other than the JavaScript SDK: AWS CLI v2, and boto3 with its waiters, paginators and table resource. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { awsJson } from '../../kit/aws-cli.ts';
import { boto3 } from '../../kit/boto3.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { createTable } from './dynamodb-client.ts';

const SCRIPT = `
import boto3, json
from decimal import Decimal
from boto3.dynamodb.conditions import Attr, Key
table = boto3.resource('dynamodb').create_table(
    TableName='people', BillingMode='PAY_PER_REQUEST',
    AttributeDefinitions=[{'AttributeName': 'town', 'AttributeType': 'S'}, {'AttributeName': 'age', 'AttributeType': 'N'}],
    KeySchema=[{'AttributeName': 'town', 'KeyType': 'HASH'}, {'AttributeName': 'age', 'KeyType': 'RANGE'}])
table.wait_until_exists()
with table.batch_writer() as batch:
    for age in range(60):
        batch.put_item(Item={'town': 'Rome', 'age': age, 'odd': age % 2 == 1, 'fraction': Decimal('0.1'), 'raw': b'\\x00\\xff', 'tags': {'a', 'b'}})
found = table.query(KeyConditionExpression=Key('town').eq('Rome') & Key('age').between(10, 19), FilterExpression=Attr('odd').eq(True))
updated = table.update_item(Key={'town': 'Rome', 'age': 1}, UpdateExpression='SET fraction = fraction + :s', ExpressionAttributeValues={':s': Decimal('0.2')}, ReturnValues='UPDATED_NEW')
pages = boto3.client('dynamodb').get_paginator('scan').paginate(TableName='people', PaginationConfig={'PageSize': 25})
counts = [page['Count'] for page in pages]
try:
    table.put_item(Item={'town': 'Rome', 'age': 1}, ConditionExpression=Attr('age').not_exists())
except table.meta.client.exceptions.ConditionalCheckFailedException as error:
    refusal = error.response['Error']
table.delete()
table.wait_until_not_exists()
print(json.dumps({
    'ages': [int(item['age']) for item in found['Items']],
    'raw': list(found['Items'][0]['raw'].value), 'tags': sorted(found['Items'][0]['tags']),
    'share': str(updated['Attributes']['fraction']), 'counts': counts, 'refusal': refusal,
}))
`;

test('boto3 makes a table, writes, queries, updates and scans', async (context) => {
  const seen = await boto3(await startedPlatform(context), SCRIPT);
  assert.deepEqual(seen, {
    ages: [11, 13, 15, 17, 19],
    raw: [0, 255],
    tags: ['a', 'b'],
    share: '0.3',
    counts: [25, 25, 10],
    refusal: {
      Code: 'ConditionalCheckFailedException',
      Message: 'The conditional request failed',
    },
  });
});

test('AWS CLI v2 makes a table, puts and queries, and reads its stream', async (context) => {
  const platform = await startedPlatform(context);
  const run = <T>(...args: string[]) => awsJson<T>(platform, ...args);
  const { TableDescription } = await run<{ TableDescription: { LatestStreamArn: string } }>(
    ...['dynamodb', 'create-table', '--table-name', 'cli', '--billing-mode', 'PAY_PER_REQUEST'],
    ...['--attribute-definitions', 'AttributeName=id,AttributeType=S'],
    ...['--key-schema', 'AttributeName=id,KeyType=HASH'],
    ...['--stream-specification', 'StreamEnabled=true,StreamViewType=NEW_IMAGE'],
  );
  const item = { id: { S: 'a' }, bytes: { B: 'AP8=' } };
  const put = ['dynamodb', 'put-item', '--table-name', 'cli', '--item', JSON.stringify(item)];
  await run(...put, '--return-consumed-capacity', 'TOTAL');
  const found = await run<{ Items: unknown[] }>(
    ...['dynamodb', 'query', '--table-name', 'cli', '--key-condition-expression', 'id = :id'],
    ...['--expression-attribute-values', '{":id":{"S":"a"}}'],
  );
  assert.deepEqual(found.Items, [item]);
  const { StreamDescription } = await run<{ StreamDescription: { Shards: unknown[] } }>(
    ...['dynamodbstreams', 'describe-stream', '--stream-arn', TableDescription.LatestStreamArn],
  );
  assert.equal(StreamDescription.Shards.length, 4);
});

test('the document client of the SDK takes and gives plain values', async (context) => {
  const client = new DynamoDBClient(clientSettings(await startedPlatform(context)));
  context.after(() => client.destroy());
  await createTable(client, 'documents', { sort: 'none' });
  const documents = DynamoDBDocument.from(client);
  const Item = { pk: 'a', list: [1, 'two', { three: null }], set: new Set([1, 2]), bytes: Uint8Array.of(9) };
  await documents.put({ TableName: 'documents', Item });
  const { Item: found } = await documents.get({ TableName: 'documents', Key: { pk: 'a' } });
  assert.deepEqual(found, Item);
});
