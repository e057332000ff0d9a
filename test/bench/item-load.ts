/**
 * The load of tables: so many keep-alive connections with one request at a time on each. Run as a process of its
 * own: `node item-load.ts '<ItemPlan as JSON>'` prints the requests a second.
 */
import { Pool } from 'undici';

export interface ItemPlan {
  readonly port: number;
  readonly operation: 'CreateTable' | 'Fill' | 'PutItem' | 'Query';
  readonly connections: number;
  readonly durationMs: number;
}

const TABLE = 'bench';
const ITEM_BYTES = 1_024;
/** Items of the partition that is queried. */
const QUERIED_ITEMS = 20;
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0';

const plan = JSON.parse(process.argv[2]!) as ItemPlan;
const pool = new Pool(`http://127.0.0.1:${plan.port}`, { connections: plan.connections, pipelining: 1 });
const text = 'x'.repeat(ITEM_BYTES);

async function call(operation: string, input: object): Promise<void> {
  const answer = await pool.request({
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization: AUTHORIZATION,
    },
    body: JSON.stringify(input),
  });
  const body = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${operation} answered ${answer.statusCode}: ${body}`);
}

function createTable(): Promise<void> {
  return call('CreateTable', {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
}

function put(partition: string, index: number): Promise<void> {
  const Item = { pk: { S: partition }, sk: { N: String(index) }, text: { S: text }, done: { BOOL: false } };
  return call('PutItem', { TableName: TABLE, Item });
}

function query(): Promise<void> {
  return call('Query', {
    TableName: TABLE,
    KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'queried' }] } },
  });
}

async function rate(request: (index: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  const endAt = startedAt + plan.durationMs;
  let count = 0;
  const drive = async (): Promise<void> => {
    while (performance.now() < endAt) await request(count++);
  };
  await Promise.all(Array.from({ length: plan.connections }, drive));
  return (count * 1_000) / (performance.now() - startedAt);
}

async function run(): Promise<number> {
  switch (plan.operation) {
    case 'CreateTable':
      await createTable();
      return 1;
    case 'Fill':
      for (let index = 0; index < QUERIED_ITEMS; index += 1) await put('queried', index);
      return QUERIED_ITEMS;
    case 'PutItem':
      return rate((index) => put(`p${index % 1_000}`, index));
    case 'Query':
      return rate(query);
  }
}

process.stdout.write(String(await run()));
await pool.close();
