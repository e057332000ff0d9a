/** Tables: what they may be, how they are told of and changed. Answers as recorded of AWS, or seen by dynalite's tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CreateTableCommandInput,
  DynamoDBClient,
  UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import {
  CreateTableCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  EnableKinesisStreamingDestinationCommand,
  GetResourcePolicyCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
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

const PROVISIONED: CreateTableCommandInput = {
  TableName: 'provisioned',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
};

test('a table is told of as AWS tells of it, from its creation to its end', async (context) => {
  const { client } = await sharedDynamo(context);
  const { TableDescription: created } = await client.send(new CreateTableCommand(PROVISIONED));
  const { CreationDateTime, TableId, ...told } = created!;
  assert.ok(CreationDateTime instanceof Date);
  assert.match(TableId!, /^[0-9a-f-]{36}$/);
  const base = {
    AttributeDefinitions: PROVISIONED.AttributeDefinitions,
    KeySchema: PROVISIONED.KeySchema,
    TableName: 'provisioned',
    TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/provisioned',
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    DeletionProtectionEnabled: false,
    ItemCount: 0,
    TableSizeBytes: 0,
  };
  assert.deepEqual(told, { ...base, TableStatus: 'CREATING' });
  const { Table: described } = await client.send(new DescribeTableCommand({ TableName: 'provisioned' }));
  assert.deepEqual(described, {
    ...base,
    CreationDateTime,
    TableId,
    TableStatus: 'ACTIVE',
    WarmThroughput: { ReadUnitsPerSecond: 5, WriteUnitsPerSecond: 5, Status: 'ACTIVE' },
  });
  await refused(
    client.send(new CreateTableCommand(PROVISIONED)),
    'ResourceInUseException',
    'Table already exists: provisioned',
  );
  const { TableDescription: deleted } = await client.send(
    new DeleteTableCommand({ TableName: 'provisioned' }),
  );
  const { AttributeDefinitions: _, KeySchema: __, ...kept } = base;
  assert.deepEqual(deleted, { ...kept, TableId, TableStatus: 'DELETING' });
  await refused(
    client.send(new DeleteTableCommand({ TableName: 'provisioned' })),
    'ResourceNotFoundException',
    'Requested resource not found: Table: provisioned not found',
  );
});

test('a table made anew under a name is empty, and counts its items', async (context) => {
  const { client } = await sharedDynamo(context);
  const count = async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'again' }));
    return [Table!.ItemCount, Table!.TableSizeBytes];
  };
  await createTable(client, 'again');
  await put(client, 'again', { pk: { S: 'a' }, sk: { S: '1' } }, { pk: { S: 'a' }, sk: { S: '2' } });
  assert.deepEqual(await count(), [2, 12]);
  await put(client, 'again', { pk: { S: 'a' }, sk: { S: '1' }, more: { S: 'x' } });
  assert.deepEqual(await count(), [2, 17]);
  await client.send(new DeleteTableCommand({ TableName: 'again' }));
  await createTable(client, 'again');
  assert.deepEqual(await count(), [0, 0]);
});

const PARAMETERS = 'One or more parameter values were invalid: ';
const INDEX = {
  IndexName: 'index',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
  ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
};

const REFUSED: readonly [Partial<CreateTableCommandInput>, string][] = [
  [
    { ProvisionedThroughput: undefined },
    `${PARAMETERS}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`,
  ],
  [
    { BillingMode: 'PAY_PER_REQUEST' },
    `${PARAMETERS}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  ],
  [
    { KeySchema: [{ AttributeName: 'id', KeyType: 'RANGE' }] },
    'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
  ],
  [
    { KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }] },
    `${PARAMETERS}Some index key attributes are not defined in AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]`,
  ],
  [
    {
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'more', AttributeType: 'S' },
      ],
    },
    `${PARAMETERS}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
  ],
  [
    { LocalSecondaryIndexes: [{ ...INDEX, ProvisionedThroughput: undefined } as never] },
    `${PARAMETERS}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
  ],
  [{ GlobalSecondaryIndexes: [INDEX, INDEX] }, `${PARAMETERS}Duplicate index name: index`],
  [
    {
      GlobalSecondaryIndexes: [{ ...INDEX, Projection: { ProjectionType: 'ALL', NonKeyAttributes: ['a'] } }],
    },
    `${PARAMETERS}ProjectionType is ALL, but NonKeyAttributes is specified`,
  ],
];

test('a table that cannot be is refused', async (context) => {
  const { client } = await sharedDynamo(context);
  for (const [settings, words] of REFUSED) {
    await invalid(
      client.send(new CreateTableCommand({ ...PROVISIONED, TableName: 'wrong', ...settings })),
      words,
    );
  }
  await invalid(
    client.send(new DescribeTableCommand({ TableName: 'ab' })),
    'TableName must be at least 3 characters long and at most 255 characters long',
  );
});

test('tables are listed by name, a page at a time', async (context) => {
  const { client } = await startedDynamo(context);
  for (const name of ['ccc', 'aaa', 'bbb']) await createTable(client, name);
  const first = await client.send(new ListTablesCommand({ Limit: 2 }));
  assert.deepEqual([first.TableNames, first.LastEvaluatedTableName], [['aaa', 'bbb'], 'bbb']);
  const second = await client.send(new ListTablesCommand({ ExclusiveStartTableName: 'bbb' }));
  assert.deepEqual([second.TableNames, second.LastEvaluatedTableName], [['ccc'], undefined]);
});

async function update(
  client: DynamoDBClient,
  settings: Omit<UpdateTableCommandInput, 'TableName'>,
  name: string,
) {
  return client.send(new UpdateTableCommand({ TableName: name, ...settings }));
}

test('throughput is changed, and lowered four times a day', async (context) => {
  const { client } = await sharedDynamo(context);
  const TableName = 'changed';
  await client.send(new CreateTableCommand({ ...PROVISIONED, TableName }));
  const throughput = (units: number) => ({
    ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
  });
  await assert.rejects(
    update(client, throughput(5), TableName),
    /The provisioned throughput for the table will not change\./,
  );
  for (const units of [4, 3, 2, 1]) await update(client, throughput(units), TableName);
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  assert.equal(Table!.ProvisionedThroughput!.NumberOfDecreasesToday, 4);
  assert.ok(Table!.ProvisionedThroughput!.LastDecreaseDateTime instanceof Date);
  await update(client, throughput(9), TableName);
  await assert.rejects(update(client, throughput(8), TableName), { name: 'LimitExceededException' });
  await update(client, { BillingMode: 'PAY_PER_REQUEST' }, TableName);
  const after = await client.send(new DescribeTableCommand({ TableName }));
  assert.equal(after.Table!.BillingModeSummary!.BillingMode, 'PAY_PER_REQUEST');
  assert.equal(after.Table!.ProvisionedThroughput!.WriteCapacityUnits, 0);
});

test('a global index that is added later holds what was there before', async (context) => {
  const { client, platform } = await startedDynamo(context);
  await createTable(client, 'late');
  // More than are put into it at once.
  const items = Array.from({ length: 600 }, (_, index) => ({
    pk: { S: `p${index % 6}` },
    sk: { S: String(index) },
    ...(index % 2 === 0 ? { colour: { S: 'red' } } : {}),
  }));
  await putAll(client, 'late', items);
  // Source: "Detecting and correcting index key violations": an index does not take them, and is filled all the same.
  const misfits = [{ N: '5' }, { S: '' }, { S: 'x'.repeat(2049) }, { L: [] }];
  const misfitting = misfits.map((colour, sk) => ({ pk: { S: 'misfit' }, sk: { S: String(sk) }, colour }));
  await putAll(client, 'late', misfitting);
  const { TableDescription } = await update(
    client,
    {
      AttributeDefinitions: [{ AttributeName: 'colour', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'colours',
            KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    },
    'late',
  );
  assert.equal(TableDescription!.TableStatus, 'UPDATING');
  assert.equal(TableDescription!.GlobalSecondaryIndexes![0]!.IndexStatus, 'CREATING');
  assert.equal(TableDescription!.GlobalSecondaryIndexes![0]!.Backfilling, true);
  // The clock waits for the work.
  await platform.clock.advance(1);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'late' }));
  assert.equal(Table!.TableStatus, 'ACTIVE');
  assert.equal(Table!.GlobalSecondaryIndexes![0]!.IndexStatus, 'ACTIVE');
  assert.equal(Table!.GlobalSecondaryIndexes![0]!.ItemCount, 300);
  const red = { ComparisonOperator: 'EQ' as const, AttributeValueList: [{ S: 'red' }] };
  const query = { TableName: 'late', IndexName: 'colours', KeyConditions: { colour: red } };
  assert.equal((await client.send(new QueryCommand({ ...query, Select: 'COUNT' }))).Count, 300);
  const scanned = await client.send(new ScanCommand({ TableName: 'late', IndexName: 'colours' }));
  assert.equal(scanned.Count, 300);

  await update(client, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'colours' } }] }, 'late');
  await platform.clock.advance(1);
  const { Table: without } = await client.send(new DescribeTableCommand({ TableName: 'late' }));
  assert.equal(without!.GlobalSecondaryIndexes, undefined);
  await invalid(client.send(new QueryCommand(query)), 'The table does not have the specified index: colours');
});

test('a table that is protected cannot be deleted', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'protected', { DeletionProtectionEnabled: true });
  await invalid(
    client.send(new DeleteTableCommand({ TableName: 'protected' })),
    'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
  );
  await update(
    client,
    { DeletionProtectionEnabled: false, TableClass: 'STANDARD_INFREQUENT_ACCESS' },
    'protected',
  );
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'protected' }));
  assert.equal(Table!.TableClassSummary!.TableClass, 'STANDARD_INFREQUENT_ACCESS');
  await client.send(new DeleteTableCommand({ TableName: 'protected' }));
});

test('tags, policies, limits and TTL of a table are kept', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'settings', { Tags: [{ Key: 'a', Value: '1' }] });
  const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/settings';
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'b', Value: '2' }] }));
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a'] }));
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn }));
  assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);

  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '123456789012' },
        Action: 'dynamodb:GetItem',
        Resource: ResourceArn,
      },
    ],
  });
  const { RevisionId } = await client.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
  const got = await client.send(new GetResourcePolicyCommand({ ResourceArn }));
  assert.deepEqual([got.Policy, got.RevisionId], [Policy, RevisionId]);
  await client.send(new DeleteResourcePolicyCommand({ ResourceArn, ExpectedRevisionId: RevisionId }));
  await assert.rejects(client.send(new GetResourcePolicyCommand({ ResourceArn })), {
    name: 'PolicyNotFoundException',
  });

  assert.equal((await client.send(new DescribeLimitsCommand({}))).TableMaxReadCapacityUnits, 40_000);

  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' };
  const change = { TableName: 'settings', TimeToLiveSpecification };
  const enabled = await client.send(new UpdateTimeToLiveCommand(change));
  assert.deepEqual(enabled.TimeToLiveSpecification, TimeToLiveSpecification);
  const told = await client.send(new DescribeTimeToLiveCommand({ TableName: 'settings' }));
  assert.deepEqual(told.TimeToLiveDescription, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
  await invalid(client.send(new UpdateTimeToLiveCommand(change)), 'TimeToLive is already enabled');
});

test('what is not written yet is refused by name', async (context) => {
  const { client } = await sharedDynamo(context);
  await refused(
    client.send(
      new CreateTableCommand({ ...PROVISIONED, TableName: 'sealed', SSESpecification: { Enabled: true } }),
    ),
    'NotImplemented',
    'selfsame does not implement SSESpecification of DynamoDB tables yet.',
  );
  for (const [member, value] of Object.entries({
    GlobalTableSourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/source',
    GlobalTableSettingsReplicationMode: 'ENABLED',
    WarmThroughput: { ReadUnitsPerSecond: 12_000 },
  })) {
    await refused(
      client.send(new CreateTableCommand({ ...PROVISIONED, TableName: 'sealed', [member]: value })),
      'NotImplemented',
      `selfsame does not implement ${member} of DynamoDB tables yet.`,
    );
  }
  await createTable(client, 'plain');
  await refused(
    client.send(
      new UpdateTableCommand({ TableName: 'plain', GlobalTableSettingsReplicationMode: 'DISABLED' }),
    ),
    'NotImplemented',
    'selfsame does not implement GlobalTableSettingsReplicationMode of DynamoDB tables yet.',
  );
  const StreamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
  await assert.rejects(
    client.send(new EnableKinesisStreamingDestinationCommand({ TableName: 'plain', StreamArn })),
    { name: 'NotImplemented', message: /EnableKinesisStreamingDestination/ },
  );
});
