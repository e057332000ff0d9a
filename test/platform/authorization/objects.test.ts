/** Ways to objects other than by their own names: copies, deletions of many, versions. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { KeyPair } from '../../services/iam/iam-clients.ts';
import { allow, document, newUser, settingsOf } from '../../services/iam/iam-clients.ts';

const denied = { name: 'AccessDenied' };

describe('with authorization', () => {
  let platform: Platform;
  let iam: IAMClient;
  const s3 = (key?: KeyPair) => new S3Client({ ...settingsOf(platform, key), forcePathStyle: true });
  before(async () => {
    platform = await openPlatform({ authorization: true });
    iam = new IAMClient(settingsOf(platform));
    for (const Bucket of ['own', 'secret']) {
      await s3().send(new CreateBucketCommand({ Bucket }));
      await s3().send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'text' }));
    }
  });
  after(() => platform.close());

  it('a copy needs what it is made from', async () => {
    const writer = await newUser(iam, 'writer', allow('s3:PutObject', 'arn:aws:s3:::own/*'));
    const copy = (key: KeyPair) =>
      s3(key).send(new CopyObjectCommand({ Bucket: 'own', Key: 'copy', CopySource: 'secret/key' }));
    await assert.rejects(
      copy(writer),
      /s3:GetObject on resource: arn:aws:s3:::secret\/key because no identity/,
    );
    const reader = document(
      { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::own/*' },
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::secret/*' },
    );
    assert.ok((await copy(await newUser(iam, 'copier', reader))).CopyObjectResult);
  });

  it('of many objects each must be allowed to be deleted', async () => {
    const keeper = document(
      { Effect: 'Allow', Action: 's3:*', Resource: '*' },
      { Effect: 'Deny', Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::secret/key' },
    );
    const client = s3(await newUser(iam, 'keeper', keeper));
    const remove = (Key: string) =>
      client.send(
        new DeleteObjectsCommand({ Bucket: 'secret', Delete: { Objects: [{ Key: 'a' }, { Key }] } }),
      );
    await assert.rejects(remove('key'), denied);
    assert.equal((await remove('other')).Deleted?.length, 2);
    assert.ok(await client.send(new GetObjectCommand({ Bucket: 'secret', Key: 'key' })));
  });

  it('who may read what is current may not read versions, and lists what its prefix allows', async () => {
    const lists = { StringEquals: { 's3:prefix': 'mine/' } };
    const policy = document(
      { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::own', Condition: lists },
    );
    const client = s3(await newUser(iam, 'current', policy));
    const read = { Bucket: 'own', Key: 'key' };
    assert.ok(await client.send(new GetObjectCommand(read)));
    await assert.rejects(client.send(new GetObjectCommand({ ...read, VersionId: 'null' })), denied);
    const list = (Prefix?: string) => client.send(new ListObjectsV2Command({ Bucket: 'own', Prefix }));
    assert.equal((await list('mine/')).KeyCount, 0);
    await assert.rejects(list(), denied);
    await assert.rejects(list('theirs/'), denied);
  });
});
