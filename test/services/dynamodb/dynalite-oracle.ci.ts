/**
 * The same requests at random to this server and to dynalite, whose tests have been run against AWS: answers and
 * refusals are the same. What dynalite has otherwise than AWS is left out of the requests.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AttributeValue,
  PutItemCommandOutput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { dynaliteOrigin } from './dynalite-server.ts';
import { startedDynamo } from './dynamodb-client.ts';

const REQUESTS = 3_000;

class Requests {
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  next(): object {
    const make = this.pick([
      () => this.put(),
      () => this.put(),
      () => this.update(),
      () => this.update(),
      () => this.delete(),
      () => this.get(),
      () => this.query(),
      () => this.indexQuery(),
      () => this.scan(),
      () => this.batch(),
    ]);
    return make();
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random.next() * choices.length)]!;
  }

  private chance(likelihood: number): boolean {
    return this.random.next() < likelihood;
  }

  private key(): Record<string, AttributeValue> {
    return { pk: { S: this.pick(['p', 'q', 'é']) }, sk: { N: this.number() } };
  }

  private number(): string {
    return this.pick([
      '0',
      '1',
      '-1',
      '2.5',
      '-2.5',
      '10',
      '100',
      '1e3',
      '0.001',
      '-123456789012345678901234567890',
    ]);
  }

  /** Neither false nor an empty text, which dynalite takes for none. */
  private value(depth = 0): AttributeValue {
    const scalars = [
      () => ({ S: this.pick(['a', 'ab', 'abc', 'b', 'é']) }),
      () => ({ N: this.number() }),
      () => ({ B: Uint8Array.of(Math.floor(this.random.next() * 256)) }),
      () => ({ BOOL: true }),
      () => ({ NULL: true }),
      () => ({ SS: this.pick([['a'], ['a', 'b'], ['b', 'c']]) }),
      () => ({ NS: this.pick([['1'], ['1', '2.50'], ['2']]) }),
    ];
    const nested = [
      () => ({ L: [this.value(depth + 1), this.value(depth + 1)] }),
      () => ({ M: { a: this.value(depth + 1), b: this.value(depth + 1) } }),
    ];
    return (this.pick(depth < 2 ? [...scalars, ...nested] : scalars) as () => AttributeValue)();
  }

  private item(): Record<string, AttributeValue> {
    const item = this.key();
    for (const name of ['a', 'b', 'c']) if (this.chance(0.6)) item[name] = this.value();
    if (this.chance(0.6)) item['kind'] = { S: this.pick(['x', 'y']) };
    return item;
  }

  private path(): string {
    return this.pick(['a', 'b', '#c', 'a.a', 'b.b', 'a[0]', 'b[1]', '#c.a', 'a.a.b', 'b[0][1]']);
  }

  private test(): string {
    const path = this.path();
    return this.pick([
      `attribute_exists(${path})`,
      `attribute_not_exists(${path})`,
      `attribute_type(${path}, :type)`,
      `begins_with(${path}, :text)`,
      `contains(${path}, :text)`,
      `contains(${path}, :number)`,
      `size(${path}) > :number`,
      `${path} = :value`,
      `${path} <> :value`,
      `${path} < :number`,
      `${path} >= :text`,
      `${path} BETWEEN :low AND :high`,
      `${path} IN (:text, :number)`,
    ]);
  }

  private condition(): string {
    const [one, two] = [this.test(), this.test()];
    return this.pick([
      one,
      `NOT ${one}`,
      `${one} AND ${two}`,
      `${one} OR NOT ${two}`,
      `(${one} OR ${two}) AND ${one}`,
    ]);
  }

  /** Names and values that the texts use: either takes none that are not used. */
  private scope(...texts: (string | undefined)[]): object {
    const text = texts.join(' ');
    const values: Record<string, AttributeValue> = {
      ':type': { S: this.pick(['S', 'N', 'L', 'M', 'BOOL']) },
      ':text': { S: this.pick(['a', 'b']) },
      ':number': { N: this.number() },
      ':value': this.value(),
      ':low': { N: '0' },
      ':high': { N: '5' },
      ':set': { SS: ['a', 'c'] },
      ':list': { L: [{ S: 'end' }] },
    };
    const used = Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(text));
    return {
      ...(text.includes('#c') ? { ExpressionAttributeNames: { '#c': 'c' } } : {}),
      ...(used.length > 0 ? { ExpressionAttributeValues: Object.fromEntries(used) } : {}),
    };
  }

  private put(): object {
    const ConditionExpression = this.chance(0.5) ? this.condition() : undefined;
    return new PutItemCommand({
      TableName: 'oracle',
      Item: this.item(),
      ...(ConditionExpression ? { ConditionExpression } : {}),
      ...this.scope(ConditionExpression),
      ReturnValues: this.pick(['NONE', 'ALL_OLD']),
    });
  }

  private delete(): object {
    const ConditionExpression = this.condition();
    const scope = this.scope(ConditionExpression);
    return new DeleteItemCommand({
      TableName: 'oracle',
      Key: this.key(),
      ConditionExpression,
      ...scope,
      ReturnValues: 'ALL_OLD',
    });
  }

  private update(): object {
    const set = this.pick([':value', ':list', `if_not_exists(${this.path()}, :value)`, `${this.path()}`]);
    const UpdateExpression = this.pick([
      `SET ${this.path()} = ${set}`,
      `SET a = a + :number`,
      `SET b = :number - b`,
      `SET a = list_append(a, :list)`,
      `REMOVE ${this.path()}`,
      `ADD a :number`,
      `ADD b :set`,
      `DELETE b :set`,
      `SET a = :value REMOVE b ADD #c :number`,
    ]);
    const ConditionExpression = this.chance(0.3) ? this.condition() : undefined;
    const input: UpdateItemCommandInput = {
      TableName: 'oracle',
      Key: this.key(),
      UpdateExpression,
      ...(ConditionExpression ? { ConditionExpression } : {}),
      ...this.scope(UpdateExpression, ConditionExpression),
      ReturnValues: this.pick(['NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW']),
    };
    return new UpdateItemCommand(input);
  }

  private get(): object {
    const ProjectionExpression = this.chance(0.5) ? this.path() : undefined;
    return new GetItemCommand({
      TableName: 'oracle',
      Key: this.key(),
      ...(ProjectionExpression ? { ProjectionExpression } : {}),
      ...this.scope(ProjectionExpression),
    });
  }

  private query(): object {
    const range = this.pick([
      '',
      ' AND sk = :low',
      ' AND sk > :low',
      ' AND sk <= :high',
      ' AND sk BETWEEN :low AND :high',
    ]);
    const KeyConditionExpression = `pk = :pk${range}`;
    const FilterExpression = this.chance(0.4) ? this.condition() : undefined;
    const scope: Partial<QueryCommandInput> = this.scope(KeyConditionExpression, FilterExpression);
    return new QueryCommand({
      TableName: 'oracle',
      KeyConditionExpression,
      ...(FilterExpression ? { FilterExpression } : {}),
      ...scope,
      ExpressionAttributeValues: { ...scope.ExpressionAttributeValues, ':pk': { S: this.pick(['p', 'q']) } },
      ScanIndexForward: this.chance(0.5),
      ...(this.chance(0.5) ? { Limit: 1 + Math.floor(this.random.next() * 5) } : {}),
    });
  }

  private indexQuery(): object {
    return new QueryCommand({
      TableName: 'oracle',
      IndexName: 'kinds',
      KeyConditionExpression: 'kind = :kind',
      ExpressionAttributeValues: { ':kind': { S: this.pick(['x', 'y']) } },
    });
  }

  private scan(): object {
    const FilterExpression = this.condition();
    return new ScanCommand({ TableName: 'oracle', FilterExpression, ...this.scope(FilterExpression) });
  }

  private batch(): object {
    return new BatchGetItemCommand({ RequestItems: { oracle: { Keys: [this.key(), this.key()] } } });
  }
}

/** An answer with lists whose order says nothing in an order, or a refusal. */
async function outcome(client: DynamoDBClient, command: object): Promise<unknown> {
  try {
    const { $metadata: _, ...answer }: PutItemCommandOutput = await client.send(command as PutItemCommand);
    // Where an update has left nothing of what it names, dynalite shows an item without attributes.
    if (Object.keys(answer.Attributes ?? {}).length === 0) delete answer.Attributes;
    return ordered(
      answer,
      command instanceof ScanCommand || command instanceof BatchGetItemCommand || isIndexQuery(command),
    );
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message };
  }
}

function isIndexQuery(command: object): boolean {
  return command instanceof QueryCommand && command.input.IndexName !== undefined;
}

function ordered(value: unknown, sortsItems: boolean): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) {
    const list = value.map((inner) => ordered(inner, sortsItems));
    const isSet = list.every((inner) => typeof inner === 'string');
    return isSet || (sortsItems && list.every((inner) => isItem(inner))) ? sorted(list) : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, ordered(inner, sortsItems)]),
  );
}

function isItem(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'pk' in value;
}

function sorted(list: readonly unknown[]): unknown[] {
  return [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

test(`${REQUESTS} requests are answered as dynalite answers them`, async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const { client: ours, platform } = await startedDynamo(context);
  const theirs = new DynamoDBClient({ ...clientSettings(platform), endpoint: await dynaliteOrigin(context) });
  context.after(() => theirs.destroy());
  for (const client of [ours, theirs]) {
    await client.send(
      new CreateTableCommand({
        TableName: 'oracle',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'N' },
          { AttributeName: 'kind', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'kinds',
            KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a'] },
          },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName: 'oracle' });
  }
  const requests = new Requests(random);
  let refusals = 0;
  for (let count = 0; count < REQUESTS; count += 1) {
    const command = requests.next();
    const [mine, other] = [await outcome(ours, command), await outcome(theirs, command)];
    const { input } = command as GetItemCommand;
    assert.deepEqual(mine, other, `request ${count}: ${command.constructor.name} ${JSON.stringify(input)}`);
    if ('message' in (mine as object)) refusals += 1;
  }
  console.log(`${refusals} of them refused`);
});
