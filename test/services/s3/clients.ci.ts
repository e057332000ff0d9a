/** AWS CLI v2 and boto3 as people use them with S3, and presigned URLs where signatures are verified. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { aws } from '../../kit/aws-cli.ts';
import { boto3 } from '../../kit/boto3.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';

async function scratch(context: { after(fn: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-s3-test-'));
  context.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('AWS CLI copies, lists, synchronises and presigns', async (context) => {
  const platform = await startedPlatform(context);
  const directory = await scratch(context);
  const run = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await aws(platform, 's3', ...args);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  // Larger than what the CLI sends in one part.
  const large = Buffer.alloc(20 * 1024 * 1024, 'large');
  await writeFile(join(directory, 'large'), large);
  await writeFile(join(directory, 'small.txt'), 'small');
  await run('mb', 's3://bucket-one');
  await run('sync', directory, 's3://bucket-one/in/', '--quiet');
  assert.match(await run('ls', 's3://bucket-one/in/'), / 20971520 large\n.* 5 small\.txt\n/);
  await run('cp', 's3://bucket-one/in/large', 's3://bucket-one/copy', '--quiet');
  await run('cp', 's3://bucket-one/copy', join(directory, 'back'), '--quiet');
  assert.ok((await readFile(join(directory, 'back'))).equals(large));
  const url = (await run('presign', 's3://bucket-one/in/small.txt')).trim();
  assert.equal(await (await fetch(url)).text(), 'small');
  await run('rb', 's3://bucket-one', '--force');
});

test('boto3 uploads, downloads and iterates', async (context) => {
  const platform = await startedPlatform(context);
  const script = `
import boto3, json, io
s3 = boto3.resource('s3')
bucket = s3.create_bucket(Bucket='bucket-two')
body = b'0123456789' * 1_000_000
bucket.upload_fileobj(io.BytesIO(body), 'large', ExtraArgs={'Metadata': {'a': 'b'}})
bucket.put_object(Key='small', Body=b'x')
back = io.BytesIO()
bucket.download_fileobj('large', back)
print(json.dumps([back.getvalue() == body, [o.key for o in bucket.objects.all()], s3.Object('bucket-two', 'large').metadata]))
`;
  assert.deepEqual(await boto3(platform, script), [true, ['large', 'small'], { a: 'b' }]);
});

test('a presigned URL lets in who has it, while it lasts, for what it was signed', async (context) => {
  const platform = await startedPlatform(context, { authorization: true });
  const client = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
  context.after(() => client.destroy());
  const at = { Bucket: 'bucket-three', Key: 'k' };
  await client.send(new CreateBucketCommand({ Bucket: at.Bucket }));
  const put = await getSignedUrl(client, new PutObjectCommand(at), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: 'PUT', body: 'content' })).status, 200);
  const get = await getSignedUrl(client, new GetObjectCommand(at), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), 'content');
  const other = await fetch(get.replace('/k?', '/other?'));
  assert.equal(other.status, 403);
  assert.match(await other.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
  assert.equal((await fetch(`${platform.origin}/${at.Bucket}/k`)).status, 403);
});
