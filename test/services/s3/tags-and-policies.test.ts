import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectTaggingCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectTaggingCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

async function tags(s3: S3Tester, Key: string): Promise<(string | undefined)[][]> {
  const { TagSet } = await s3.client.send(new GetObjectTaggingCommand({ Bucket: s3.bucket, Key }));
  return TagSet!.map((tag) => [tag.Key, tag.Value]);
}

test('objects have the tags they are put with, until others take their place', async (context) => {
  const s3 = await S3Tester.start(context);
  const at = { Bucket: s3.bucket, Key: 'k' };
  await s3.put('k', 'x', { Tagging: 'a=1&b=' });
  assert.deepEqual(await tags(s3, 'k'), [
    ['a', '1'],
    ['b', ''],
  ]);
  assert.equal((await s3.get('k')).TagCount, 2);
  const CopySource = `${s3.bucket}/k`;
  await s3.client.send(new CopyObjectCommand({ ...at, Key: 'copy', CopySource }));
  const replaced = { TaggingDirective: 'REPLACE', Tagging: 'c=3' } as const;
  await s3.client.send(new CopyObjectCommand({ ...at, Key: 'other', CopySource, ...replaced }));
  const Tagging = { TagSet: [{ Key: 'd', Value: '4' }] };
  await s3.client.send(new PutObjectTaggingCommand({ ...at, Tagging }));
  assert.deepEqual(await tags(s3, 'k'), [['d', '4']]);
  assert.deepEqual(await tags(s3, 'copy'), [
    ['a', '1'],
    ['b', ''],
  ]);
  assert.deepEqual(await tags(s3, 'other'), [['c', '3']]);
  await s3.client.send(new DeleteObjectTaggingCommand(at));
  assert.deepEqual(await tags(s3, 'k'), []);
});

// Words as recorded for "test_tagging_validation".
test('tags that cannot be are refused, of objects and of buckets', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k');
  const put = (...TagSet: { Key: string; Value: string }[]) =>
    failure(
      s3.client.send(new PutObjectTaggingCommand({ Bucket: s3.bucket, Key: 'k', Tagging: { TagSet } })),
    );
  const tag = { Key: 'a', Value: 'b' };
  assert.equal((await put(tag, tag)).message, 'Cannot provide multiple Tags with the same key');
  assert.equal((await put({ Key: 'aws:a', Value: '' })).message, 'Your TagKey cannot be prefixed with aws:');
  assert.equal((await put({ Key: 'a,b', Value: '' })).message, 'The TagKey you have provided is invalid');
  assert.equal((await put({ Key: 'a', Value: 'b,c' })).message, 'The TagValue you have provided is invalid');
  const eleven = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  assert.equal((await put(...eleven)).message, 'Object tags cannot be greater than 10');
  const at = { Bucket: s3.bucket };
  const read = () => s3.client.send(new GetBucketTaggingCommand(at));
  assert.equal((await failure(read())).code, 'NoSuchTagSet');
  await s3.client.send(new PutBucketTaggingCommand({ ...at, Tagging: { TagSet: [tag] } }));
  assert.deepEqual((await read()).TagSet, [tag]);
});

test('a bucket has the policy it was given', async (context) => {
  const s3 = await S3Tester.start(context);
  const at = { Bucket: s3.bucket };
  const put = (Policy: string) => s3.client.send(new PutBucketPolicyCommand({ ...at, Policy }));
  const read = async () => (await s3.client.send(new GetBucketPolicyCommand(at))).Policy;
  assert.equal((await failure(read())).code, 'NoSuchBucketPolicy');
  // Words as recorded for "test_bucket_policy_exc".
  const notJson = "Policies must be valid JSON and the first byte must be '{'";
  assert.equal((await failure(put('text'))).message, notJson);
  assert.equal((await failure(put('{}'))).message, 'Missing required field Statement');
  const statement = { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 's3:GetObject' };
  const policy = (Resource: string) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Resource }] });
  const other = await failure(put(policy('arn:aws:s3:::other/*')));
  assert.deepEqual([other.code, other.message], ['MalformedPolicy', 'Policy has invalid resource']);
  const mine = policy(`arn:aws:s3:::${s3.bucket}/*`);
  await put(mine);
  assert.equal(await read(), mine);
  await s3.client.send(new DeleteBucketPolicyCommand(at));
  assert.equal((await failure(read())).code, 'NoSuchBucketPolicy');
});

test('what is known of an object is told as asked for', async (context) => {
  const s3 = await S3Tester.start(context);
  const { ChecksumCRC32 } = await s3.put('k', 'hello');
  const { $metadata, LastModified, ...known } = await s3.client.send(
    new GetObjectAttributesCommand({
      Bucket: s3.bucket,
      Key: 'k',
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass', 'ObjectParts'],
    }),
  );
  assert.deepEqual(known, {
    ETag: '5d41402abc4b2a76b9719d911017c592',
    Checksum: { ChecksumCRC32, ChecksumType: 'FULL_OBJECT' },
    ObjectSize: 5,
    StorageClass: 'STANDARD',
  });
});
