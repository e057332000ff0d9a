import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { failure, S3Tester } from './s3-client.ts';

const MIN_PART = 5 * 1024 * 1024;

class Upload {
  readonly s3: S3Tester;
  readonly at: { readonly Bucket: string; readonly Key: string; readonly UploadId: string };
  readonly parts: CompletedPart[] = [];

  private constructor(s3: S3Tester, key: string, uploadId: string) {
    this.s3 = s3;
    this.at = { Bucket: s3.bucket, Key: key, UploadId: uploadId };
  }

  static async begin(s3: S3Tester, Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) {
    const command = new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key, ...more });
    return new Upload(s3, Key, (await s3.client.send(command)).UploadId!);
  }

  async part(PartNumber: number, Body: Uint8Array | string, more: object = {}): Promise<CompletedPart> {
    const command = new UploadPartCommand({ ...this.at, PartNumber, Body, ...more });
    const { $metadata, ...part } = await this.s3.client.send(command);
    this.parts.push({ PartNumber, ...part });
    return { PartNumber, ...part };
  }

  complete(Parts: CompletedPart[] = this.parts, more: Partial<CompleteMultipartUploadCommandInput> = {}) {
    const command = new CompleteMultipartUploadCommand({
      ...this.at,
      MultipartUpload: { Parts },
      ...more,
    });
    return this.s3.client.send(command);
  }
}

function md5(...bytes: Uint8Array[]): Buffer {
  return createHash('md5').update(Buffer.concat(bytes)).digest();
}

test('an object is made of its parts, and read whole, in ranges and by part', async (context) => {
  const s3 = await S3Tester.start(context);
  const upload = await Upload.begin(s3, 'k', { Metadata: { a: 'b' }, ContentType: 'text/plain' });
  const [first, second] = [randomBytes(MIN_PART), randomBytes(1234)];
  await upload.part(2, second);
  await upload.part(7, 'left out');
  await upload.part(1, randomBytes(10));
  await upload.part(1, first);
  const listed = await s3.client.send(new ListPartsCommand({ ...upload.at, MaxParts: 2 }));
  assert.deepEqual(
    listed.Parts!.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [1, MIN_PART],
      [2, 1234],
    ],
  );
  assert.deepEqual([listed.IsTruncated, listed.NextPartNumberMarker], [true, '2']);
  const last = await s3.client.send(new ListPartsCommand({ ...upload.at, PartNumberMarker: '2' }));
  assert.deepEqual(
    last.Parts!.map(({ PartNumber }) => PartNumber),
    [7],
  );
  const noNumber = new ListPartsCommand({ ...upload.at, PartNumberMarker: 'x' });
  assert.equal((await failure(s3.client.send(noNumber))).code, 'InvalidArgument');
  const parts = [upload.parts[3]!, upload.parts[0]!];
  const done = await upload.complete(parts);
  assert.equal(done.ETag, `"${md5(md5(first), md5(second)).toString('hex')}-2"`);
  const got = await s3.get('k');
  assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), Buffer.concat([first, second]));
  assert.deepEqual([got.Metadata, got.ContentType], [{ a: 'b' }, 'text/plain']);
  const across = await s3.get('k', { Range: `bytes=${MIN_PART - 2}-${MIN_PART + 1}` });
  assert.deepEqual(
    Buffer.from(await across.Body!.transformToByteArray()),
    Buffer.concat([first.subarray(-2), second.subarray(0, 2)]),
  );
  const part = await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: 'k', PartNumber: 2 }));
  assert.deepEqual([part.ContentLength, part.PartsCount], [1234, 2]);
  assert.equal((await failure(upload.complete(parts))).code, 'NoSuchUpload');
});

test('parts that are missing, unordered or too small do not make an object', async (context) => {
  const s3 = await S3Tester.start(context);
  const upload = await Upload.begin(s3, 'k');
  const [one, two] = [await upload.part(1, 'one'), await upload.part(2, 'two')];
  assert.equal((await failure(upload.complete([one, two]))).code, 'EntityTooSmall');
  assert.equal((await failure(upload.complete([two, one]))).code, 'InvalidPartOrder');
  const wrong = { ...one, ETag: two.ETag };
  for (const parts of [[wrong], [{ ...one, PartNumber: 3 }]])
    assert.equal((await failure(upload.complete(parts))).code, 'InvalidPart');
  assert.equal((await failure(upload.complete([]))).code, 'MalformedXML');
  assert.equal((await failure(upload.part(0, 'x'))).code, 'InvalidArgument');
  assert.equal(
    (await failure(upload.complete([one], { MpuObjectSize: 5 }))).message,
    "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 3",
  );
  await s3.put('k', 'there');
  assert.equal((await failure(upload.complete([one], { IfNoneMatch: '*' }))).status, 412);
  assert.equal(await s3.text('k'), 'there');
  await upload.complete([one]);
  assert.equal(await s3.text('k'), 'one');
});

test('uploads are listed by key, and an aborted one is gone', async (context) => {
  const s3 = await S3Tester.start(context);
  const uploads: Upload[] = [];
  for (const key of ['b', 'a/1', 'b', 'c']) uploads.push(await Upload.begin(s3, key));
  const list = (more: object) =>
    s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, ...more }));
  const all = await list({});
  assert.deepEqual(
    all.Uploads!.map(({ Key, UploadId }) => [Key, UploadId]),
    [1, 0, 2, 3].map((index) => [uploads[index]!.at.Key, uploads[index]!.at.UploadId]),
  );
  const next = await list({ KeyMarker: 'b', UploadIdMarker: uploads[0]!.at.UploadId, MaxUploads: 1 });
  assert.deepEqual([next.Uploads![0]!.UploadId, next.IsTruncated], [uploads[2]!.at.UploadId, true]);
  const rolled = await list({ Delimiter: '/' });
  assert.deepEqual(rolled.CommonPrefixes, [{ Prefix: 'a/' }]);
  await uploads[0]!.part(1, 'x');
  await s3.client.send(new AbortMultipartUploadCommand(uploads[0]!.at));
  assert.equal((await failure(uploads[0]!.part(1, 'x'))).code, 'NoSuchUpload');
  assert.equal((await list({})).Uploads!.length, 3);
  const { UploadId: UploadIdMarker } = uploads[0]!.at;
  const rest = await list({ KeyMarker: 'b', UploadIdMarker });
  assert.deepEqual(
    rest.Uploads!.map(({ UploadId }) => UploadId),
    [uploads[2]!.at.UploadId, uploads[3]!.at.UploadId],
    'a list goes on behind an upload that was aborted meanwhile',
  );
  const wrong = await failure(list({ KeyMarker: 'b', UploadIdMarker: 'x' }));
  assert.equal(wrong.message, 'Invalid uploadId marker');
});

test('the checksum of the whole is made of those of the parts', async (context) => {
  const s3 = await S3Tester.start(context);
  const [first, second] = [randomBytes(MIN_PART), randomBytes(77)];
  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    const name = `Checksum${ChecksumAlgorithm}` as const;
    const upload = await Upload.begin(s3, 'k', { ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' });
    for (const [index, body] of [first, second].entries())
      await upload.part(index + 1, body, { ChecksumAlgorithm });
    const done = await upload.complete();
    const whole = await s3.put('whole', Buffer.concat([first, second]), { ChecksumAlgorithm });
    assert.equal(done[name], whole[name], ChecksumAlgorithm);
    const asked = { Bucket: s3.bucket, Key: 'k', ChecksumMode: 'ENABLED' } as const;
    assert.equal((await s3.client.send(new HeadObjectCommand(asked)))[name], whole[name]);
  }
  const upload = await Upload.begin(s3, 'k', { ChecksumAlgorithm: 'SHA256' });
  const part = await upload.part(1, 'x', { ChecksumAlgorithm: 'SHA256' });
  const mixed = await failure(upload.part(2, 'x', { ChecksumAlgorithm: 'CRC32' }));
  assert.equal(
    mixed.message,
    'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32',
  );
  const other = await failure(upload.complete([part], { ChecksumCRC32: 'AAAAAA==' }));
  assert.match(other.message, /expected checksum Type: sha256, actual checksum Type: crc32$/);
  const digest = createHash('sha256').update(Buffer.from(part.ChecksumSHA256!, 'base64')).digest('base64');
  const done = await upload.complete([part]);
  assert.deepEqual([done.ChecksumSHA256, done.ChecksumType], [`${digest}-1`, 'COMPOSITE']);
});

test('parts are copied from objects, whole or in ranges', async (context) => {
  const s3 = await S3Tester.start(context);
  const large = randomBytes(MIN_PART + 10);
  await s3.put('large', large);
  await s3.put('small', '0123456789');
  const upload = await Upload.begin(s3, 'k');
  const copy = async (PartNumber: number, key: string, CopySourceRange?: string) => {
    const range = CopySourceRange === undefined ? {} : { CopySourceRange };
    const CopySource = `${s3.bucket}/${key}`;
    const command = new UploadPartCopyCommand({ ...upload.at, PartNumber, CopySource, ...range });
    upload.parts.push({ PartNumber, ETag: (await s3.client.send(command)).CopyPartResult!.ETag });
  };
  await copy(1, 'large', `bytes=5-${MIN_PART + 9}`);
  await copy(2, 'small', 'bytes=2-3');
  await copy(3, 'small').catch(() => undefined);
  assert.equal((await failure(copy(4, 'small', 'bytes=1-'))).code, 'InvalidArgument');
  assert.match((await failure(copy(4, 'small', 'bytes=0-100'))).message, /source object of size: 10$/);
  await upload.complete(upload.parts.slice(0, 2));
  const got = Buffer.from(await (await s3.get('k')).Body!.transformToByteArray());
  assert.deepEqual(got, Buffer.concat([large.subarray(5), Buffer.from('23')]));
});
