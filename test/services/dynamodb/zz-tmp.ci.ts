/**
 * Expressions at random, right ones and wrong ones, to this server and to dynalite, whose tests have been run against
 * AWS. Where dynalite is known to be otherwise than AWS, the expressions are left out or the words are not compared:
 * - the words of a syntax error are those of dynalite's parser generator; AWS tells a token and what is near it;
 * - it takes `a < :boolean` and `a IN (a)`, and knows `if_not_exists` in a condition as no function at all;
 * - `REMOVE l[0], l[1]` removes the second element of what the first removal has left; AWS takes both places for those
 *   before the update (developer guide, "Removing elements from a list");
 * - it ends where a bound of BETWEEN is an attribute that is not there, and cannot size what is not there;
 * - sets have an order; nothing is `contains`ed in a list but a text, number or bytes; `size` of an empty text is none;
 * - `NOT NOT a`, and a sum that begins with parentheses, are not in its grammar.
 */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual as eq } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { dynaliteOrigin } from './dynalite-server.ts';
import { startedDynamo } from './dynamodb-client.ts';

const EXPRESSIONS = 250;
const TABLE = 'oracle';
const KEY = { pk: { S: 'one' } };
const ITEM: Record<string, AttributeValue> = {
  ...KEY,
  num: { N: '5' },
  word: { S: 'abc' },
  octets: { B: Uint8Array.of(1, 2) },
  tags: { SS: ['a', 'b'] },
  list: { L: [{ N: '1' }, { S: 'abc' }, { M: { in1: { N: '5' } } }] },
  doc: { M: { num: { N: '7' }, tags: { NS: ['1', '2'] } } },
};
const NAMES: Readonly<Record<string, string>> = { '#n': 'num', '#list': 'list', '#d': 'doc' };
const VALUES: Readonly<Record<string, AttributeValue>> = {
  ':five': { N: '5' },
  ':half': { N: '0.5' },
  ':big': { N: '98765432109876543210' },
  ':abc': { S: 'abc' },
  ':a': { S: 'a' },
  ':octets': { B: Uint8Array.of(1) },
  ':set': { SS: ['b', 'c'] },
  ':map': { M: {} },
  ':list1': { L: [{ N: '1' }] },
  ':type': { S: 'N' },
};
const PATHS = [
  'num',
  '#n',
  'word',
  'octets',
  'tags',
  '#list',
  '#list[1]',
  '#list[2].in1',
  'doc.num',
  '#d.tags',
  'absent',
  'absent.a',
];
const VALUED = [':five', ':half', ':big', ':abc', ':a', ':octets'];
const WRONG = [
  'data',
  '#undefined',
  ':undefined',
  ':map',
  'nope(num)',
  'size(num, num)',
  '100',
  '(num)',
  'list_append',
];

class Expressions {
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  condition(depth = 0): string {
    if (depth < 3 && this.random.next() < 0.4) {
      const inner = (): string => this.condition(depth + 1);
      return this.random.of([
        () => `${inner()} AND ${inner()}`,
        () => `${inner()} or ${inner()}`,
        () => `NOT (${inner()} OR ${inner()})`,
        () => `(${inner()} OR ${inner()})AND(${inner()} and ${inner()})`,
        () => `(${inner()})`,
      ])();
    }
    return this.simple();
  }

  update(): string {
    const sections = [
      () => `SET ${this.path()} = ${this.sum()}`,
      () => `set ${this.path()}=${this.sum()}, ${this.path()} = ${this.sum()}`,
      () => `REMOVE ${this.random.of(['num', 'word', 'absent', 'doc.num', '#list[1]', this.wrong()])}`,
      () => `ADD ${this.path()} ${this.random.of([':five', ':half', ':set', ':abc', this.wrong()])}`,
      () => `DELETE ${this.path()} ${this.random.of([':set', ':five', this.wrong()])}`,
    ];
    const count = 1 + Math.floor(this.random.next() * 2);
    return Array.from({ length: count }, () => this.random.of(sections)()).join(' ');
  }

  private simple(): string {
    const [path, operand] = [this.path(), this.operand()];
    return this.random.of([
      () => `${path} ${this.random.of(['=', '<>', '<', '<=', '>', '>='])} ${operand}`,
      () => `${operand}=${this.operand()}`,
      () => `${path} between ${this.random.of(VALUED)} AND ${this.random.of(VALUED)}`,
      () => `${path} IN (${this.random.of(VALUED)}, ${this.random.of(VALUED)})`,
      () => `attribute_exists(${path})`,
      () => `attribute_not_exists(${path})`,
      () => `attribute_type(${path}, :type)`,
      () => `begins_with(${path}, ${operand})`,
      () => `contains(${path}, ${operand})`,
      () => `size(${path}) > ${operand}`,
    ])();
  }

  private sum(): string {
    const operand = (): string => this.operand();
    return this.random.of([
      operand,
      () => `${operand()} + ${operand()}`,
      () => `${operand()} - ${operand()}`,
      () => `if_not_exists(${this.path()}, ${operand()})`,
      () => `list_append(${this.random.of(['#list', ':list1', operand()])}, :list1)`,
      () => `${operand()} + if_not_exists(absent, ${operand()})`,
    ])();
  }

  private path(): string {
    return this.random.next() < 0.03 ? this.wrong() : this.random.of(PATHS);
  }

  private operand(): string {
    return this.random.next() < 0.5 ? this.path() : this.random.of(VALUED);
  }

  private wrong(): string {
    return this.random.of(WRONG);
  }
}

/** With all names and values that the expression uses, and a value that it does not use now and then. */
function parametersOf(expression: string) {
  const used = <T>(all: Readonly<Record<string, T>>, form: RegExp): Record<string, T> | undefined => {
    const keys = new Set(expression.match(form));
    const entries = Object.entries(all).filter(([key]) => keys.has(key));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  return {
    TableName: TABLE,
    ExpressionAttributeNames: used(NAMES, /#\w+/g),
    ExpressionAttributeValues: used(VALUES, /:\w+/g),
  };
}

/** The answer, or the words of the refusal. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return (error as Error).message.replace(/Syntax error; .*/s, 'Syntax error');
  }
}

function scanned(client: DynamoDBClient, FilterExpression: string): Promise<unknown> {
  const command = new ScanCommand({ ...parametersOf(FilterExpression), FilterExpression });
  return outcome(client.send(command).then(({ Count }) => Count));
}

async function updatedBy(client: DynamoDBClient, UpdateExpression: string): Promise<unknown> {
  await client.send(new PutItemCommand({ TableName: TABLE, Item: ITEM }));
  const parameters = { ...parametersOf(UpdateExpression), Key: KEY, ReturnValues: 'ALL_NEW' as const };
  const command = new UpdateItemCommand({ ...parameters, UpdateExpression });
  return outcome(client.send(command).then(({ Attributes }) => Attributes));
}

test(`${EXPRESSIONS} expressions of each kind are what they are for dynalite`, async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const { client: ours, platform } = await startedDynamo(context);
  const theirs = new DynamoDBClient({ ...clientSettings(platform), endpoint: await dynaliteOrigin(context) });
  context.after(() => theirs.destroy());
  for (const client of [ours, theirs]) {
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName: TABLE });
    await client.send(new PutItemCommand({ TableName: TABLE, Item: ITEM }));
  }
  const expressions = new Expressions(random);
  const tally = { refused: 0, met: 0, updated: 0 };
  for (let count = 0; count < EXPRESSIONS; count += 1) {
    const condition = expressions.condition();
    const mine = await scanned(ours, condition);
    {
      const o = await scanned(theirs, condition);
      if (/ECONN|hang/.test(String(o))) throw new Error(condition);
      if (!eq(mine, o)) console.log(condition, 'O', mine, 'T', o);
    }
    if (mine === 1) tally.met += 1;
    else if (mine !== 0) tally.refused += 1;
  }
  for (let count = 0; count < EXPRESSIONS; count += 1) {
    const update = expressions.update();
    const mine = await updatedBy(ours, update);
    {
      appendFileSync('/tmp/h/last.txt', update + '\n');
      const o = await updatedBy(theirs, update);
      if (/ECONN|hang/.test(String(o))) throw new Error(update);
      if (!eq(mine, o)) console.log(update, 'O', mine, 'T', o);
    }
    if (typeof mine === 'object') tally.updated += 1;
    else tally.refused += 1;
  }
  console.log(tally);
  assert.ok(Object.values(tally).every((times) => times > EXPRESSIONS / 20));
});
