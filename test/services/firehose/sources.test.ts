/** Where records come from besides PutRecord: a Kinesis stream, log groups, and what an earlier server has left. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { clientSettings } from '../../kit/started-platform.ts';
import { FirehoseTester, ROLE } from './firehose-tester.ts';

const HINTS = { SizeInMBs: 1, IntervalInSeconds: 60 };
const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/k';

test('a delivery stream reads a Kinesis stream from its creation on, and takes no records of others', async (context) => {
  const tester = await FirehoseTester.start(context);
  const kinesis = new KinesisClient(clientSettings(tester.platform));
  context.after(() => kinesis.destroy());
  const put = (text: string) =>
    kinesis.send(new PutRecordCommand({ StreamName: 'k', PartitionKey: 'p', Data: Buffer.from(text) }));
  const source = {
    DeliveryStreamType: 'KinesisStreamAsSource',
    KinesisStreamSourceConfiguration: { KinesisStreamARN: STREAM, RoleARN: ROLE },
  } as const;
  await assert.rejects(tester.create('d', {}, source), { name: 'InvalidArgumentException' });
  await kinesis.send(new CreateStreamCommand({ StreamName: 'k', ShardCount: 1 }));
  await tester.advanceSeconds(1);
  await put('before');
  await tester.create('d', { BufferingHints: HINTS }, source);
  await put('one ');
  await put('two');
  await tester.advanceSeconds(61);
  assert.deepEqual(await tester.texts(), ['one two']);
  await assert.rejects(tester.put('d', 'x'), {
    name: 'InvalidArgumentException',
    message: 'This operation is not permitted on KinesisStreamAsSource delivery stream type.',
  });
});

test('a delivery stream takes the events of a log group that is subscribed to it', async (context) => {
  const tester = await FirehoseTester.start(context);
  const logs = new CloudWatchLogsClient(clientSettings(tester.platform));
  context.after(() => logs.destroy());
  const destinationArn = await tester.create('d', { BufferingHints: HINTS });
  const target = { logGroupName: 'g', logStreamName: 's' };
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
  await logs.send(new CreateLogStreamCommand(target));
  await logs.send(
    new PutSubscriptionFilterCommand({
      ...{ logGroupName: 'g', filterName: 'f', filterPattern: '', roleArn: ROLE },
      destinationArn,
    }),
  );
  const timestamp = tester.platform.clock.now();
  await logs.send(new PutLogEventsCommand({ ...target, logEvents: [{ timestamp, message: 'hello' }] }));
  await tester.advanceSeconds(61);
  const [object] = await tester.objects();
  // One gzip stream after the other is one gzip stream.
  const text = gunzipSync(object!.bytes).toString();
  assert.match(text, /CWL CONTROL MESSAGE: Checking health of destination Firehose\./);
  assert.match(text, /"message":"hello"/);
});

test('records that were not delivered when the server stopped are delivered by the next one', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-firehose-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = await FirehoseTester.start(context, { dataDir });
  await first.create('d', { BufferingHints: HINTS });
  await first.put('d', 'kept');
  await first.advanceSeconds(40);
  await first.platform.close();
  const second = await FirehoseTester.start(context, { dataDir });
  assert.deepEqual(await second.texts(), []);
  await second.advanceSeconds(20);
  assert.deepEqual(await second.texts(), ['kept']);
});
