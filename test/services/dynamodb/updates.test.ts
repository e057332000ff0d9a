/** Updates, over the wire. Words of refusals: dynalite's tests, recorded with AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValue, DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, sharedDynamo } from './dynamodb-client.ts';

type Values = Record<string, AttributeValue>;

const TABLE = 'updates';
const KEY = { pk: { S: 'one' } };
const ATTRIBUTES: Values = {
  num: { N: '10' },
  word: { S: 'a' },
  tags: { SS: ['a', 'b'] },
  marks: { NS: ['1', '2'] },
  blobs: { BS: [Uint8Array.of(1)] },
  elements: { L: [{ S: '0' }, { S: '1' }, { S: '2' }, { S: '3' }] },
  doc: { M: { a: { N: '1' }, deep: { L: [{ M: { b: { S: 'x' } } }] } } },
};
const VALUES: Values = {
  ':one': { N: '1' },
  ':third': { N: '0.3333' },
  ':word': { S: 'w' },
  ':more': { L: [{ S: 'm' }] },
  ':tags': { SS: ['b', 'c'] },
  ':both': { SS: ['a', 'b'] },
  ':marks': { NS: ['2.0', '3'] },
  ':blobs': { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
  ':empty': { M: {} },
  ':huge': { N: '9.9999999999999999999999999999999999999E+125' },
};

function update(
  client: DynamoDBClient,
  UpdateExpression: string,
  more: Partial<UpdateItemCommandInput> = {},
) {
  const keys = [...new Set(UpdateExpression.match(/:\w+/g))].filter((key) => VALUES[key] !== undefined);
  const values = Object.fromEntries(keys.map((key) => [key, VALUES[key]!]));
  return client.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: KEY,
      UpdateExpression,
      ExpressionAttributeValues: keys.length === 0 ? undefined : values,
      ReturnValues: 'ALL_NEW',
      ...more,
    }),
  );
}

const strings = (...texts: string[]): AttributeValue => ({ L: texts.map((S) => ({ S })) });

/** By the update, what it changes; undefined for what it removes. */
const UPDATES: readonly [expression: string, changes: Record<string, AttributeValue | undefined>][] = [
  ['SET num = num + :one', { num: { N: '11' } }],
  ['SET num = num - :third, former = num', { num: { N: '9.6667' }, former: { N: '10' } }],
  ['SET num = if_not_exists(num, :one), extra = if_not_exists(extra, :one)', { extra: { N: '1' } }],
  ['SET extra = if_not_exists(extra, num) + :one', { extra: { N: '11' } }],
  ['SET elements = list_append(:more, elements)', { elements: strings('m', '0', '1', '2', '3') }],
  ['SET extra = list_append(if_not_exists(extra, :more), :more)', { extra: strings('m', 'm') }],
  ['SET elements[1] = :word, elements[9] = :word', { elements: strings('0', 'w', '2', '3', 'w') }],
  ['SET elements[8] = word, elements[6] = :word', { elements: strings('0', '1', '2', '3', 'w', 'a') }],
  ['REMOVE elements[0], elements[2]', { elements: strings('1', '3') }],
  ['REMOVE elements[1] SET elements[2] = :word', { elements: strings('0', 'w', '3') }],
  ['REMOVE elements[7], word, absent', { word: undefined }],
  [
    'SET doc.deep[0].b = :word, doc.c = :one REMOVE doc.a',
    {
      doc: { M: { c: { N: '1' }, deep: { L: [{ M: { b: { S: 'w' } } }] } } },
    },
  ],
  ['ADD num :third, extra :one', { num: { N: '10.3333' }, extra: { N: '1' } }],
  [
    'ADD tags :tags, marks :marks, blobs :blobs',
    {
      tags: { SS: ['a', 'b', 'c'] },
      marks: { NS: ['1', '2', '3'] },
      blobs: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
    },
  ],
  ['DELETE tags :both, marks :marks, absent :both', { tags: undefined, marks: { NS: ['1'] } }],
  [
    'ADD doc.#new :both DELETE blobs :blobs',
    {
      doc: { M: { ...ATTRIBUTES['doc']!.M, new: { SS: ['a', 'b'] } } },
      blobs: undefined,
    },
  ],
  ['set num=(num)+(:one)remove word', { num: { N: '11' }, word: undefined }],
  ['SET num = word, word = num', { num: { S: 'a' }, word: { N: '10' } }],
  ['SET #inherited = if_not_exists(#inherited, :word)', { constructor: { S: 'w' } }],
];
const NAMES: Readonly<Record<string, string>> = { '#new': 'new', '#inherited': 'constructor' };

test('updates change what they say, by what was there before', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, TABLE, { sort: 'none' });
  for (const [expression, changes] of UPDATES) {
    await put(client, TABLE, { ...KEY, ...ATTRIBUTES });
    const aliases = (expression.match(/#\w+/g) ?? []).map((alias) => [alias, NAMES[alias]!]);
    const ExpressionAttributeNames = aliases.length === 0 ? undefined : Object.fromEntries(aliases);
    const { Attributes } = await update(client, expression, { ExpressionAttributeNames });
    const expected = Object.entries({ ...KEY, ...ATTRIBUTES, ...changes }).filter(([, value]) => value);
    assert.deepEqual(sorted(Attributes!), sorted(Object.fromEntries(expected)), expression);
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: KEY }));
    assert.deepEqual(sorted(Item!), sorted(Attributes!), expression);
  }
});

function sorted(item: Values): [string, AttributeValue][] {
  return Object.entries(item).sort(([left], [right]) => (left < right ? -1 : 1));
}

const REFUSED: Readonly<Record<string, string>> = {
  '': 'The expression can not be empty;',
  whatever: 'Syntax error; token: "whatever", near: "whatever"',
  'SET word = :word :word': 'Syntax error; token: ":word", near: ":word :word"',
  'SET a = if_not_exists(a, 100)': 'Syntax error; token: "100", near: ", 100)"',
  'SET a = num + num + num': 'Syntax error; token: "+", near: "num + num"',
  'ADD a b': 'Syntax error; token: "b", near: "a b"',
  'SET a = set': 'Syntax error; token: "set", near: "= set"',
  'SET year = :one': 'Attribute name is a reserved keyword; reserved keyword: year',
  'SET a = nope(b)': 'Invalid function name; function: nope',
  'SET a = size(b)': 'The function is not allowed in an update expression; function: size',
  'SET a = b SET c = d': 'The "SET" section can only be used once in an update expression;',
  'REMOVE #undefined':
    'An expression attribute name used in the document path is not defined; attribute name: #undefined',
  'SET a = :undefined':
    'An expression attribute value used in expression is not defined; attribute value: :undefined',
  'SET a.b = :one REMOVE a':
    'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]',
  'REMOVE a.c SET a[1] = :one':
    'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, c], path two: [a, [1]]',
  'ADD a :word': 'Incorrect operand type for operator or function; operator: ADD, operand type: STRING',
  'DELETE a :one': 'Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER',
  'SET a = list_append(b)':
    'Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1',
  'SET a = list_append(b, :one)':
    'Incorrect operand type for operator or function; operator or function: list_append, operand type: N',
  'SET a = b + :word':
    'Incorrect operand type for operator or function; operator or function: +, operand type: S',
  'SET a = if_not_exists(:word, b)':
    'Operator or function requires a document path; operator or function: if_not_exists',
};

test('what is no update is refused in the words of DynamoDB', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'no-updates', { sort: 'none' });
  for (const [expression, reason] of Object.entries(REFUSED)) {
    await invalid(
      update(client, expression, { TableName: 'no-updates' }),
      `Invalid UpdateExpression: ${reason}`,
    );
  }
  await invalid(
    update(client, 'SET pk = :word', { TableName: 'no-updates' }),
    'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
  );
});

const MISFITS: Readonly<Record<string, string>> = {
  'SET extra = absent': 'The provided expression refers to an attribute that does not exist in the item',
  'SET num = word + :one': 'An operand in the update expression has an incorrect data type',
  'SET extra = list_append(word, :more)': 'An operand in the update expression has an incorrect data type',
  'ADD word :one': 'An operand in the update expression has an incorrect data type',
  'DELETE marks :tags': 'An operand in the update expression has an incorrect data type',
  'SET absent.a = :one': 'The document path provided in the update expression is invalid for update',
  'SET word.a = :one': 'The document path provided in the update expression is invalid for update',
  'SET doc[0] = :one': 'The document path provided in the update expression is invalid for update',
  'SET elements.a = :one': 'The document path provided in the update expression is invalid for update',
  'REMOVE absent.a': 'The document path provided in the update expression is invalid for update',
  'SET num = :huge + :huge':
    'Number overflow. Attempting to store a number with magnitude larger than supported range',
  'SET num = num + :huge': 'Attempting to store more than 38 significant digits in a Number',
};

test('an update that does not fit the item changes nothing', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'misfits', { sort: 'none' });
  await put(client, 'misfits', { ...KEY, ...ATTRIBUTES });
  for (const [expression, message] of Object.entries(MISFITS)) {
    await invalid(update(client, expression, { TableName: 'misfits' }), message);
  }
  const { Item } = await client.send(new GetItemCommand({ TableName: 'misfits', Key: KEY }));
  assert.deepEqual(sorted(Item!), sorted({ ...KEY, ...ATTRIBUTES }));
});

test('what an update has changed is shown as it was and as it is', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'shown', { sort: 'none' });
  await put(client, 'shown', { ...KEY, ...ATTRIBUTES });
  const change = 'SET elements[2] = :word, doc.deep[0].b = :word REMOVE word, absent ADD num :one';
  const shown = { TableName: 'shown' };
  const old = await update(client, change, { ...shown, ReturnValues: 'UPDATED_OLD' });
  assert.deepEqual(old.Attributes, {
    elements: strings('2'),
    doc: { M: { deep: { L: [{ M: { b: { S: 'x' } } }] } } },
    word: { S: 'a' },
    num: { N: '10' },
  });
  const now = await update(client, change, { ...shown, ReturnValues: 'UPDATED_NEW' });
  assert.deepEqual(now.Attributes, {
    elements: strings('w'),
    doc: { M: { deep: { L: [{ M: { b: { S: 'w' } } }] } } },
    num: { N: '12' },
  });
});

test('projections give parts of items', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'parts', { sort: 'none' });
  await put(client, 'parts', { ...KEY, ...ATTRIBUTES });
  const part = async (ProjectionExpression: string): Promise<Values | undefined> => {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'parts', Key: KEY, ProjectionExpression }),
    );
    return Item;
  };
  assert.deepEqual(await part('num, doc.deep[0].b, elements[3], elements[1], absent, word.a'), {
    num: { N: '10' },
    doc: { M: { deep: { L: [{ M: { b: { S: 'x' } } }] } } },
    elements: strings('1', '3'),
  });
  assert.deepEqual(await part('absent'), {});
  await invalid(
    part('a.b, a'),
    'Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]',
  );
  await invalid(part('a b'), 'Invalid ProjectionExpression: Syntax error; token: "b", near: "a b"');
  await invalid(part('a[b]'), 'Invalid ProjectionExpression: Syntax error; token: "b", near: "[b]"');
});
