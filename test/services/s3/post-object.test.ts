/** Upload forms, as `createPresignedPost` of the AWS SDK signs them; words as recorded for "TestS3PresignedPost". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PresignedPost, PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { startedPlatform } from '../../kit/started-platform.ts';
import { allow, newUser, settingsOf } from '../iam/iam-clients.ts';
import { newBucketName, S3Tester } from './s3-client.ts';

type Fields = Readonly<Record<string, string>>;

function send({ url, fields }: PresignedPost, text: string, more: Fields = {}): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...more })) form.append(name, value);
  form.append('file', new Blob([text]), 'my file.txt');
  return fetch(url, { method: 'POST', body: form, redirect: 'manual' });
}

function signed(s3: S3Tester, options: Partial<PresignedPostOptions> = {}): Promise<PresignedPost> {
  return createPresignedPost(s3.client, { Bucket: s3.bucket, Key: 'k', ...options });
}

async function refusal(response: Response): Promise<[status: number, code: string, message: string]> {
  const text = await response.text();
  const member = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  return [response.status, member('Code'), member('Message').replaceAll('&quot;', '"')];
}

test('a form puts an object with what its fields say', async (context) => {
  const s3 = await S3Tester.start(context);
  const Fields = {
    'x-amz-meta-colour': 'red',
    'Content-Type': 'text/plain',
    'x-amz-storage-class': 'STANDARD_IA',
    tagging: '<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>',
  };
  const answer = await send(await signed(s3, { Key: 'in/\u0024{filename}', Fields }), 'hello');
  assert.equal(answer.status, 204);
  const found = await s3.get('in/my file.txt');
  assert.equal(await found.Body!.transformToString(), 'hello');
  assert.equal(answer.headers.get('etag'), found.ETag);
  assert.deepEqual(
    [found.ContentType, found.Metadata, found.StorageClass, found.TagCount],
    ['text/plain', { colour: 'red' }, 'STANDARD_IA', 1],
  );
});

test('it is answered as its fields ask for', async (context) => {
  const s3 = await S3Tester.start(context);
  const created = await send(await signed(s3, { Fields: { success_action_status: '201' } }), 'x');
  assert.equal(created.status, 201);
  const location = `${s3.platform.origin}/${s3.bucket}/k`;
  assert.equal(created.headers.get('location'), location);
  const expected = `<Location>${location}</Location><Bucket>${s3.bucket}</Bucket><Key>k</Key>`;
  assert.ok((await created.text()).includes(expected));
  const Fields = { success_action_redirect: 'http://example.com/done?a=1' };
  const redirected = await send(await signed(s3, { Fields }), 'x');
  assert.equal(redirected.status, 303);
  const { searchParams } = new URL(redirected.headers.get('location')!);
  assert.deepEqual(Object.fromEntries(searchParams), {
    a: '1',
    bucket: s3.bucket,
    key: 'k',
    etag: '"9dd4e461268c8034f5c8564e155c67a6"',
  });
});

test('a file of megabytes streams in whole', async (context) => {
  const s3 = await S3Tester.start(context);
  const text = 'abcdefgh'.repeat(400_000);
  await send(await signed(s3), text);
  assert.equal(await s3.text('k'), text);
});

test('a policy keeps out what it does not allow', async (context) => {
  const s3 = await S3Tester.start(context);
  const range = await signed(s3, { Conditions: [['content-length-range', 5, 10]] });
  const large = await send(range, 'twelve bytes');
  const words = await large.clone().text();
  assert.deepEqual(await refusal(large), [
    400,
    'EntityTooLarge',
    'Your proposed upload exceeds the maximum allowed size',
  ]);
  assert.match(words, /<ProposedSize>12<\/ProposedSize><MaxSizeAllowed>10<\/MaxSizeAllowed>/);
  const [, small] = await refusal(await send(range, 'x'));
  assert.equal(small, 'EntityTooSmall');
  const starts = await signed(s3, { Conditions: [['starts-with', '$x-amz-meta-a', 'be']] });
  const failed =
    'Invalid according to Policy: Policy Condition failed: ["starts-with", "$x-amz-meta-a", "be"]';
  const wrong = await refusal(await send(starts, 'x', { 'x-amz-meta-a': 'end' }));
  assert.deepEqual(wrong, [403, 'AccessDenied', failed]);
  assert.equal((await send(starts, 'x', { 'x-amz-meta-a': 'begin' })).status, 204);
  const extra = await refusal(await send(await signed(s3), 'x', { 'x-amz-meta-b': '1' }));
  assert.equal(extra[2], 'Invalid according to Policy: Extra input fields: x-amz-meta-b');
  const other = await refusal(await send(await signed(s3), 'x', { key: 'other' }));
  assert.deepEqual(other.slice(0, 2), [403, 'AccessDenied']);
  assert.deepEqual(await s3.keys(), ['k']);
});

test('a form is refused when it has expired, is not signed or lacks a field', async (context) => {
  const s3 = await S3Tester.alone(context);
  const post = await signed(s3, { Expires: 60 });
  const without = (...names: string[]) => {
    const fields = Object.fromEntries(Object.entries(post.fields).filter(([name]) => !names.includes(name)));
    return { ...post, fields };
  };
  const unsigned = without('X-Amz-Signature', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'Policy');
  assert.deepEqual(await refusal(await send(unsigned, 'x')), [403, 'AccessDenied', 'Access Denied']);
  const missing =
    "Bucket POST must contain a field named 'X-Amz-Algorithm'.  If it is specified, please check the order of the fields.";
  assert.deepEqual(await refusal(await send(without('X-Amz-Algorithm'), 'x')), [
    400,
    'InvalidArgument',
    missing,
  ]);
  await s3.platform.clock.advance(61_000);
  const late = await refusal(await send(post, 'x'));
  assert.deepEqual(late, [403, 'AccessDenied', 'Invalid according to Policy: Policy expired.']);
  const broken = await s3.fetch('', {
    method: 'POST',
    body: 'no form',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
  assert.equal(broken.status, 400);
});

test('under authorization a form is taken from those who may put the object', async (context) => {
  const platform = await startedPlatform(context, { authorization: true });
  const s3 = (key?: { accessKeyId: string; secretAccessKey: string }) =>
    new S3Client({ ...settingsOf(platform, key), forcePathStyle: true });
  const Bucket = newBucketName();
  await s3().send(new CreateBucketCommand({ Bucket }));
  const iam = new IAMClient(settingsOf(platform));
  const writer = await newUser(iam, 'writer', allow('s3:PutObject'));
  const reader = await newUser(iam, 'reader', allow('s3:GetObject'));
  const by = async (key: typeof writer) => {
    const post = await createPresignedPost(s3(key), { Bucket, Key: 'k' });
    return refusal(await send(post, 'from a form'));
  };
  assert.equal((await by(writer))[0], 204);
  assert.deepEqual(await by(reader), [403, 'AccessDenied', 'Access Denied']);
  const forged = await by({ ...writer, secretAccessKey: 'wrong' });
  assert.equal(forged[1], 'SignatureDoesNotMatch');
  const stranger = await by({ accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'x' });
  assert.equal(stranger[1], 'InvalidAccessKeyId');
  const { Body } = await s3().send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(await Body!.transformToString(), 'from a form');
});
