/** A server that is killed at random while records come: each that was acknowledged is in an object in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateDeliveryStreamCommand,
  FirehoseClient,
  PutRecordBatchCommand,
  PutRecordCommand,
} from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import { BUCKET, ROLE } from './firehose-tester.ts';

const KILLS = 20;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 300;

test(`records that Firehose acknowledged are in S3 after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const firehose = new FirehoseClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  context.after(() => {
    firehose.destroy();
    s3.destroy();
  });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: 'd',
      ExtendedS3DestinationConfiguration: {
        RoleARN: ROLE,
        BucketARN: `arn:aws:s3:::${BUCKET}`,
        // Objects are written all the time, and so the server is killed while it writes them.
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      },
    }),
  );

  const acknowledged: string[] = [];
  let next = 0;
  const record = (text: string) => ({ Data: Buffer.from(`${text}\n`) });
  const put = async () => {
    const text = `record ${next++}`;
    await firehose.send(new PutRecordCommand({ DeliveryStreamName: 'd', Record: record(text) }));
    acknowledged.push(text);
  };
  const putBatch = async () => {
    const texts = Array.from({ length: 5 }, () => `record ${next++}`);
    await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: 'd', Records: texts.map(record) }));
    acknowledged.push(...texts);
  };
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [put, put, putBatch]);

  await server.advance(61);
  const delivered = await lines(s3);
  for (const text of acknowledged) {
    assert.ok(delivered.includes(text), `${text} was acknowledged and is in no object`);
  }
  const repeats = delivered.length - new Set(delivered).size;
  console.log(`${acknowledged.length} records acknowledged, ${repeats} delivered again`);
  assert.ok(acknowledged.length > KILLS, 'the server was at work when it was killed');
});

async function lines(s3: S3Client): Promise<string[]> {
  const found: string[] = [];
  for (let ContinuationToken: string | undefined; ; ) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken }));
    for (const { Key } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      found.push(...(await Body!.transformToString()).trimEnd().split('\n'));
    }
    if (page.NextContinuationToken === undefined) return found;
    ContinuationToken = page.NextContinuationToken;
  }
}
