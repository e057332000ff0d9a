/**
 * The load of tables: so many keep-alive connections with one request at a time on each. Run as a process of its
 * own: `node item-load.ts '<ItemPlan as JSON>'` prints the requests a second.
 */
import { BareConnection } from './bare-connection.ts';

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
const text = 'x'.repeat(ITEM_BYTES);

function requestOf(operation: string, input: object): string {
  const body = JSON.stringify(input);
  const head = [
    'POST / HTTP/1.1',
    `Host: 127.0.0.1:${plan.port}`,
    'Content-Type: application/x-amz-json-1.0',
    `X-Amz-Target: DynamoDB_20120810.${operation}`,
    'X-Amz-Date: 20260101T000000Z',
    `Authorization: ${AUTHORIZATION}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function createTable(): string {
  return requestOf('CreateTable', {
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

function put(partition: string, index: number): string {
  const Item = { pk: { S: partition }, sk: { N: String(index) }, text: { S: text }, done: { BOOL: false } };
  return requestOf('PutItem', { TableName: TABLE, Item });
}

function query(): string {
  return requestOf('Query', {
    TableName: TABLE,
    KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'queried' }] } },
  });
}

async function rate(request: (index: number) => string): Promise<number> {
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, () => BareConnection.open(plan.port)),
  );
  const startedAt = performance.now();
  const endAt = startedAt + plan.durationMs;
  let count = 0;
  const drive = async (connection: BareConnection): Promise<void> => {
    while (performance.now() < endAt) await connection.call(request(count++));
    connection.close();
  };
  await Promise.all(connections.map(drive));
  return (count * 1_000) / (performance.now() - startedAt);
}

async function each(requests: readonly string[]): Promise<number> {
  const connection = await BareConnection.open(plan.port);
  for (const request of requests) await connection.call(request);
  connection.close();
  return requests.length;
}

function run(): Promise<number> {
  switch (plan.operation) {
    case 'CreateTable':
      return each([createTable()]);
    case 'Fill':
      return each(Array.from({ length: QUERIED_ITEMS }, (_, index) => put('queried', index)));
    case 'PutItem':
      return rate((index) => put(`p${index % 1_000}`, index));
    case 'Query': {
      const request = query();
      return rate(() => request);
    }
  }
}

process.stdout.write(String(await run()));
