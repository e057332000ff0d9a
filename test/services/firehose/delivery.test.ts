/** Records on their way to S3: buffered by size and by time, named, compressed, kept through a restart. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { PutRecordBatchCommand, UpdateDestinationCommand } from '@aws-sdk/client-firehose';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import yauzl from 'yauzl';
import { clientSettings } from '../../kit/started-platform.ts';
import { BUCKET, FirehoseTester } from './firehose-tester.ts';

const HINTS = { SizeInMBs: 1, IntervalInSeconds: 60 };

test('records become one object when the interval is over, joined in the order of their arrival', async (context) => {
  const tester = await FirehoseTester.start(context);
  await tester.create('d', { BufferingHints: HINTS });
  const arrivedMs = tester.platform.clock.now();
  await tester.put('d', 'one ');
  await tester.advanceSeconds(30);
  await tester.put('d', 'two ');
  await tester.advanceSeconds(29);
  assert.deepEqual(await tester.texts(), []);
  await tester.advanceSeconds(1);
  const [object, ...others] = await tester.objects();
  assert.equal(Buffer.from(object!.bytes).toString(), 'one two ');
  assert.deepEqual(others, []);
  const [date, time] = new Date(arrivedMs).toISOString().split(/T|\./);
  const folder = `${date!.replaceAll('-', '/')}/${time!.slice(0, 2)}/`;
  const name = `d-1-${date}-${time!.replaceAll(':', '-')}-`;
  assert.match(object!.key, new RegExp(`^${folder}${name}[0-9a-f-]{36}$`));
});

test('as many bytes as the size hint says go at once, and what is left waits for the interval', async (context) => {
  const tester = await FirehoseTester.start(context);
  await tester.create('d', { BufferingHints: HINTS });
  for (const letter of 'abc') await tester.put('d', letter.repeat(400_000));
  await tester.advanceSeconds(1);
  const sizes = async () => (await tester.texts()).map(({ length }) => length).sort();
  assert.deepEqual(await sizes(), [800_000]);
  await tester.advanceSeconds(60);
  assert.deepEqual(await sizes(), [400_000, 800_000]);
});

test('prefixes are evaluated, in the time zone that is asked for', async (context) => {
  const tester = await FirehoseTester.start(context);
  await tester.create('d', {
    BufferingHints: HINTS,
    Prefix: "y=!{timestamp:yyyy'-'MM}/!{firehose:random-string}/",
    ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
    CustomTimeZone: 'Asia/Tokyo',
    FileExtension: '.txt',
  });
  await tester.put('d', 'x');
  await tester.advanceSeconds(60);
  const tokyo = new Date(tester.platform.clock.now() - 60_000 + 9 * 3_600_000).toISOString();
  const [object] = await tester.objects();
  const name = `d-1-${tokyo.slice(0, 19).replaceAll(/[T:]/g, '-')}-[0-9a-f-]{36}`;
  assert.match(object!.key, new RegExp(`^y=${tokyo.slice(0, 7)}/[0-9a-f]{11}/${name}\\.txt$`));
});

test('objects are compressed as asked', async (context) => {
  const tester = await FirehoseTester.start(context);
  for (const format of ['GZIP', 'ZIP'] as const) {
    await tester.create(format, { BufferingHints: HINTS, Prefix: format, CompressionFormat: format });
    await tester.put(format, 'hello');
  }
  await tester.advanceSeconds(60);
  const [zipped] = await tester.objects('GZIP');
  assert.ok(zipped!.key.endsWith('.gz'));
  assert.equal(gunzipSync(zipped!.bytes).toString(), 'hello');
  const [archive] = await tester.objects('ZIP');
  assert.ok(archive!.key.endsWith('.zip'));
  assert.equal(await onlyEntry(archive!.bytes), 'hello');
});

test('a batch is kept whole, up to 4 MiB', async (context) => {
  const tester = await FirehoseTester.start(context);
  await tester.create('d', {
    BufferingHints: HINTS,
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: 'AppendDelimiterToRecord',
          Parameters: [{ ParameterName: 'Delimiter', ParameterValue: '\\n' }],
        },
      ],
    },
  });
  const batch = (texts: readonly string[]) =>
    tester.client.send(
      new PutRecordBatchCommand({
        DeliveryStreamName: 'd',
        Records: texts.map((text) => ({ Data: Buffer.from(text) })),
      }),
    );
  const { FailedPutCount, RequestResponses } = await batch(['a', 'b']);
  assert.equal(FailedPutCount, 0);
  assert.equal(new Set(RequestResponses!.map(({ RecordId }) => RecordId)).size, 2);
  await assert.rejects(batch(Array.from({ length: 5 }, () => 'x'.repeat(1_000_000))), {
    name: 'InvalidArgumentException',
    message: 'Records size exceeds 4 MB limit',
  });
  await tester.advanceSeconds(60);
  assert.deepEqual(await tester.texts(), ['a\nb\n']);
});

test('what S3 refuses is tried again and told of in the log; a change of the destination applies to what waits', async (context) => {
  const tester = await FirehoseTester.start(context);
  const logs = new CloudWatchLogsClient(clientSettings(tester.platform));
  context.after(() => logs.destroy());
  const logged = { logGroupName: 'g', logStreamName: 's' };
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
  await logs.send(new CreateLogStreamCommand(logged));
  const deliveryStreamARN = await tester.create('d', {
    BucketARN: 'arn:aws:s3:::none',
    BufferingHints: HINTS,
    CloudWatchLoggingOptions: { Enabled: true, LogGroupName: 'g', LogStreamName: 's' },
  });
  await tester.put('d', 'x');
  await tester.advanceSeconds(60);
  const { events } = await logs.send(new GetLogEventsCommand({ ...logged, startFromHead: true }));
  const { message, ...told } = JSON.parse(events![0]!.message!);
  assert.match(message, /bucket does not exist/);
  assert.deepEqual(told, {
    deliveryStreamARN,
    destination: 'arn:aws:s3:::none',
    deliveryStreamVersionId: 1,
    errorCode: 'S3.NoSuchBucket',
  });
  await tester.s3.send(new CreateBucketCommand({ Bucket: 'none' }));
  await tester.client.send(
    new UpdateDestinationCommand({
      DeliveryStreamName: 'd',
      CurrentDeliveryStreamVersionId: '1',
      DestinationId: 'destinationId-000000000001',
      ExtendedS3DestinationUpdate: { BucketARN: `arn:aws:s3:::${BUCKET}`, Prefix: 'p/' },
    }),
  );
  await tester.advanceSeconds(60);
  const [object] = await tester.objects('p/');
  assert.match(object!.key, /\/d-2-/);
});

async function onlyEntry(archive: Uint8Array): Promise<string> {
  const zip = await yauzl.fromBufferPromise(Buffer.from(archive));
  for await (const entry of zip.eachEntry()) {
    return text(await zip.openReadStreamPromise(entry));
  }
  return assert.fail('the archive is empty');
}
