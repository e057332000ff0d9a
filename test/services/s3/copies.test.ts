import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CopyObjectCommand, type CopyObjectCommandInput, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

function copy(s3: S3Tester, source: string, Key: string, more: Partial<CopyObjectCommandInput> = {}) {
  const CopySource = `${s3.bucket}/${encodeURIComponent(source)}`;
  return s3.client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key, CopySource, ...more }));
}

test('a copy has the bytes and the metadata of its source, and outlives it', async (context) => {
  const s3 = await S3Tester.start(context);
  const large = randomBytes(100_000);
  await s3.put('large ü', large, { Metadata: { a: 'b' }, ContentType: 'text/plain' });
  await s3.put('small', 'small');
  const copied = await copy(s3, 'large ü', 'copy');
  await copy(s3, 'small', 'small copy');
  assert.equal(copied.CopyObjectResult!.ETag, `"${createHash('md5').update(large).digest('hex')}"`);
  await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'large ü' }));
  const got = await s3.get('copy', { ChecksumMode: 'ENABLED' });
  assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), large);
  assert.deepEqual([got.Metadata, got.ContentType], [{ a: 'b' }, 'text/plain']);
  assert.equal(await s3.text('small copy'), 'small');
});

test('a copy may have metadata and a checksum of its own', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x', { Metadata: { a: 'b' } });
  const put = await s3.put('same', 'x', { ChecksumAlgorithm: 'SHA256' });
  const copied = await copy(s3, 'k', 'copy', {
    MetadataDirective: 'REPLACE',
    Metadata: { c: 'd' },
    ChecksumAlgorithm: 'SHA256',
  });
  assert.equal(copied.CopyObjectResult!.ChecksumSHA256, put.ChecksumSHA256);
  assert.deepEqual((await s3.get('copy')).Metadata, { c: 'd' });
});

test('a copy redirects where it says, not where its source does', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x', { WebsiteRedirectLocation: '/old' });
  await copy(s3, 'k', 'c');
  assert.equal((await s3.get('c')).WebsiteRedirectLocation, undefined);
  await copy(s3, 'k', 'k', { WebsiteRedirectLocation: '/new' });
  assert.equal((await s3.get('k')).WebsiteRedirectLocation, '/new');
});

test('a copy is of what its source is by then, however often that is replaced', async (context) => {
  const s3 = await S3Tester.start(context);
  const bodies = ['a', 'b'].map((letter) => Buffer.alloc(100_000, letter));
  await s3.put('k', bodies[0]!);
  let isOver = false;
  const replace = async () => {
    for (let count = 1; !isOver; count += 1) await s3.put('k', bodies[count % 2]!);
  };
  const replacing = replace();
  try {
    for (let count = 0; count < 50; count += 1) {
      await copy(s3, 'k', 'c');
      const copied = Buffer.from(await (await s3.get('c')).Body!.transformToByteArray());
      assert.ok(bodies.some((body) => body.equals(copied)));
    }
  } finally {
    isOver = true;
    await replacing;
  }
});

test('a copy onto itself must change something', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x');
  assert.match((await failure(copy(s3, 'k', 'k'))).message, /^This copy request is illegal/);
  await copy(s3, 'k', 'k', { StorageClass: 'STANDARD_IA' });
  assert.equal((await s3.get('k')).StorageClass, 'STANDARD_IA');
  assert.equal(await s3.text('k'), 'x');
});

test('copies go by the conditions of the source and of the target', async (context) => {
  const s3 = await S3Tester.start(context);
  const { ETag } = await s3.put('k', 'x');
  const refused = await failure(copy(s3, 'k', 'c', { CopySourceIfNoneMatch: ETag }));
  assert.deepEqual([refused.code, refused.status], ['PreconditionFailed', 412]);
  await copy(s3, 'k', 'c', { CopySourceIfMatch: ETag });
  assert.equal((await failure(copy(s3, 'k', 'c', { IfNoneMatch: '*' }))).status, 412);
  assert.equal((await failure(copy(s3, 'none', 'c'))).code, 'NoSuchKey');
});

test('a version is copied by its id', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.versioned();
  const { VersionId } = await s3.put('k', 'one');
  await s3.put('k', 'two');
  const CopySource = `${s3.bucket}/k?versionId=${VersionId}`;
  const copied = await copy(s3, 'k', 'k', { CopySource });
  assert.equal(copied.CopySourceVersionId, VersionId);
  assert.equal(await s3.text('k'), 'one');
});
