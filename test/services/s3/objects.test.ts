import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DeleteObjectsCommand, HeadObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { openPlatform } from '../../kit/started-platform.ts';
import { failure, S3Tester } from './s3-client.ts';

const CONTENT_MD5 = (body: string) => createHash('md5').update(body).digest('base64');

test('an object comes back as it was put, with its metadata and header fields', async (context) => {
  const s3 = await S3Tester.start(context);
  const expires = new Date('2030-01-02T03:04:05Z');
  const put = await s3.put('a/ü +?#.txt', 'hello', {
    Metadata: { Name: 'value', other: 'x' },
    ContentType: 'text/plain; charset=utf-8',
    CacheControl: 'no-store',
    ContentDisposition: 'attachment',
    ContentEncoding: 'identity',
    ContentLanguage: 'de',
    Expires: expires,
    StorageClass: 'STANDARD_IA',
  });
  assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
  const got = await s3.get('a/ü +?#.txt');
  assert.equal(await got.Body!.transformToString(), 'hello');
  assert.equal(got.ETag, put.ETag);
  assert.deepEqual(got.Metadata, { name: 'value', other: 'x' });
  assert.equal(got.ContentType, 'text/plain; charset=utf-8');
  assert.equal(got.CacheControl, 'no-store');
  assert.equal(got.ContentDisposition, 'attachment');
  assert.equal(got.ContentEncoding, 'identity');
  assert.equal(got.ContentLanguage, 'de');
  assert.equal(got.ExpiresString, 'Wed, 02 Jan 2030 03:04:05 GMT');
  assert.equal(got.StorageClass, 'STANDARD_IA');
  assert.equal(got.LastModified!.getTime(), Math.floor(s3.platform.clock.now() / 1000) * 1000);
  const Key = 'a/ü +?#.txt';
  const head = await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key }));
  assert.equal(head.ContentLength, 5);
  assert.deepEqual(head.Metadata, got.Metadata);
});

test('objects of any size come back byte by byte, and again after a restart', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-s3-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  const bodies = [0, 1, 32 * 1024, 32 * 1024 + 1, 3_000_001].map((size) => randomBytes(size));
  const first = await openPlatform({ dataDir, frozenClock: true });
  let bucket = '';
  try {
    const s3 = await S3Tester.with(context, first);
    bucket = s3.bucket;
    for (const [index, body] of bodies.entries()) await s3.put(`k${index}`, body);
  } finally {
    await first.close();
  }
  const second = await openPlatform({ dataDir, frozenClock: true });
  context.after(() => second.close());
  const s3 = await S3Tester.with(context, second);
  for (const [index, body] of bodies.entries()) {
    const got = await s3.get(`k${index}`, { Bucket: bucket });
    assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), body, `object ${index}`);
  }
});

test('readers get the ranges they ask for', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', '0123456789');
  const large = randomBytes(1_000_000);
  await s3.put('large', large);
  const range = async (Range: string, key = 'k') => {
    const got = await s3.get(key, { Range });
    return [got.$metadata.httpStatusCode, await got.Body!.transformToString('latin1'), got.ContentRange];
  };
  // As recorded for "test_get_object_range".
  assert.deepEqual(await range('bytes=0-8'), [206, '012345678', 'bytes 0-8/10']);
  assert.deepEqual(await range('bytes=1-1'), [206, '1', 'bytes 1-1/10']);
  assert.deepEqual(await range('bytes=1-'), [206, '123456789', 'bytes 1-9/10']);
  assert.deepEqual(await range('bytes=-2'), [206, '89', 'bytes 8-9/10']);
  assert.deepEqual(await range('bytes=-15'), [206, '0123456789', 'bytes 0-9/10']);
  assert.deepEqual(await range('bytes=1-0'), [200, '0123456789', undefined]);
  assert.deepEqual(await range('bytes=0-1,3-4'), [200, '0123456789', undefined]);
  for (const none of ['bytes=100-200', 'bytes=-0'])
    assert.deepEqual(await failure(s3.get('k', { Range: none })), {
      code: 'InvalidRange',
      status: 416,
      message: 'The requested range is not satisfiable',
    });
  const middle = large.subarray(300_000, 700_001);
  assert.deepEqual(await range('bytes=300000-700000', 'large'), [
    206,
    middle.toString('latin1'),
    'bytes 300000-700000/1000000',
  ]);
});

test('readers choose header fields of the answer', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k', 'x', { ContentType: 'text/plain' });
  const got = await s3.get('k', { ResponseContentType: 'image/png', ResponseCacheControl: 'max-age=1' });
  assert.equal(got.ContentType, 'image/png');
  assert.equal(got.CacheControl, 'max-age=1');
});

test('reads go by their conditions', async (context) => {
  const s3 = await S3Tester.start(context);
  const { ETag } = await s3.put('k', 'x');
  const now = s3.platform.clock.now();
  const earlier = new Date(now - 60_000);
  const status = async (conditions: object) =>
    (await s3.get('k', conditions).catch((error) => error)).$metadata.httpStatusCode;
  assert.equal(await status({ IfMatch: ETag }), 200);
  assert.equal(await status({ IfMatch: '"no"' }), 412);
  assert.equal(await status({ IfNoneMatch: ETag }), 304);
  assert.equal(await status({ IfNoneMatch: ETag!.replaceAll('"', '') }), 304);
  assert.equal(await status({ IfNoneMatch: '"no"' }), 200);
  assert.equal(await status({ IfModifiedSince: earlier }), 200);
  assert.equal(await status({ IfModifiedSince: new Date(now) }), 304);
  // Recorded: a date to come is passed over.
  assert.equal(await status({ IfModifiedSince: new Date(now + 60_000) }), 200);
  assert.equal(await status({ IfUnmodifiedSince: earlier }), 412);
  assert.equal(await status({ IfUnmodifiedSince: earlier, IfMatch: ETag }), 200);
  const headers = { 'if-none-match': ETag! };
  const unchanged = await s3.fetch('/k', { headers });
  assert.equal(unchanged.status, 304);
  assert.equal(unchanged.headers.get('etag'), ETag);
});

test('writes go by their conditions, one of many that race', async (context) => {
  const s3 = await S3Tester.start(context);
  const creations = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      s3.put('k', `${index}`, { IfNoneMatch: '*' }).then(
        () => 'stored',
        (error: Error) => error.name,
      ),
    ),
  );
  assert.deepEqual(creations.sort(), [...Array(9).fill('PreconditionFailed'), 'stored']);
  const { ETag } = await s3.get('k');
  await s3.put('k', 'next', { IfMatch: ETag });
  assert.equal((await failure(s3.put('k', 'again', { IfMatch: ETag }))).status, 412);
  assert.equal((await failure(s3.put('none', 'x', { IfMatch: ETag }))).code, 'NoSuchKey');
  const { code, status } = await failure(s3.put('k', 'x', { IfNoneMatch: ETag }));
  assert.deepEqual([code, status], ['NotImplemented', 501]);
  assert.equal(await s3.text('k'), 'next');
});

/** Of `test data..`, as AWS was recorded to answer. */
const CHECKSUMS = {
  CRC32: 'cZWHwQ==',
  CRC32C: 'Pf4upw==',
  CRC64NVME: 'qUVrWYOrIAM=',
  SHA1: 'B++3uSfJMSHWToQMQ1g6lIJY5Eo=',
  SHA256: '2l26x0trnT0r2AvakoFk2MB7eKVKzYESLMxSAKAzoik=',
} as const;

test('checksums are verified, kept and returned', async (context) => {
  const s3 = await S3Tester.start(context);
  for (const [algorithm, value] of Object.entries(CHECKSUMS)) {
    const ChecksumAlgorithm = algorithm as keyof typeof CHECKSUMS;
    const put = await s3.put('k', 'test data..', { ChecksumAlgorithm });
    assert.equal(put[`Checksum${ChecksumAlgorithm}`], value, algorithm);
    const got = await s3.get('k', { ChecksumMode: 'ENABLED' });
    assert.equal(got[`Checksum${ChecksumAlgorithm}`], value, algorithm);
    assert.equal(got.ChecksumType, 'FULL_OBJECT');
    const wrong = Buffer.from(value, 'base64').map((byte) => byte ^ 1);
    const given = (text: string): Partial<PutObjectCommandInput> => ({ [`Checksum${algorithm}`]: text });
    const bad = await failure(s3.put('bad', 'test data..', given(Buffer.from(wrong).toString('base64'))));
    assert.equal(bad.code, 'BadDigest');
    assert.equal(bad.message, `The ${algorithm} you specified did not match the calculated checksum.`);
    assert.deepEqual(await failure(s3.put('bad', 'test data..', given('bad'))), {
      code: 'InvalidRequest',
      status: 400,
      message: `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`,
    });
    await s3.put('good', 'test data..', given(value));
  }
  assert.deepEqual(await s3.keys(), ['good', 'k']);
});

test('a body without a checksum gets one all the same', async (context) => {
  const s3 = await S3Tester.start(context);
  const empty = await s3.fetch('/k', { method: 'PUT', body: '' });
  // Recorded for an empty body.
  assert.equal(empty.headers.get('x-amz-checksum-crc64nvme'), 'AAAAAAAAAAA=');
  assert.equal(empty.headers.get('x-amz-checksum-type'), 'FULL_OBJECT');
});

test('a digest that is not that of the body, or none, keeps the body out', async (context) => {
  const s3 = await S3Tester.start(context);
  const send = (md5: string, body = 'body') =>
    s3.fetch('/k', { method: 'PUT', body, headers: { 'content-md5': md5 } });
  assert.equal((await send(CONTENT_MD5('body'))).status, 200);
  const large = 'x'.repeat(100_000);
  for (const body of ['other', large]) {
    const bad = await send(CONTENT_MD5('body'), body);
    assert.equal(bad.status, 400);
    assert.match(await bad.text(), /<Code>BadDigest<\/Code>/);
  }
  assert.match(await (await send('MTIz')).text(), /<Code>InvalidDigest<\/Code>/);
  assert.equal(await s3.text('k'), 'body');
});

test('what is deleted is gone, and what was not there is deleted too', async (context) => {
  const s3 = await S3Tester.start(context);
  for (const key of ['a', 'b', 'c']) await s3.put(key);
  const Objects = [{ Key: 'a' }, { Key: 'b' }, { Key: 'none' }, { Key: 'c', VersionId: 'x'.repeat(32) }];
  const command = new DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects } });
  const { Deleted, Errors } = await s3.client.send(command);
  assert.deepEqual(Deleted!.map(({ Key }) => Key).sort(), ['a', 'b', 'none']);
  assert.deepEqual(
    Errors!.map(({ Key, Code }) => [Key, Code]),
    [['c', 'NoSuchVersion']],
  );
  assert.deepEqual(await s3.keys(), ['c']);
});

test('keys and metadata that are too long are refused', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('k'.repeat(1024));
  assert.equal((await failure(s3.put('k'.repeat(1025)))).code, 'KeyTooLongError');
  const metadata = { Metadata: { a: 'x'.repeat(2048) } };
  assert.equal((await failure(s3.put('k', 'x', metadata))).code, 'MetadataTooLarge');
});

test('settings that are not here are refused by name', async (context) => {
  const s3 = await S3Tester.start(context);
  const key = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'x'.repeat(32) };
  for (const more of [
    { ServerSideEncryption: 'aws:kms' } as const,
    { ObjectLockMode: 'GOVERNANCE' } as const,
    key,
  ]) {
    const refused = await failure(s3.put('k', 'x', more));
    assert.deepEqual([refused.code, refused.status], ['NotImplemented', 501]);
  }
  await s3.put('k');
  assert.equal((await failure(s3.get('k', key))).code, 'NotImplemented', 'nothing was encrypted with it');
});

test('a bucket is addressed by its host name as well', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('a key', 'x');
  const { port } = new URL(s3.platform.origin);
  const status = await new Promise((resolve, reject) => {
    const headers = { host: `${s3.bucket}.s3.localhost:${port}` };
    request({ port, host: '127.0.0.1', path: '/a%20key', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(status, 200);
});
