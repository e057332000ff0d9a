import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { clientSettings } from '../../kit/started-platform.ts';
import { failure, newBucketName, S3Tester } from './s3-client.ts';

test('a bucket is made, found, listed page by page, and deleted once it is empty', async (context) => {
  const { client } = await S3Tester.alone(context);
  const names = [newBucketName(), newBucketName()].sort();
  for (const Bucket of names) {
    const made = await client.send(new CreateBucketCommand({ Bucket }));
    assert.equal(made.Location, `/${Bucket}`);
    assert.equal(made.BucketArn, `arn:aws:s3:::${Bucket}`);
  }
  const head = await client.send(new HeadBucketCommand({ Bucket: names[0]! }));
  assert.equal(head.BucketRegion, 'us-east-1');
  const listed: string[] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const page = await client.send(new ListBucketsCommand({ MaxBuckets: 2, ContinuationToken: token }));
    listed.push(...(page.Buckets ?? []).map(({ Name }) => Name!));
    token = page.ContinuationToken;
  }
  assert.equal(listed.length, 3);
  assert.deepEqual(
    listed.filter((name) => names.includes(name)),
    names,
  );
  await client.send(new DeleteBucketCommand({ Bucket: names[0]! }));
  assert.deepEqual(await failure(client.send(new HeadBucketCommand({ Bucket: names[0]! }))), {
    code: 'NotFound',
    status: 404,
    message: 'UnknownError',
  });
});

test('a bucket with objects is not deleted', async (context) => {
  const s3 = await S3Tester.start(context);
  await s3.put('key');
  const remove = () => s3.client.send(new DeleteBucketCommand({ Bucket: s3.bucket }));
  assert.equal((await failure(remove())).code, 'BucketNotEmpty');
  await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'key' }));
  await remove();
  assert.deepEqual(await failure(s3.put('key')), {
    code: 'NoSuchBucket',
    status: 404,
    message: 'The specified bucket does not exist',
  });
});

test('names of buckets are checked, and belong to one account', async (context) => {
  const s3 = await S3Tester.start(context);
  const create = (client: S3Client, Bucket: string) => client.send(new CreateBucketCommand({ Bucket }));
  for (const name of ['ab', 'Upper', 'a..b', '1.2.3.4', '-a-', 'x'.repeat(64)])
    assert.equal((await failure(create(s3.client, name))).code, 'InvalidBucketName', name);
  // In the first region, an owner may ask for a bucket again.
  await create(s3.client, s3.bucket);
  const other = new S3Client({
    ...clientSettings(s3.platform),
    forcePathStyle: true,
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'x' },
  });
  context.after(() => other.destroy());
  assert.equal((await failure(create(other, s3.bucket))).code, 'BucketAlreadyExists');
});

test('a bucket is in the region that its creation names', async (context) => {
  const s3 = await S3Tester.start(context);
  const Bucket = newBucketName();
  const create = (region: string, LocationConstraint?: string) => {
    const client = new S3Client({ ...clientSettings(s3.platform), region, forcePathStyle: true });
    context.after(() => client.destroy());
    const configuration = {
      CreateBucketConfiguration: { LocationConstraint: LocationConstraint as 'eu-west-1' },
    };
    return client.send(
      new CreateBucketCommand({ Bucket, ...(LocationConstraint === undefined ? {} : configuration) }),
    );
  };
  assert.equal((await failure(create('eu-west-1', 'eu-west-2'))).code, 'IllegalLocationConstraintException');
  assert.equal((await failure(create('us-east-1', 'foo'))).code, 'InvalidLocationConstraint');
  await create('eu-west-1', 'eu-west-1');
  assert.equal((await failure(create('eu-west-1', 'eu-west-1'))).code, 'BucketAlreadyOwnedByYou');
  const location = (name: string) => s3.client.send(new GetBucketLocationCommand({ Bucket: name }));
  assert.equal((await location(Bucket)).LocationConstraint, 'eu-west-1');
  assert.equal((await location(s3.bucket)).LocationConstraint, undefined);
});

test('versions are off until they are asked for, and then only suspended', async (context) => {
  const s3 = await S3Tester.start(context);
  const status = async () =>
    (await s3.client.send(new GetBucketVersioningCommand({ Bucket: s3.bucket }))).Status;
  assert.equal(await status(), undefined);
  await s3.versioned('Enabled');
  assert.equal(await status(), 'Enabled');
  await s3.versioned('Suspended');
  assert.equal(await status(), 'Suspended');
});

test('a call names the owner it expects', async (context) => {
  const s3 = await S3Tester.start(context);
  const head = (ExpectedBucketOwner: string) => s3.get('k', { ExpectedBucketOwner });
  assert.equal((await failure(head('111111111111'))).code, 'AccessDenied');
  assert.equal((await failure(head('000000000000'))).code, 'NoSuchKey');
  assert.equal((await failure(head('abcd'))).code, 'InvalidBucketOwnerAWSAccountID');
});

test('a bucket is made with tags, and not with what it would not have', async (context) => {
  const s3 = await S3Tester.start(context);
  const Bucket = newBucketName();
  const create = (more: Partial<CreateBucketCommandInput>) =>
    s3.client.send(new CreateBucketCommand({ Bucket, ...more }));
  const others: Partial<CreateBucketCommandInput>[] = [
    { ACL: 'public-read' },
    { GrantWrite: 'id="x"' },
    { ObjectOwnership: 'ObjectWriter' },
    { ObjectLockEnabledForBucket: true },
  ];
  for (const more of others)
    assert.equal((await failure(create(more))).code, 'NotImplemented', JSON.stringify(more));
  const Tags = [{ Key: 'a', Value: 'b' }];
  const asHere = { ACL: 'private', ObjectOwnership: 'BucketOwnerEnforced' } as const;
  await create({ ...asHere, CreateBucketConfiguration: { Tags } });
  const { TagSet } = await s3.client.send(new GetBucketTaggingCommand({ Bucket }));
  assert.deepEqual(TagSet, Tags);
});
