/** Conditions and filters, evaluated over the wire. Words of refusals: dynalite's tests, recorded with AWS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, sharedDynamo } from './dynamodb-client.ts';

const ITEM: Record<string, AttributeValue> = {
  pk: { S: 'one' },
  word: { S: 'grün' },
  count1: { N: '12' },
  huge: { N: '123456789012345678901234567890' },
  octets: { B: Buffer.from([1, 2, 3]) },
  flag: { BOOL: true },
  nothing: { NULL: true },
  tags: { SS: ['a', 'b'] },
  marks: { NS: ['1', '2.5'] },
  blobs: { BS: [Buffer.from([9]), Buffer.from([8])] },
  elements: { L: [{ S: 'x' }, { N: '7' }, { M: { deep: { L: [{ S: 'core' }] } } }] },
  doc: { M: { a: { N: '1' }, size: { S: 'reserved' } } },
};

const VALUES: Record<string, AttributeValue> = {
  ':s': { S: 'grün' },
  ':p': { S: 'gr' },
  ':n': { N: '12.0' },
  ':m': { N: '13' },
  ':w': { N: '1.23456789012345678901234567891E+29' },
  ':b': { B: Buffer.from([1, 2]) },
  ':t': { BOOL: true },
  ':nil': { NULL: true },
  ':tag': { S: 'a' },
  ':mark': { N: '2.50' },
  ':blob': { B: Buffer.from([8]) },
  ':tags': { SS: ['b', 'a'] },
  ':seven': { N: '7' },
  ':map': { M: { size: { S: 'reserved' }, a: { N: '1' } } },
  ':typeS': { S: 'S' },
  ':typeL': { S: 'L' },
};

/** What holds for the item, and what does not. */
const CONDITIONS: Readonly<Record<string, boolean>> = {
  'word = :s': true,
  'word <> :s': false,
  'absent <> :s': true,
  'absent = :s': false,
  'NOT absent = :s': true,
  'count1 = :n': true,
  'count1 < :m AND count1 >= :n': true,
  'huge < :w': true,
  'huge > :m': true,
  'word < :n': false,
  'word > :n': false,
  'octets > :b': true,
  'flag = :t AND nothing = :nil': true,
  'tags = :tags': true,
  'doc = :map': true,
  'count1 BETWEEN :seven AND :m': true,
  'count1 BETWEEN :n AND :n': true,
  'word BETWEEN :seven AND :m': false,
  'word IN (:p, :n, :s)': true,
  'word IN (:p, :n)': false,
  'attribute_exists(elements[2].deep[0])': true,
  'attribute_exists(elements[3])': false,
  'attribute_exists(word.within1)': false,
  'attribute_not_exists(doc.b)': true,
  'attribute_type(word, :typeS) AND NOT attribute_type(absent, :typeS)': true,
  'attribute_type(elements, :typeL)': true,
  'begins_with(word, :p) AND begins_with(octets, :b)': true,
  'begins_with(count1, :p)': false,
  'contains(word, :p) AND contains(octets, :b)': true,
  'contains(tags, :tag) AND contains(marks, :mark) AND contains(blobs, :blob)': true,
  'contains(tags, :mark)': false,
  'contains(elements, :seven)': true,
  'size(elements) < :seven AND size(doc) < size(elements)': true,
  'size(octets) < :seven AND size(tags) = size(marks) AND size(word) < :seven': true,
  'size(count1) < :seven': false,
  'word = :p OR word = :s AND count1 = :n': true,
  '(word = :p OR word = :s) AND count1 = :m': false,
  'NOT word = :s OR count1 = :n': true,
  'not(word = :s or count1 = :n)': false,
  '(count1)<(:m)': true,
  ' :m>count1 ': true,
};

function valuesIn(expression: string): Record<string, AttributeValue> | undefined {
  const keys = [...new Set(expression.match(/:\w+/g))];
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, VALUES[key]!]));
}

test('conditions hold for what they say', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'conditions', { sort: 'none' });
  await put(client, 'conditions', ITEM);
  const found: Record<string, boolean> = {};
  for (const FilterExpression of Object.keys(CONDITIONS)) {
    const ExpressionAttributeValues = valuesIn(FilterExpression);
    const { Count } = await client.send(
      new ScanCommand({ TableName: 'conditions', FilterExpression, ExpressionAttributeValues }),
    );
    found[FilterExpression] = Count === 1;
  }
  assert.deepEqual(found, CONDITIONS);
});

const REFUSED: Readonly<Record<string, string>> = {
  '': 'The expression can not be empty;',
  'a = ': 'Syntax error; token: "<EOF>", near: "= "',
  'a == :s': 'Syntax error; token: "=", near: "== :s"',
  '_id = :s': 'Syntax error; token: "_", near: "_id"',
  'a = :s b': 'Syntax error; token: "b", near: ":s b"',
  'a AND b': 'Syntax error; token: "AND", near: "a AND b"',
  '((a = :s))': 'The expression has redundant parentheses;',
  '((a)) = :s': 'The expression has redundant parentheses;',
  'nope(a)': 'Invalid function name; function: nope',
  'list_append(a, :s)': 'The function is not allowed in a condition expression; function: list_append',
  'size(a)': 'The function is not allowed to be used this way in an expression; function: size',
  'contains(a, :s) = :s':
    'The function is not allowed to be used this way in an expression; function: contains',
  'data = :s': 'Attribute name is a reserved keyword; reserved keyword: data',
  '#x = :s': 'An expression attribute name used in the document path is not defined; attribute name: #x',
  'a = :undefined':
    'An expression attribute value used in expression is not defined; attribute value: :undefined',
  'begins_with(a)':
    'Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1',
  'begins_with(a, :n)':
    'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
  'a < :t': 'Incorrect operand type for operator or function; operator: <, operand type: BOOL',
  'size(:n) > :n':
    'Incorrect operand type for operator or function; operator or function: size, operand type: N',
  'attribute_exists(:s)':
    'Operator or function requires a document path; operator or function: attribute_exists',
  'attribute_type(a, :s)':
    'Invalid attribute type name found; type: grün, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
  'x.y[1] = x.y[1]':
    'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [x, y, [1]]',
  'a BETWEEN :m AND :n':
    'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:13}, upper bound operand: AttributeValue: {N:12}',
  'a BETWEEN :m AND :s':
    'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:13}, upper bound operand: AttributeValue: {S:grün}',
  'a[99999999999] = :s': 'List index is not within the allowable range; index: [99999999999]',
  [`a IN (${Array(101).fill(':s').join(', ')})`]:
    'The IN operator is provided with too many operands; number of operands: 101',
  [`a${'.b'.repeat(32)} = :s`]: 'The document path has too many nesting levels; nesting levels: 33',
  [Array(152).fill('a = :s').join(' OR ')]: 'The expression contains too many operators; operator count: 301',
  [`${'('.repeat(2000)}a = :s${')'.repeat(2000)}`]: 'The expression has redundant parentheses;',
  [`a = :s${' '.repeat(4096)}`]:
    'Expression size has exceeded the maximum allowed size; expression size: 4102',
};

test('what is no condition is refused in the words of DynamoDB', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'refusals', { sort: 'none' });
  for (const [ConditionExpression, reason] of Object.entries(REFUSED)) {
    const ExpressionAttributeValues = valuesIn(ConditionExpression.replaceAll(':undefined', ''));
    const command = { TableName: 'refusals', Key: { pk: { S: 'one' } }, ConditionExpression };
    await invalid(
      client.send(new DeleteItemCommand({ ...command, ExpressionAttributeValues })),
      `Invalid ConditionExpression: ${reason}`,
    );
  }
});

test('names and values are of the whole request', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'scopes', { sort: 'none' });
  const scan = (input: object): Promise<unknown> =>
    client.send(new ScanCommand({ TableName: 'scopes', ...input }));
  await invalid(
    scan({ ExpressionAttributeNames: { '#a': 'a' } }),
    'ExpressionAttributeNames can only be specified when using expressions',
  );
  await invalid(
    scan({ ExpressionAttributeValues: { ':a': { S: 'a' } } }),
    'ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null',
  );
  const filter = { FilterExpression: 'a = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } };
  await scan({ ...filter, ProjectionExpression: '#b', ExpressionAttributeNames: { '#b': 'b' } });
  await invalid(
    scan({ ...filter, ProjectionExpression: 'b', ExpressionAttributeNames: { '#b': 'b', '#c': 'c' } }),
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #c}',
  );
  await invalid(
    scan({ FilterExpression: 'a = :a', ExpressionAttributeValues: { ':a': { S: 'a' }, ':b': { S: 'b' } } }),
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}',
  );
  await invalid(
    scan({ ...filter, ExpressionAttributeNames: { b: 'b' } }),
    'ExpressionAttributeNames contains invalid key: Syntax error; key: "b"',
  );
  await invalid(
    scan({ ...filter, ExpressionAttributeValues: { ':a': { SS: [] } } }),
    'ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a',
  );
});

const BY_KEY: readonly [expression: string, keys: readonly string[]][] = [
  ['pk = :pk', ['a1', 'a2', 'b1']],
  ['pk = :pk AND sk = :a1', ['a1']],
  [':pk = pk AND :a1 < sk', ['a2', 'b1']],
  ['(pk = :pk) AND (begins_with(sk, :a))', ['a1', 'a2']],
  ['sk BETWEEN :a1 AND :b AND pk = :pk', ['a1', 'a2']],
];
const KEY_VALUES: Record<string, AttributeValue> = {
  ':pk': { S: 'p' },
  ':a1': { S: 'a1' },
  ':a': { S: 'a' },
  ':b': { S: 'b' },
};

function query(client: DynamoDBClient, KeyConditionExpression: string, more: object = {}) {
  const used = Object.entries(KEY_VALUES).filter(([key]) =>
    (KeyConditionExpression + JSON.stringify(more)).match(new RegExp(`${key}\\b`)),
  );
  const ExpressionAttributeValues = used.length === 0 ? undefined : Object.fromEntries(used);
  return client.send(
    new QueryCommand({ TableName: 'ordered', KeyConditionExpression, ExpressionAttributeValues, ...more }),
  );
}

test('key conditions say which part of a partition is read', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'ordered');
  for (const sk of ['a1', 'a2', 'b1']) await put(client, 'ordered', { pk: { S: 'p' }, sk: { S: sk } });
  for (const [expression, keys] of BY_KEY) {
    const { Items = [] } = await query(client, expression);
    assert.deepEqual(
      Items.map(({ sk }) => sk?.S),
      keys,
      expression,
    );
  }
  for (const [expression, message] of [
    ['pk = :pk OR sk = :a1', 'Invalid operator used in KeyConditionExpression: OR'],
    ['pk = :pk AND sk <> :a1', 'Invalid operator used in KeyConditionExpression: <>'],
    ['pk = :pk AND contains(sk, :a1)', 'Invalid operator used in KeyConditionExpression: contains'],
    ['pk = :pk AND pk = :a', 'KeyConditionExpressions must only contain one condition per key'],
    ['pk = :pk AND sk.a = :a', 'KeyConditionExpressions cannot have conditions on nested attributes'],
    ['pk = :pk AND size(sk) = :a', 'KeyConditionExpressions cannot contain nested operations'],
    ['pk = :pk AND extra = :a', 'Query condition missed key schema element: sk'],
    ['pk > :pk', 'Query key condition not supported'],
  ] as const) {
    await invalid(query(client, expression), message);
  }
  await invalid(
    query(client, 'pk = :pk', { FilterExpression: 'attribute_exists(sk)' }),
    'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
  );
});

test('a write whose condition does not hold changes nothing, and shows the item where that is asked for', async (context) => {
  const { client } = await sharedDynamo(context);
  await createTable(client, 'guarded', { sort: 'none' });
  const Item = { pk: { S: 'one' }, version: { N: '1' } };
  const create = { TableName: 'guarded', Item, ConditionExpression: 'attribute_not_exists(pk)' };
  await client.send(new PutItemCommand(create));
  await assert.rejects(
    client.send(new PutItemCommand({ ...create, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })),
    (error: Error) => {
      assert.ok(error instanceof ConditionalCheckFailedException);
      assert.equal(error.message, 'The conditional request failed');
      assert.deepEqual(error.Item, Item);
      return true;
    },
  );
});
