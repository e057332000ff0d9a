/** Buckets as AWS makes them since April 2023: without ACLs, public access blocked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startedPlatform } from '../../kit/started-platform.ts';
import { settingsOf } from '../iam/iam-clients.ts';
import { failure, newBucketName, S3Tester } from './s3-client.ts';

function policyOf(bucket: string, more: object = {}): string {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject' };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: { ...statement, Resource: `arn:aws:s3:::${bucket}/*`, ...more },
  });
}

test('the owner of a bucket has all rights in it, and no other grant can be made', async (context) => {
  const s3 = await S3Tester.start(context);
  const { bucket: Bucket, client } = s3;
  const { OwnershipControls } = await client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  assert.deepEqual(OwnershipControls, { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] });
  await s3.put('k', 'x', { ACL: 'bucket-owner-full-control' });
  for (const command of [
    new GetBucketAclCommand({ Bucket }),
    new GetObjectAclCommand({ Bucket, Key: 'k' }),
  ] as GetBucketAclCommand[]) {
    const { Owner, Grants } = await client.send(command);
    assert.match(Owner!.ID!, /^[0-9a-f]{64}$/);
    assert.deepEqual(Grants, [
      { Grantee: { ID: Owner!.ID, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' },
    ]);
  }
  const refused = {
    code: 'AccessControlListNotSupported',
    status: 400,
    message: 'The bucket does not allow ACLs',
  };
  assert.deepEqual(await failure(s3.put('other', 'x', { ACL: 'public-read' })), refused);
  assert.deepEqual(await failure(s3.put('other', 'x', { GrantRead: 'id="1"' })), refused);
  const acl = new PutBucketAclCommand({ Bucket, ACL: 'public-read' });
  assert.deepEqual(await failure(client.send(acl)), refused);
  assert.deepEqual(await s3.keys(), ['k']);
  // Recorded for "test_s3_object_acl_exceptions", which has no message.
  const unknown = await failure(s3.put('other', 'x', { ACL: 'fake-acl' as 'private' }));
  assert.deepEqual([unknown.code, unknown.status], ['InvalidArgument', 400]);
});

// Words as recorded for "test_bucket_ownership_controls_exc".
test('other owners of objects are refused by name, nonsense as AWS refuses it', async (context) => {
  const { bucket: Bucket, client } = await S3Tester.start(context);
  const put = (...owners: string[]) => {
    const Rules = owners.map((owner) => ({ ObjectOwnership: owner as 'ObjectWriter' }));
    return client.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }));
  };
  await put('BucketOwnerEnforced');
  const unwritten = await failure(put('ObjectWriter'));
  assert.equal(
    unwritten.message,
    's3:PutBucketOwnershipControls does not implement ObjectOwnership ObjectWriter yet.',
  );
  for (const wrong of [put('Nobody'), put('BucketOwnerEnforced', 'BucketOwnerEnforced'), put()])
    assert.equal((await failure(wrong)).code, 'MalformedXML');
});

// Recorded for "test_crud_public_access_block".
test('public policies are kept out until the block is taken away', async (context) => {
  const { bucket: Bucket, client } = await S3Tester.start(context);
  const block = async () =>
    (await client.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;
  const put = (more?: object) =>
    client.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(Bucket, more) }));
  const isPublic = async () =>
    (await client.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus!.IsPublic;
  const [BlockPublicAcls, IgnorePublicAcls] = [true, true];
  const all = { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  assert.deepEqual(await block(), all);
  const refused = await failure(put());
  assert.deepEqual([refused.code, refused.status], ['AccessDenied', 403]);
  assert.match(refused.message, /prevented by the BlockPublicPolicy setting in S3 Block Public Access\.$/);
  await put({ Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } } });
  assert.equal(await isPublic(), false);
  const wide = { Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } } };
  assert.equal((await failure(put(wide))).code, 'AccessDenied');
  await client.send(new DeletePublicAccessBlockCommand({ Bucket }));
  assert.equal((await failure(block())).code, 'NoSuchPublicAccessBlockConfiguration');
  await put();
  assert.equal(await isPublic(), true);
  const PublicAccessBlockConfiguration = { BlockPublicPolicy: true };
  await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  assert.deepEqual(await block(), {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: false,
  });
});

test('a restricted public policy lets only the account of the bucket in', async (context) => {
  const platform = await startedPlatform(context, { authorization: true });
  const client = new S3Client({ ...settingsOf(platform), forcePathStyle: true });
  context.after(() => client.destroy());
  const Bucket = newBucketName();
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'for all' }));
  const block = (more: object) =>
    client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: more }));
  const other = { accessKeyId: '111122223333', secretAccessKey: 'test' };
  const stranger = new S3Client({ ...settingsOf(platform, other), forcePathStyle: true });
  context.after(() => stranger.destroy());
  const read = async (reader: S3Client) =>
    (await reader.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body!.transformToString();
  await block({});
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(Bucket) }));
  assert.equal(await read(stranger), 'for all');
  await block({ RestrictPublicBuckets: true });
  assert.equal((await failure(read(stranger))).code, 'AccessDenied');
  assert.equal(await read(client), 'for all');
});
