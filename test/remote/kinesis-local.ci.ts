import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { clientSettings } from '../kit/started-platform.ts';
import { openAsynchronous } from '../lambda/events/recording-function.ts';
import { advancedUntil, mappedStream } from '../lambda/mappings/mapped-stream.ts';
import { kinesisLocal } from '../services/kinesis/kinesis-local.ts';
import { until } from './two-servers.ts';

test('a stream of a server that others have made is used and polled as one of AWS', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-kinesis-local-'));
  context.after(() => rm(directory, { recursive: true }));
  const server = await openAsynchronous(directory, { endpoints: { kinesis: await kinesisLocal(context) } });
  context.after(() => server.close());
  // By way of the server under test.
  const kinesis = new KinesisClient(clientSettings(server.platform));
  const StreamName = 'orders';
  const summary = async () =>
    (await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary;
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  await until(async () => (await summary())?.StreamStatus === 'ACTIVE');
  for (const text of ['a', 'b', 'c'])
    await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: text, Data: Buffer.from(text) }));
  const mapped = await mappedStream(server, 'f', { EventSourceArn: (await summary())!.StreamARN! });
  const received = async () => (await mapped.batches()).flat().sort();
  await advancedUntil(server.platform, async () => (await received()).length === 3);
  assert.deepEqual(await received(), ['a', 'b', 'c']);
});
