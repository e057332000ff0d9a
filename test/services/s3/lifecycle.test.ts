/** Objects that expire by rules; words as recorded for "TestS3BucketLifecycle". */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { LifecycleRule } from '@aws-sdk/client-s3';
import {
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { failure, newBucketName, S3Tester } from './s3-client.ts';

const DAY_MS = 24 * 3_600_000;

async function started(context: TestContext) {
  const s3 = await S3Tester.alone(context);
  const Bucket = s3.bucket;
  return {
    s3,
    Bucket,
    days: (count: number) => s3.platform.clock.advance(count * DAY_MS),
    put: (...rules: Partial<LifecycleRule>[]) => {
      const Rules = rules.map((rule): LifecycleRule => ({ Status: 'Enabled', Filter: {}, ...rule }));
      const command = { Bucket, LifecycleConfiguration: { Rules } };
      return s3.client.send(new PutBucketLifecycleConfigurationCommand(command));
    },
    versions: async () => {
      const page = await s3.client.send(new ListObjectVersionsCommand({ Bucket }));
      const markers = (page.DeleteMarkers ?? []).map(({ Key }) => `${Key} marker`);
      return [...(page.Versions ?? []).map(({ Key, IsLatest }) => `${Key} ${IsLatest}`), ...markers].sort();
    },
  };
}

test('objects expire at the midnight after their days, those only that a rule means', async (context) => {
  const { s3, put, days } = await started(context);
  await put(
    { ID: 'logs', Filter: { Prefix: 'logs/' }, Expiration: { Days: 2 } },
    { ID: 'tagged', Filter: { Tag: { Key: 'keep', Value: 'no' } }, Expiration: { Days: 4 } },
    { ID: 'large', Filter: { And: { Prefix: '', ObjectSizeGreaterThan: 10 } }, Expiration: { Days: 6 } },
    { ID: 'off', Status: 'Disabled', Expiration: { Days: 1 } },
  );
  const { Expiration } = await s3.put('logs/a');
  const midnight = new Date(Math.ceil((s3.platform.clock.now() + 2 * DAY_MS) / DAY_MS) * DAY_MS);
  assert.equal(Expiration, `expiry-date="${midnight.toUTCString()}", rule-id="logs"`);
  assert.equal((await s3.get('logs/a')).Expiration, Expiration);
  await s3.put('b', 'x', { Tagging: 'keep=no' });
  await s3.put('c', 'longer than ten bytes');
  assert.equal((await s3.put('d')).Expiration, undefined);
  await days(1);
  assert.deepEqual(await s3.keys(), ['b', 'c', 'd', 'logs/a']);
  await days(2);
  assert.deepEqual(await s3.keys(), ['b', 'c', 'd']);
  await days(2);
  assert.deepEqual(await s3.keys(), ['c', 'd']);
  await days(30);
  assert.deepEqual(await s3.keys(), ['d']);
});

test('where versions are kept a marker takes the place of what expires, and goes when it is alone', async (context) => {
  const { s3, put, days, versions } = await started(context);
  await s3.versioned();
  const NoncurrentVersionExpiration = { NoncurrentDays: 3, NewerNoncurrentVersions: 1 };
  await put({ ID: 'all', Expiration: { Days: 1 }, NoncurrentVersionExpiration });
  for (const text of ['one', 'two', 'three']) await s3.put('k', text);
  await days(2);
  assert.deepEqual(await versions(), ['k false', 'k false', 'k false', 'k marker']);
  await days(4);
  assert.deepEqual(
    await versions(),
    ['k false', 'k marker'],
    'one of those that are no longer the latest is kept',
  );
  await put({
    ID: 'all',
    Expiration: { ExpiredObjectDeleteMarker: true },
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  });
  await days(1);
  assert.deepEqual(await versions(), ['k marker']);
  await days(1);
  assert.deepEqual(await versions(), []);
});

test('uploads that nobody completes are aborted', async (context) => {
  const { s3, put, days, Bucket } = await started(context);
  await put({ ID: 'uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } });
  await s3.client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  const uploads = async () =>
    (await s3.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0;
  await days(1);
  assert.equal(await uploads(), 1);
  await days(2);
  assert.equal(await uploads(), 0);
});

test('rules are read back as they were given, until they are deleted', async (context) => {
  const { s3, put, Bucket, days } = await started(context);
  const read = () => s3.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  assert.equal((await failure(read())).code, 'NoSuchLifecycleConfiguration');
  const rule = { ID: 'r', Status: 'Enabled', Filter: { Prefix: 'a' } } as const;
  const Date1 = new Date(Math.ceil(s3.platform.clock.now() / DAY_MS + 3) * DAY_MS);
  await put({ ...rule, Expiration: { Date: Date1 } });
  await s3.put('a');
  const { Rules, TransitionDefaultMinimumObjectSize } = await read();
  assert.deepEqual(Rules, [{ ...rule, Expiration: { Date: Date1 } }]);
  assert.equal(TransitionDefaultMinimumObjectSize, 'all_storage_classes_128K');
  await s3.client.send(new DeleteBucketLifecycleCommand({ Bucket }));
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'no such object' }));
  assert.equal((await failure(read())).code, 'NoSuchLifecycleConfiguration');
  await days(5);
  assert.deepEqual(await s3.keys(), ['a'], 'nothing expires without a rule');
});

test('rules are carried out by the next server too', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-s3-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  const expiry = new Date(Math.ceil(Date.now() / DAY_MS + 1) * DAY_MS);
  const Rules: LifecycleRule[] = [{ ID: 'r', Status: 'Enabled', Filter: {}, Expiration: { Date: expiry } }];
  const Bucket = newBucketName();
  const first = await openPlatform({ dataDir, frozenClock: true });
  context.after(() => first.close());
  const { client } = await S3Tester.with(context, first, Bucket);
  const given = { Bucket, LifecycleConfiguration: { Rules } };
  await client.send(new PutBucketLifecycleConfigurationCommand(given));
  await client.send(new PutObjectCommand({ Bucket, Key: 'k' }));
  await first.close();
  const second = await openPlatform({ dataDir, frozenClock: true });
  context.after(() => second.close());
  const later = new S3Client({ ...clientSettings(second), forcePathStyle: true });
  context.after(() => later.destroy());
  const read = await later.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  assert.deepEqual(read.Rules, Rules);
  await second.clock.advance(3 * DAY_MS);
  assert.equal((await later.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
});

test('rules that cannot be are refused', async (context) => {
  const { put } = await started(context);
  const code = async (...rules: Partial<LifecycleRule>[]) => (await failure(put(...rules))).code;
  const Expiration = { Days: 1 };
  assert.equal(await code({}), 'InvalidRequest');
  assert.equal(await code({ Expiration: { Days: 1, ExpiredObjectDeleteMarker: true } }), 'MalformedXML');
  assert.equal(await code({ Expiration: { Days: 0 } }), 'InvalidArgument');
  assert.equal(await code({ Expiration, Filter: { And: { Prefix: 'a' } } }), 'MalformedXML');
  assert.equal(await code({ Expiration, NoncurrentVersionExpiration: {} }), 'MalformedXML');
  assert.equal(await code({ ID: 'a', Expiration }, { ID: 'a', Expiration }), 'InvalidArgument');
  const noon = new Date('2030-01-01T12:00:00Z');
  const { message } = await failure(put({ Expiration: { Date: noon } }));
  assert.equal(message, "'Date' must be at midnight GMT");
  const Tags = [
    { Key: 'a', Value: '1' },
    { Key: 'a', Value: '2' },
  ];
  const twice = await failure(put({ Expiration, Filter: { And: { Tags } } }));
  assert.equal(twice.message, 'Duplicate Tag Keys are not allowed.');
  const moved = await failure(put({ Expiration, Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] }));
  assert.deepEqual([moved.code, moved.status], ['NotImplemented', 501]);
});
