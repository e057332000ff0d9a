/**
 * A server that is killed at random while items are written, alone and in transactions: what it answered holds, a
 * transaction is there as a whole or not at all, and the stream tells of exactly what was stored, in order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';

const KILLS = 20;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 400;
const LINES = ['a', 'b', 'c', 'd'] as const;
const PAIRS = ['left', 'right'] as const;

const numbered = (pk: string, value: number) => ({
  pk: { S: pk },
  n: { N: String(value) },
  kind: { S: 'line' },
});

/** Counts up what one key holds; the next number once the last is answered. */
class Line {
  acknowledged = 0;
  private readonly client: DynamoDBClient;
  private readonly pk: string;
  private next = 1;

  constructor(client: DynamoDBClient, pk: string) {
    this.client = client;
    this.pk = pk;
  }

  async write(): Promise<void> {
    const value = this.next++;
    await this.client.send(new PutItemCommand({ TableName: 'killed', Item: numbered(this.pk, value) }));
    this.acknowledged = value;
  }
}

test(`what a server answered about items holds after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const client = new DynamoDBClient(settings);
  const streams = new DynamoDBStreamsClient(settings);
  context.after(() => client.destroy());
  context.after(() => streams.destroy());
  await client.send(
    new CreateTableCommand({
      TableName: 'killed',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'kind', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'kinds',
          KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  const lines = LINES.map((pk) => new Line(client, pk));
  let transacted = 0;
  const writePair = async (): Promise<void> => {
    const value = ++transacted;
    const puts = PAIRS.map((pk) => ({ Put: { TableName: 'killed', Item: numbered(pk, value) } }));
    await client.send(new TransactWriteItemsCommand({ TransactItems: puts }));
  };

  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [
    ...lines.map((line) => () => line.write()),
    writePair,
  ]);

  const held = async (pk: string): Promise<number> => {
    const { Item } = await client.send(new GetItemCommand({ TableName: 'killed', Key: { pk: { S: pk } } }));
    return Number(Item?.['n']?.N ?? 0);
  };
  let total = 0;
  for (const [index, pk] of LINES.entries()) {
    const { acknowledged } = lines[index]!;
    total += acknowledged;
    assert.ok((await held(pk)) >= acknowledged, `${pk} has lost what was acknowledged`);
  }
  assert.equal(await held('left'), await held('right'), 'a transaction is there in part');
  console.log(`${total} writes acknowledged`);
  assert.ok(total > KILLS, 'the server was at work when it was killed');

  const { Items } = await client.send(
    new QueryCommand({
      TableName: 'killed',
      IndexName: 'kinds',
      KeyConditions: { kind: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'line' }] } },
    }),
  );
  for (const { pk, n } of Items!) assert.equal(Number(n!.N), await held(pk!.S!), 'the index is behind');

  const told = await streamedNumbers(client, streams);
  for (const pk of [...LINES, ...PAIRS]) {
    const numbers = told.get(pk) ?? [];
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
      `${pk} is told of out of order`,
    );
    assert.equal(numbers.at(-1), await held(pk), `the stream does not end with what ${pk} holds`);
  }
});

/** What the stream says that each key has held, in its order. */
async function streamedNumbers(
  client: DynamoDBClient,
  streams: DynamoDBStreamsClient,
): Promise<Map<string, number[]>> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'killed' }));
  const StreamArn = Table!.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const told = new Map<string, number[]>();
  for (const { ShardId } of StreamDescription!.Shards!) {
    const first = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
    let iterator = (await streams.send(new GetShardIteratorCommand(first))).ShardIterator;
    for (;;) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const { dynamodb } of page.Records!) {
        const { pk, n } = dynamodb!.NewImage!;
        told.set(pk!.S!, [...(told.get(pk!.S!) ?? []), Number(n!.N)]);
      }
      if (page.Records!.length === 0) break;
      iterator = page.NextShardIterator;
    }
  }
  return told;
}
