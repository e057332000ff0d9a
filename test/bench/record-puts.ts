/**
 * The load on a stream of Kinesis: `node record-puts.ts '<RecordPlan as JSON>'` prints batches of ten records put
 * a second.
 */
import { Pool } from 'undici';
import { SIGNED_HEADERS } from './functions.ts';

export interface RecordPlan {
  readonly port: number;
  readonly stream: string;
  /** Of each record. */
  readonly bytes: number;
  readonly connections: number;
  /** 0 to make the stream alone, with so many shards. */
  readonly durationMs: number;
  readonly shards: number;
}

const BATCH = 10;
const HEADERS = {
  'Content-Type': 'application/x-amz-json-1.1',
  Authorization: SIGNED_HEADERS.Authorization.replace('/lambda/', '/kinesis/'),
  'X-Amz-Date': SIGNED_HEADERS['X-Amz-Date'],
};

const plan = JSON.parse(process.argv[2]!) as RecordPlan;
const pool = new Pool(`http://127.0.0.1:${plan.port}`, { connections: plan.connections, pipelining: 1 });

async function call(operation: string, input: object): Promise<unknown> {
  const answer = await pool.request({
    method: 'POST',
    path: '/',
    headers: { ...HEADERS, 'X-Amz-Target': `Kinesis_20131202.${operation}` },
    body: JSON.stringify(input),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${operation} answered ${answer.statusCode}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

async function createStream(): Promise<number> {
  await call('CreateStream', { StreamName: plan.stream, ShardCount: plan.shards });
  for (;;) {
    const { StreamDescriptionSummary: summary } = (await call('DescribeStreamSummary', {
      StreamName: plan.stream,
    })) as { StreamDescriptionSummary: { StreamStatus: string } };
    if (summary.StreamStatus === 'ACTIVE') return 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What shards refuse does not count. */
async function put(): Promise<number> {
  const Data = Buffer.alloc(plan.bytes, 'x').toString('base64');
  const endAt = performance.now() + plan.durationMs;
  let records = 0;
  let next = 0;
  const drive = async (): Promise<void> => {
    while (performance.now() < endAt) {
      const Records = Array.from({ length: BATCH }, () => ({ PartitionKey: `key${next++}`, Data }));
      const { FailedRecordCount } = (await call('PutRecords', { StreamName: plan.stream, Records })) as {
        FailedRecordCount: number;
      };
      records += BATCH - FailedRecordCount;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: plan.connections }, drive));
  return (records / BATCH / (performance.now() - startedAt)) * 1_000;
}

process.stdout.write(String(await (plan.durationMs === 0 ? createStream() : put())));
await pool.close();
