/**
 * A server that is killed at random while records go into a stream whose shards are split and merged: what it
 * answered holds. Nothing put is lost, each record is where the answer says, and those of a key are in order.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { _Record } from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { SeededRandom as Random } from '../../../src/core/seeded-random.ts';
import { KilledServer } from '../../faults/killed-server.ts';
import { killUnder } from '../../faults/kills.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../../kit/started-platform.ts';

const KILLS = 30;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 400;
const KEYS = ['a', 'b', 'c', 'd'] as const;
const STREAM = 's';

/** Puts the numbers of one key, three at a time, and notes what the server has promised. */
class Line {
  /** Sequence numbers by text. */
  readonly acknowledged = new Map<string, string>();
  private readonly client: KinesisClient;
  private readonly key: string;
  private next = 0;

  constructor(client: KinesisClient, key: string) {
    this.client = client;
    this.key = key;
  }

  /** The same again until it is answered, so that records may be there twice. */
  async put(): Promise<void> {
    const texts = [0, 1, 2].map((offset) => `${this.key}${this.next + offset}`);
    const { Records } = await this.client.send(
      new PutRecordsCommand({
        StreamName: STREAM,
        Records: texts.map((text) => ({ PartitionKey: this.key, Data: Buffer.from(text) })),
      }),
    );
    for (const [index, { SequenceNumber }] of Records!.entries()) {
      if (SequenceNumber === undefined) return;
      this.acknowledged.set(texts[index]!, SequenceNumber);
      this.next += 1;
    }
  }
}

test(`what a server answered about records holds after ${KILLS} kills`, async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-faults-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const server = await KilledServer.start(directory);
  context.after(() => server.stop());
  const client = clientOf(server);
  context.after(() => client.destroy());
  await client.send(new CreateStreamCommand({ StreamName: STREAM, ShardCount: 2 }));
  await untilActive(client);
  const lines = KEYS.map((key) => new Line(client, key));
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [
    ...lines.map((line) => () => line.put()),
    () => reshard(client, random),
  ]);

  // Not over connections of servers that were killed.
  const reader = clientOf(server);
  context.after(() => reader.destroy());
  await untilActive(reader);
  const records = await readAll(reader);
  const numbers = records.map(({ SequenceNumber }) => SequenceNumber!);
  assert.equal(new Set(numbers).size, numbers.length, 'no number is given twice');
  let total = 0;
  for (const [index, { acknowledged }] of lines.entries()) {
    const key = KEYS[index]!;
    const ofKey = records.filter(({ PartitionKey }) => PartitionKey === key);
    const sorted = [...ofKey].sort((a, b) => (a.SequenceNumber! < b.SequenceNumber! ? -1 : 1));
    assert.deepEqual(ofKey, sorted, 'numbers of a key rise, from parents to children too');
    const place = new Map(ofKey.map(({ SequenceNumber }, at) => [SequenceNumber!, at]));
    let last = -1;
    for (const [text, number] of acknowledged) {
      const at = place.get(number);
      assert.ok(at !== undefined, `${text} was acknowledged and is lost`);
      assert.equal(Buffer.from(ofKey[at]!.Data!).toString(), text);
      assert.ok(at > last, `${text} is in the order of its key`);
      last = at;
    }
    total += acknowledged.size;
  }
  console.log(`${total} records acknowledged, ${(await shardsOf(reader)).length} shards`);
  assert.ok(total > 0, 'nothing was acknowledged');
});

function clientOf(server: KilledServer): KinesisClient {
  return new KinesisClient({
    // Over HTTP/1.1: a session of HTTP/2 that is killed while it opens ends this process by an error nobody can catch.
    requestHandler: new NodeHttpHandler(),
    endpoint: server.origin,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
  });
}

/** Another count of shards, when the stream is not busy with the one before and has not had ten of them. */
async function reshard(client: KinesisClient, random: Random): Promise<void> {
  await untilActive(client);
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: STREAM }),
  );
  const current = StreamDescriptionSummary!.OpenShardCount!;
  const target = Math.max(1, Math.ceil(current * (0.5 + random.next() * 1.5)));
  const command = new UpdateShardCountCommand({
    StreamName: STREAM,
    TargetShardCount: Math.min(target, 4, current * 2),
    ScalingType: 'UNIFORM_SCALING',
  });
  await client.send(command).catch((error: Error) => {
    if (error.name !== 'LimitExceededException' && error.name !== 'ResourceInUseException') throw error;
  });
}

async function untilActive(client: KinesisClient): Promise<void> {
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: STREAM }),
    );
    if (StreamDescriptionSummary!.StreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function shardsOf(client: KinesisClient): Promise<string[]> {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName: STREAM }));
  return Shards!.map(({ ShardId }) => ShardId!);
}

/** Of all shards, parents before children: shards are numbered in that order. */
async function readAll(client: KinesisClient): Promise<_Record[]> {
  const records: _Record[] = [];
  for (const ShardId of await shardsOf(client)) {
    const start = new GetShardIteratorCommand({
      StreamName: STREAM,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    let iterator: string | undefined = (await client.send(start)).ShardIterator;
    for (let isBehind = true; iterator !== undefined && isBehind; ) {
      const read: Awaited<ReturnType<typeof getRecords>> = await getRecords(client, iterator);
      records.push(...(read.Records ?? []));
      iterator = read.NextShardIterator;
      isBehind = (read.MillisBehindLatest ?? 0) > 0;
    }
  }
  return records;
}

function getRecords(client: KinesisClient, ShardIterator: string) {
  return client.send(new GetRecordsCommand({ ShardIterator }));
}
