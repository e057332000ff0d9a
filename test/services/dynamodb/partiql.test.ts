/**
 * PartiQL over the wire. Statements of the developer guide, "PartiQL for DynamoDB statements"; words of refusals: those
 * of DynamoDB Local, and of AWS as recorded by public conformance tests.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { AttributeValue, DynamoDBClient, ExecuteStatementCommandOutput } from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { createTable, invalid, put, refused, sharedDynamo } from './dynamodb-client.ts';

type Values = Record<string, AttributeValue>;

async function music(context: TestContext, table: string): Promise<DynamoDBClient> {
  const { client } = await sharedDynamo(context);
  await createTable(client, table, {
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-genre',
        KeySchema: [{ AttributeName: 'genre', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'genre', AttributeType: 'S' },
    ],
  });
  return client;
}

async function run(
  client: DynamoDBClient,
  Statement: string,
  ...Parameters: AttributeValue[]
): Promise<Values[]> {
  const input = Parameters.length === 0 ? { Statement } : { Statement, Parameters };
  const { Items = [] } = await client.send(new ExecuteStatementCommand(input));
  return Items;
}

const song = (pk: string, sk: string, more: Values = {}): Values => ({
  pk: { S: pk },
  sk: { S: sk },
  ...more,
});

test('items are inserted, selected, updated and deleted', async (context) => {
  const client = await music(context, 'music');
  const insert = `INSERT INTO "music" VALUE {'pk': 'Acme', 'sk': ?, 'year': 1999, 'tags': <<'a','b'>>, 'more': {'list': [1, -2.50, TRUE, NULL, 'it''s']}}`;
  assert.deepEqual(await run(client, insert, { S: 'One' }), []);
  const item = song('Acme', 'One', {
    year: { N: '1999' },
    tags: { SS: ['a', 'b'] },
    more: { M: { list: { L: [{ N: '1' }, { N: '-2.5' }, { BOOL: true }, { NULL: true }, { S: "it's" }] } } },
  });
  const select = `SELECT * FROM "music" WHERE pk = 'Acme' AND sk = ?`;
  assert.deepEqual(await run(client, select, { S: 'One' }), [item]);
  await refused(
    run(client, insert, { S: 'One' }),
    'DuplicateItemException',
    'Duplicate primary key exists in table',
  );
  assert.deepEqual(await run(client, `${insert} ON CONFLICT DO NOTHING`, { S: 'One' }), []);
  const where = `WHERE pk='Acme' AND sk='One'`;
  const changed = await run(
    client,
    `UPDATE "music" SET awards=? SET year = year + 1, tags = set_add(tags, <<'c'>>) REMOVE more.list[0] ${where} RETURNING MODIFIED NEW *`,
    { N: '3' },
  );
  const list = { L: item['more']!.M!['list']!.L!.slice(1) };
  assert.deepEqual(changed, [
    {
      awards: { N: '3' },
      year: { N: '2000' },
      tags: { SS: ['a', 'b', 'c'] },
      more: { M: { list: { L: [list.L[0]!] } } },
    },
  ]);
  const [before] = await run(
    client,
    `UPDATE music SET tags = set_delete(tags, <<'a','b','c'>>), more.list = list_append(more.list, [7]) ${where} RETURNING ALL OLD *`,
  );
  assert.deepEqual(before?.['tags'], { SS: ['a', 'b', 'c'] });
  assert.deepEqual(await run(client, `SELECT year, more.list[0], more.list FROM music ${where}`), [
    { year: { N: '2000' }, 'list[0]': list.L[0]!, list: { L: [...list.L, { N: '7' }] } },
  ]);
  const gone = await run(client, `DELETE FROM "music" ${where} AND awards > 1 RETURNING ALL OLD *`);
  assert.equal(gone[0]?.['awards']?.N, '3');
  assert.deepEqual(await run(client, select, { S: 'One' }), []);
  assert.deepEqual(await run(client, `DELETE FROM "music" ${where} AND awards > 1`), []);
});

test('writes whose conditions do not hold are refused', async (context) => {
  const client = await music(context, 'guarded-music');
  await put(client, 'guarded-music', song('a', '1', { size: { N: '1' } }));
  const failed = ['ConditionalCheckFailedException', 'The conditional request failed'] as const;
  await refused(run(client, `UPDATE "guarded-music" SET x=1 WHERE pk='a' AND sk='2'`), ...failed);
  await refused(
    run(client, `UPDATE "guarded-music" SET x=1 WHERE pk='a' AND sk='1' AND "size" = 2`),
    ...failed,
  );
  await refused(run(client, `DELETE FROM "guarded-music" WHERE pk='a' AND sk='1' AND "size" = 2`), ...failed);
  const [item] = await run(client, `SELECT * FROM "guarded-music"`);
  assert.deepEqual(item, song('a', '1', { size: { N: '1' } }));
});

const SELECTED: readonly [where: string, keys: readonly string[]][] = [
  [``, ['a1', 'a2', 'a3', 'b1']],
  [`WHERE pk='a'`, ['a1', 'a2', 'a3']],
  [`WHERE pk='a' AND sk > 'a1' ORDER BY sk DESC`, ['a3', 'a2']],
  [`WHERE pk='a' AND sk BETWEEN 'a1' AND 'a2' AND n <> 2`, ['a1']],
  [`WHERE pk='a' AND begins_with(sk, 'a') AND NOT (n = 1 OR n = 3)`, ['a2']],
  [`WHERE pk IN ['a','b'] AND n IN (1, 4)`, ['a1', 'b1']],
  [`WHERE n != 1 AND n >= 2 AND contains(sk, '3')`, ['a3']],
  [`WHERE extra IS MISSING AND n < 3`, ['a1']],
  [`WHERE extra IS NOT MISSING`, ['a2', 'b1']],
  [`WHERE extra IS NULL`, ['a2']],
  [`WHERE attribute_type(extra, 'S') AND size(extra) = 3`, ['b1']],
  [`WHERE extra IS STRING AND attribute_exists(n)`, ['b1']],
];

test('conditions select items', async (context) => {
  const client = await music(context, 'selected');
  await put(
    client,
    'selected',
    song('a', 'a1', { n: { N: '1' }, genre: { S: 'rock' } }),
    song('a', 'a2', { n: { N: '2' }, extra: { NULL: true } }),
    song('a', 'a3', { n: { N: '3' }, genre: { S: 'folk' } }),
    song('b', 'b1', { n: { N: '4' }, extra: { S: 'abc' } }),
  );
  for (const [where, keys] of SELECTED) {
    const found = (await run(client, `SELECT sk FROM "selected" ${where}`)).map(({ sk }) => sk!.S!);
    assert.deepEqual(where.includes('ORDER') ? found : found.sort(), keys, where);
  }
  const byGenre = await run(client, `SELECT * FROM "selected"."by-genre" WHERE genre = 'folk'`);
  assert.deepEqual(byGenre[0]?.['sk'], { S: 'a3' });
});

test('a statement is gone on with by its token, and no other', async (context) => {
  const client = await music(context, 'paged');
  await put(client, 'paged', ...['1', '2', '3', '4', '5'].map((sk) => song('a', sk)));
  const Statement = `SELECT sk FROM "paged" WHERE pk = 'a'`;
  const found: string[] = [];
  let NextToken: string | undefined;
  let pages = 0;
  do {
    const answer: ExecuteStatementCommandOutput = await client.send(
      new ExecuteStatementCommand({ Statement, Limit: 2, NextToken }),
    );
    found.push(...(answer.Items ?? []).map(({ sk }) => sk!.S!));
    NextToken = answer.NextToken;
    pages += 1;
    if (pages === 1) {
      const other = { Statement: `SELECT * FROM "paged" WHERE pk = 'a'`, NextToken };
      await invalid(client.send(new ExecuteStatementCommand(other)), 'NextToken does not match request');
    }
  } while (NextToken !== undefined);
  assert.deepEqual({ found, pages }, { found: ['1', '2', '3', '4', '5'], pages: 3 });
  await invalid(
    client.send(new ExecuteStatementCommand({ Statement, NextToken: 'AAAA' })),
    'Invalid NextToken',
  );
});

test('statements of a batch are refused one by one', async (context) => {
  const client = await music(context, 'batched');
  await put(client, 'batched', song('a', '1', { n: { N: '1' } }));
  const { Responses } = await client.send(
    new BatchExecuteStatementCommand({
      Statements: [
        { Statement: `SELECT * FROM "batched" WHERE pk='a' AND sk='1'` },
        { Statement: `SELECT * FROM "nowhere" WHERE pk='a' AND sk='1'` },
        { Statement: `SELECT * FROM "batched" WHERE n = 1` },
        { Statement: `SLECT * FROM "batched"` },
        { Statement: `UPDATE "batched" SET n = 2 WHERE pk='a' AND sk='1' RETURNING MODIFIED OLD *` },
        { Statement: `DELETE FROM "batched" WHERE pk='a' AND sk='1' RETURNING MODIFIED OLD *` },
        { Statement: `INSERT INTO "batched" VALUE {'pk':'a','sk':'1'}` },
        {
          Statement: `UPDATE "batched" SET n = 3 WHERE pk='a' AND sk='1' AND n = ?`,
          Parameters: [{ N: '7' }],
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      ],
    }),
  );
  const told = Responses?.map(
    ({ Item, Error: error }) => Item ?? [error?.Code, error?.Message, error?.Item?.['n']?.N],
  );
  assert.deepEqual(told, [
    song('a', '1', { n: { N: '1' } }),
    ['ResourceNotFound', 'Requested resource not found', undefined],
    [
      'ValidationError',
      'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
      undefined,
    ],
    [
      'ValidationError',
      "Statement wasn't well formed, can't be processed: Expected data manipulation",
      undefined,
    ],
    { n: { N: '1' } },
    [
      'ValidationError',
      'Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements.',
      undefined,
    ],
    ['DuplicateItem', 'Duplicate primary key exists in table', undefined],
    ['ConditionalCheckFailed', 'The conditional request failed', '2'],
  ]);
});

test('a transaction does all of its statements or none', async (context) => {
  const client = await music(context, 'transacted');
  await put(client, 'transacted', song('a', '1', { n: { N: '1' } }));
  const transact = (...statements: string[]) =>
    client.send(
      new ExecuteTransactionCommand({ TransactStatements: statements.map((Statement) => ({ Statement })) }),
    );
  const insert = `INSERT INTO "transacted" VALUE {'pk':'a','sk':'2'}`;
  const exists = (n: number) => `EXISTS(SELECT * FROM "transacted" WHERE pk='a' AND sk='1' AND n = ${n})`;
  await assert.rejects(transact(insert, exists(2)), (error: Error) => {
    assert.ok(error instanceof TransactionCanceledException);
    assert.deepEqual(
      error.CancellationReasons?.map(({ Code }) => Code),
      ['None', 'ConditionalCheckFailed'],
    );
    return true;
  });
  const done = await transact(insert, exists(1));
  assert.deepEqual(done.Responses, [{}, {}]);
  await assert.rejects(transact(insert), (error: Error) => {
    assert.ok(error instanceof TransactionCanceledException);
    assert.deepEqual(error.CancellationReasons, [
      { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' },
    ]);
    return true;
  });
  const read = await transact(
    `SELECT sk FROM "transacted" WHERE pk='a' AND sk='2'`,
    `SELECT * FROM "transacted" WHERE pk='a' AND sk='3'`,
  );
  assert.deepEqual(read.Responses, [{ Item: { sk: { S: '2' } } }, {}]);
  await invalid(
    transact(`SELECT * FROM "transacted" WHERE pk='a'`),
    'Validation failed in TransactStatements[0]: Select statements within ExecuteTransaction must specify the primary key in the where clause.',
  );
  await invalid(
    transact(insert, `EXISTS(SELECT * FROM "transacted" WHERE pk='a' AND sk='1')`),
    'Validation failed in TransactStatements[1]: EXISTS() must contain a single item read with additional condition',
  );
});

const REFUSED: Readonly<Record<string, string>> = {
  'NOT A STATEMENT': "Statement wasn't well formed, can't be processed: Expected data manipulation",
  [`UPDATE t SET x=1 WHERE pk='a' garbage`]:
    "Statement wasn't well formed, can't be processed: Unexpected token after expression",
  [`SELECT * FROM refusing WHERE pk = ?`]: "Number of parameters in request and statement don't match.",
  [`SELECT *, a FROM refusing`]: "Statement wasn't well formed, can't be processed: Expected FROM",
  [`SELECT a, b.a FROM refusing`]: 'Duplicate identifiers in select clause: a',
  [`SELECT l[-1] FROM refusing`]: 'List index is not within the allowable range; index: [-1]',
  [`SELECT * FROM refusing WHERE a = MISSING`]: 'MISSING must be compared using IS operator',
  [`SELECT * FROM refusing WHERE nope(a)`]: 'Unrecognized function: nope',
  [`SELECT * FROM refusing WHERE attribute_exists('a')`]:
    'Operator or function requires a document path; operator or function: attribute_exists',
  [`SELECT * FROM refusing WHERE attribute_exists()`]:
    'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0',
  [`SELECT * FROM refusing ORDER BY sk`]:
    'Must have WHERE clause in the statement when using ORDER BY clause.',
  [`SELECT * FROM refusing WHERE pk='a' ORDER BY n`]:
    'Variable reference n in ORDER BY clause must be part of the primary key',
  [`UPDATE refusing SET n=1 WHERE pk='a'`]:
    'Where clause does not contain a mandatory equality on all key attributes',
  [`UPDATE refusing SET n = set_add(n, 'x') WHERE pk='a' AND sk='1'`]:
    'The second argument to SET_ADD must be a value with type SET',
  [`UPDATE refusing SET n = set_add(n, <<>>) WHERE pk='a' AND sk='1'`]: 'Empty bags are not supported',
  [`UPDATE refusing SET n=1 WHERE pk='a' AND sk=1`]:
    "Key attribute's data type should match its data type in table's schema: Key sk",
  [`EXISTS(SELECT * FROM refusing WHERE pk='a')`]:
    'EXISTS can only be used in ExecuteTransaction write requests.',
  [`INSERT INTO refusing VALUE 'x'`]:
    'Unsupported format in item expression. Please use struct format {...} to express item values for insert statement.',
  [`DELETE FROM "refusing"."by-genre" WHERE pk='a'`]: 'This operation is not supported on an index',
};

test('what is no statement is refused', async (context) => {
  const client = await music(context, 'refusing');
  for (const [statement, message] of Object.entries(REFUSED)) await invalid(run(client, statement), message);
});
