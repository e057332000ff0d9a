/** Buckets and callers of other accounts, under authorization: the ARN of a bucket does not say whose it is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../iam/iam-clients.ts';
import { allow, document, newUser, settingsOf } from '../iam/iam-clients.ts';
import { newBucketName } from './s3-client.ts';

const OTHER: KeyPair = { accessKeyId: '111122223333', secretAccessKey: 'test' };

let platform: Platform;
before(async () => {
  platform = await openPlatform({ authorization: true });
});
after(() => platform.close());

function s3(key?: KeyPair): S3Client {
  return new S3Client({ ...settingsOf(platform, key), forcePathStyle: true });
}

async function filledBucket(): Promise<string> {
  const Bucket = newBucketName();
  await s3().send(new CreateBucketCommand({ Bucket }));
  await s3().send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  return Bucket;
}

test('nobody of another account gets at a bucket whose policy does not say so', async () => {
  const Bucket = await filledBucket();
  const guest = await newUser(new IAMClient(settingsOf(platform, OTHER)), newBucketName(), allow('s3:*'));
  for (const key of [OTHER, guest]) {
    const stranger = s3(key);
    const denied = {
      name: 'AccessDenied',
      message: /because no resource-based policy allows the s3:\w+ action$/,
    };
    await assert.rejects(stranger.send(new GetObjectCommand({ Bucket, Key: 'k' })), denied);
    await assert.rejects(stranger.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'y' })), denied);
    await assert.rejects(stranger.send(new ListObjectsV2Command({ Bucket })), denied);
    await assert.rejects(stranger.send(new DeleteBucketCommand({ Bucket })), denied);
    await assert.rejects(stranger.send(new CreateBucketCommand({ Bucket })), { name: 'BucketAlreadyExists' });
  }
  const { Body } = await s3().send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(await Body!.transformToString(), 'x');
});

test('a policy of the bucket lets another account in, whose users need its leave as well', async () => {
  const Bucket = await filledBucket();
  const account = new IAMClient(settingsOf(platform, OTHER));
  const reader = await newUser(account, newBucketName(), allow('s3:GetObject'));
  const nobody = await newUser(account, newBucketName());
  const read = (key: KeyPair) => s3(key).send(new GetObjectCommand({ Bucket, Key: 'k' }));
  const Policy = document({
    Effect: 'Allow',
    Principal: { AWS: OTHER.accessKeyId },
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
  });
  await s3().send(new PutBucketPolicyCommand({ Bucket, Policy }));
  assert.equal(await (await read(reader)).Body!.transformToString(), 'x');
  await assert.rejects(read(nobody), /because no identity-based policy allows the s3:GetObject action$/);
  await assert.rejects(s3(reader).send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'y' })), {
    name: 'AccessDenied',
  });
});

test('a user of the account needs a policy of its own only', async () => {
  const Bucket = await filledBucket();
  const user = await newUser(new IAMClient(settingsOf(platform)), newBucketName(), allow('s3:GetObject'));
  const { Body } = await s3(user).send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(await Body!.transformToString(), 'x');
});
