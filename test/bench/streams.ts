/** A function behind a stream of Kinesis. */
import { Client } from 'undici';
import { call, createNodeFunction, invocationPath, SIGNED_HEADERS } from './functions.ts';
import type { Figures } from './measures.ts';
import { awaited } from './patience.ts';
import type { Measured } from './processes.ts';
import { load, recordPuts, startSelfsame } from './processes.ts';

const SHARDS = 10;
const PARALLELIZATION = 10;
const BATCH = 10;
const RECORD_BYTES = 1_024;
/** Worked off in some seconds. */
const BACKLOG_RECORDS = 20_000;
/** Source: API reference of PutRecords. */
const MAX_PUT = 500;
const WARM_MS = 2_000;
/** More at once would be throttled: Lambda lets environments be added only so fast. */
const CONNECTIONS = 16;
const QUIET = 'exports.handler = async () => ({ batchItemFailures: [] });\n';
const STREAM = 's';

const HEADERS = {
  'Content-Type': 'application/x-amz-json-1.1',
  Authorization: SIGNED_HEADERS.Authorization.replace('/lambda/', '/kinesis/'),
  'X-Amz-Date': SIGNED_HEADERS['X-Amz-Date'],
  'X-Amz-Target': 'Kinesis_20131202.PutRecords',
};

/** Batches from the stream beside warm invocations of the function with the same batches. */
export async function streamToFunction(): Promise<Figures> {
  const server = await startSelfsame();
  try {
    const { port } = server;
    await createNodeFunction(port, 'quiet', QUIET);
    await recordPuts({
      port,
      stream: STREAM,
      bytes: RECORD_BYTES,
      connections: 1,
      shards: SHARDS,
      durationMs: 0,
    });
    await fill(server);
    const uuid = await mapStream(server);
    // Starts the environments.
    await handled(server, BACKLOG_RECORDS);
    await enable(server, uuid, false);
    await fill(server);
    const reference = await load({
      port,
      path: invocationPath('quiet'),
      headers: SIGNED_HEADERS,
      body: JSON.stringify({ Records: Array.from({ length: BATCH }, exampleRecord) }),
      connections: CONNECTIONS,
      durationMs: WARM_MS,
    });
    const startedAt = performance.now();
    await enable(server, uuid, true);
    await handled(server, 2 * BACKLOG_RECORDS);
    const batches = ((BACKLOG_RECORDS / BATCH) * 1_000) / (performance.now() - startedAt);
    return {
      kinesis_to_lambda_ratio: batches / reference.perSecond,
      kinesis_to_lambda_per_s: batches * BATCH,
      warm_batches_per_second: reference.perSecond,
    };
  } finally {
    await server.stop();
  }
}

function exampleRecord(): object {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'key10000',
      sequenceNumber: '4'.repeat(56),
      data: Buffer.alloc(RECORD_BYTES, 'x').toString('base64'),
      approximateArrivalTimestamp: 1_700_000_000.123,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${'4'.repeat(56)}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/lambda-role',
    awsRegion: 'us-east-1',
    eventSourceARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`,
  };
}

/** As fast as the shards take it. */
async function fill({ port }: Measured): Promise<void> {
  const client = new Client(`http://127.0.0.1:${port}`);
  const Data = Buffer.alloc(RECORD_BYTES, 'x').toString('base64');
  try {
    for (let taken = 0; taken < BACKLOG_RECORDS; ) {
      const count = Math.min(MAX_PUT, BACKLOG_RECORDS - taken);
      const Records = Array.from({ length: count }, (_, index) => ({
        PartitionKey: `key${taken + index}`,
        Data,
      }));
      const answer = await client.request({
        method: 'POST',
        path: '/',
        headers: HEADERS,
        body: JSON.stringify({ StreamName: STREAM, Records }),
      });
      const { FailedRecordCount: failed } = (await answer.body.json()) as { FailedRecordCount: number };
      taken += count - failed;
    }
  } finally {
    await client.close();
  }
}

async function mapStream({ port }: Measured): Promise<string> {
  const body = JSON.stringify({
    EventSourceArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`,
    FunctionName: 'quiet',
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: BATCH,
    ParallelizationFactor: PARALLELIZATION,
    MetricsConfig: { Metrics: ['EventCount'] },
  });
  const answer = await call(port, 'POST', '/2015-03-31/event-source-mappings/', body);
  return (JSON.parse(answer) as { UUID: string }).UUID;
}

async function enable({ port }: Measured, uuid: string, Enabled: boolean): Promise<void> {
  const path = `/2015-03-31/event-source-mappings/${uuid}`;
  await call(port, 'PUT', path, JSON.stringify({ Enabled }));
  await awaited('the change of the mapping', async () => {
    const { State } = JSON.parse(await call(port, 'GET', path)) as { State: string };
    return State === (Enabled ? 'Enabled' : 'Disabled') || undefined;
  });
}

async function handled({ port }: Measured, records: number): Promise<void> {
  await awaited('the reading of the stream', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/_selfsame/metrics`);
    const { metrics } = (await answer.json()) as { metrics: readonly { name: string; sum: number }[] };
    const sum = metrics.find(({ name }) => name === 'InvokedEventCount')?.sum ?? 0;
    return sum >= records || undefined;
  });
}
