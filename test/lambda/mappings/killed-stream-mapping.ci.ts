/**
 * A server that is killed at random while a function works through a stream: of what was acknowledged nothing is
 * missed, and each key keeps its order. What was under way comes again.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { KilledServer } from '../../faults/killed-server.ts';
import { killUnder } from '../../faults/kills.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

const KILLS = 15;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 1_500;
const KEYS = ['a', 'b', 'c', 'd', 'e'] as const;
const STREAM = 'killed';

/** Writes down what it has done; one batch in ten fails before. */
const CODE = `
const { appendFileSync } = require('node:fs');
exports.handler = async ({ Records }) => {
  if (Math.random() < 0.1) throw new Error('at random');
  const lines = Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString() + '\\n');
  appendFileSync(process.env.DONE, lines.join(''));
};`;

test(`a function misses nothing of a stream and keeps the order of its keys through ${KILLS} kills`, async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-faults-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  // Isolated from nothing, the function writes to the host.
  const server = await KilledServer.start(join(directory, 'data'), 'process');
  context.after(() => server.stop());
  const settings = {
    endpoint: server.origin,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
  } as const;
  const kinesis = new KinesisClient(settings);
  const lambda = new LambdaClient(settings);
  context.after(() => {
    kinesis.destroy();
    lambda.destroy();
  });
  const done = join(directory, 'done');
  await mapped(kinesis, lambda, done);

  const acknowledged = new Map<string, number>(KEYS.map((key) => [key, 0]));
  const put = async (key: string): Promise<void> => {
    const number = acknowledged.get(key)! + 1;
    // The same again until it is answered: then it may be there twice.
    const Data = Buffer.from(`${key} ${number}`);
    await kinesis.send(new PutRecordCommand({ StreamName: STREAM, PartitionKey: key, Data }));
    acknowledged.set(key, number);
  };
  await killUnder(
    server,
    random,
    { count: KILLS, longestLifeMs: LONGEST_LIFE_MS },
    KEYS.map((key) => () => put(key)),
  );

  let through = new Map<string, number>();
  while (KEYS.some((key) => (through.get(key) ?? 0) < acknowledged.get(key)!)) {
    await server.advance(10);
    through = orderOf(await readFile(done, 'utf8').catch(() => ''));
  }
  const total = [...acknowledged.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${total} records acknowledged`);
  assert.ok(total > KILLS, 'hardly anything was acknowledged');
});

async function mapped(kinesis: KinesisClient, lambda: LambdaClient, done: string): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: 2 }));
  for (let status: string | undefined; status !== 'ACTIVE'; ) {
    const answer = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: STREAM }));
    status = answer.StreamDescriptionSummary?.StreamStatus;
  }
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await zipOf({ 'index.js': CODE }) },
      Environment: { Variables: { DONE: done } },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 0.05 }, { FunctionName: 'f' });
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: `arn:aws:kinesis:${TEST_REGION}:000000000000:stream/${STREAM}`,
      FunctionName: 'f',
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 5,
      ParallelizationFactor: 3,
      BisectBatchOnFunctionError: true,
    }),
  );
}

/** How far each key has come. Numbers may come again, but none before the one in front of it. */
function orderOf(lines: string): Map<string, number> {
  const through = new Map<string, number>();
  for (const line of lines.split('\n')) {
    if (line === '') continue;
    const [key = '', text] = line.split(' ');
    const number = Number(text);
    const last = through.get(key) ?? 0;
    assert.ok(number <= last + 1, `${key}: ${number} came after ${last}`);
    through.set(key, Math.max(last, number));
  }
  return through;
}
