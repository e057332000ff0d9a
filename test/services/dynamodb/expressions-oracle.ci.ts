/**
 * Expressions at random, right ones and wrong ones, to this server and to dynalite, whose tests have been run against
 * AWS. Where dynalite is known to be otherwise than AWS, the expressions are left out or the words are not compared:
 * - the words of a syntax error are those of dynalite's parser generator; AWS tells a token and what is near it;
 * - it takes `a < :map` and `a IN (a)`, and knows the functions of conditions not at all in updates;
 * - `REMOVE l[0], l[1]` removes the second element of what the first removal has left; AWS takes both places for those
 *   before the update (developer guide, "Removing elements from a list");
 * - it ends where a bound of BETWEEN is an attribute that is not there, and cannot size what is not there;
 * - sets have an order; nothing is `contains`ed in a list but a text, number or bytes; `size` of an empty text is none;
 * - it takes a number for the beginning of another, and of two errors that an update meets, tells another;
 * - `NOT NOT a`, and a sum that begins with parentheses, are not in its grammar.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
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

const EXPRESSIONS = 300;
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
/** A list is not among them: dynalite does not copy what it puts into one, and cannot bear one that holds itself. */
const TARGETS = ['num', '#n', 'word', 'absent', 'doc.num', '#d.tags', 'absent.a'];
const VALUED = [':five', ':half', ':big', ':abc', ':a', ':octets'];
const WRONG = [
  'data',
  '#undefined',
  ':undefined',
  ':map',
  'nope(num)',
  'size(num, num)',
  '100',
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
      () => `SET ${this.target()} = ${this.sum()}`,
      () => `set ${this.target()}=${this.sum()}, ${this.target()} = ${this.sum()}`,
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
      () => `begins_with(${path}, ${this.random.of(VALUED)})`,
      () => `contains(${path}, ${operand})`,
      () => `size(${path}) > ${operand}`,
    ])();
  }

  private target(): string {
    return this.random.next() < 0.05 ? this.wrong() : this.random.of(TARGETS);
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

/** For dynalite what is not there is equal to what is not there; DynamoDB compares nothing with it. */
const BOTH_ABSENT = /\babsent(?:\.a)? ?[=<>]{1,2} ?absent\b/;

/** In DynamoDB every operand and place is what it was before the update; in dynalite what the sections before have made it. */
const IN_TURN = /\b(?:SET|ADD|DELETE|REMOVE)\b.*\b(?:SET|ADD|DELETE|REMOVE)\b/i;

const MISFITS = [
  'An operand in the update expression has an incorrect data type',
  'The document path provided in the update expression is invalid for update',
  'The provided expression refers to an attribute that does not exist in the item',
];

/** The answer, or the words of the refusal. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    const { message } = error as Error;
    if (MISFITS.includes(message)) return 'does not fit the item';
    return message
      .replace(/Syntax error; .*/s, 'Syntax error')
      .replace('The function is not allowed in an update expression;', 'Invalid function name;');
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
    if (BOTH_ABSENT.test(condition)) continue;
    const mine = await scanned(ours, condition);
    assert.deepEqual(mine, await scanned(theirs, condition), condition);
    if (mine === 1) tally.met += 1;
    else if (mine !== 0) tally.refused += 1;
  }
  for (let count = 0; count < EXPRESSIONS; count += 1) {
    const update = expressions.update();
    const mine = await updatedBy(ours, update);
    const wasUpdated = typeof mine === 'object';
    if (!(wasUpdated && IN_TURN.test(update)))
      assert.deepEqual(mine, await updatedBy(theirs, update), update);
    if (wasUpdated) tally.updated += 1;
    else tally.refused += 1;
  }
  console.log(tally);
  assert.ok(Object.values(tally).every((times) => times > EXPRESSIONS / 20));
});
