import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectTaggingCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import {
  CreateJobCommand,
  DeleteJobTaggingCommand,
  GetJobTaggingCommand,
  ListJobsCommand,
  PutJobTaggingCommand,
  UpdateJobPriorityCommand,
  UpdateJobStatusCommand,
} from '@aws-sdk/client-s3-control';
import { ACCOUNT, BatchTester, BUCKET, FUNCTION_ARN, jobInput } from './batch-tester.ts';

/** Does without a function, which takes longer to start than all else. */
const TAGS = { S3PutObjectTagging: { TagSet: [{ Key: 'a', Value: 'b' }] } };
const UNCONFIRMED = { Operation: TAGS, ConfirmationRequired: true };

test('tags and copies of the objects of a manifest', async (context) => {
  const tester = await BatchTester.start(context);
  const { s3 } = tester;
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
  await s3.send(new CreateBucketCommand({ Bucket: 'other' }));
  await tester.put('a b', 'text');
  const tagged = await tester.job(`${BUCKET},a+b\n${BUCKET},gone\n${BUCKET},%zz\n`, { Operation: TAGS });
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'a b' }));
  assert.deepEqual(TagSet, [{ Key: 'a', Value: 'b' }]);
  assert.equal(await tester.report(tagged, 'succeeded'), 'bucket,a+b,,succeeded,200,,Successful\n');
  const failures = (await tester.report(tagged, 'failed')).trimEnd().split('\n').sort();
  assert.deepEqual(failures, [
    "bucket,%zz,,failed,400,BadRequest,Task target couldn't be URL decoded",
    'bucket,gone,,failed,404,NoSuchKey,The specified key does not exist.',
  ]);

  const TargetResource = 'arn:aws:s3:::other';
  const NewObjectTagging = [{ Key: 'c', Value: 'd e' }];
  await tester.job(`${BUCKET},a%20b\n`, {
    Operation: { S3PutObjectCopy: { TargetResource, TargetKeyPrefix: 'p', NewObjectTagging } },
  });
  const copied = await s3.send(new GetObjectTaggingCommand({ Bucket: 'other', Key: 'p/a b' }));
  assert.deepEqual(copied.TagSet, NewObjectTagging);

  await tester.job(`${BUCKET},a%20b\n`, { Operation: { S3DeleteObjectTagging: {} } });
  const bare = await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: 'a b' }));
  assert.deepEqual(bare.TagSet, []);
});

test('a job that is to be confirmed waits, goes on when it is, and fails after 30 days', async (context) => {
  const tester = await BatchTester.start(context);
  const { client } = tester;
  const id = await tester.job(`${BUCKET},manifest.csv\n`, UNCONFIRMED);
  const waiting = await tester.described(id);
  assert.equal(waiting.Status, 'Suspended');
  assert.ok(waiting.SuspendedDate !== undefined && waiting.SuspendedCause !== undefined);
  assert.equal(waiting.ProgressSummary!.TotalNumberOfTasks, 1);
  const confirm = { AccountId: ACCOUNT, JobId: id, RequestedJobStatus: 'Ready' } as const;
  const answer = await client.send(new UpdateJobStatusCommand({ ...confirm, StatusUpdateReason: 'yes' }));
  assert.deepEqual([answer.JobId, answer.Status, answer.StatusUpdateReason], [id, 'Ready', 'yes']);
  await tester.platform.clock.advance(0);
  const { Status, StatusUpdateReason } = await tester.described(id);
  assert.deepEqual([Status, StatusUpdateReason], ['Complete', 'yes']);
  await assert.rejects(client.send(new UpdateJobStatusCommand(confirm)), { name: 'JobStatusException' });

  const forgotten = await tester.job(`${BUCKET},manifest.csv\n`, UNCONFIRMED);
  await tester.platform.clock.advance(30 * 24 * 3_600_000);
  const expired = await tester.described(forgotten);
  assert.equal(expired.Status, 'Failed');
  assert.equal(expired.FailureReasons![0]!.FailureCode, 'JobExpired');
});

test('a job that is cancelled ends, and one that has ended is forgotten after 90 days', async (context) => {
  const tester = await BatchTester.start(context);
  const { client } = tester;
  const id = await tester.job(`${BUCKET},k\n`, UNCONFIRMED);
  const cancel = { AccountId: ACCOUNT, JobId: id, RequestedJobStatus: 'Cancelled' } as const;
  const { Status } = await client.send(new UpdateJobStatusCommand(cancel));
  assert.equal(Status, 'Cancelling');
  await tester.platform.clock.advance(0);
  const job = await tester.described(id);
  assert.equal(job.Status, 'Cancelled');
  assert.deepEqual(job.TerminationDate, new Date(tester.platform.clock.now()));
  await assert.rejects(client.send(new UpdateJobStatusCommand(cancel)), { name: 'JobStatusException' });
  await assert.rejects(
    client.send(new UpdateJobPriorityCommand({ AccountId: ACCOUNT, JobId: id, Priority: 1 })),
    { name: 'JobStatusException' },
  );
  await tester.platform.clock.advance(90 * 24 * 3_600_000);
  await assert.rejects(tester.described(id), { name: 'NoSuchJobException', message: 'No such job' });
});

test('lists tell jobs by their states, page by page', async (context) => {
  const tester = await BatchTester.start(context);
  const list = (more: object = {}) =>
    tester.client.send(new ListJobsCommand({ AccountId: ACCOUNT, ...more }));
  const done = await tester.job(`${BUCKET},manifest.csv\n`, { Operation: TAGS });
  await tester.platform.clock.advance(1);
  const waiting = await tester.job(`${BUCKET},k\n`, { ...UNCONFIRMED, Priority: 3, Description: 'd' });
  const { Jobs = [] } = await list();
  assert.deepEqual(
    Jobs.map((job) => [job.JobId, job.Operation, job.Status, job.Priority, job.Description]),
    [
      [done, 'S3PutObjectTagging', 'Complete', 10, undefined],
      [waiting, 'S3PutObjectTagging', 'Suspended', 3, 'd'],
    ],
  );
  const suspended = await list({ JobStatuses: ['Suspended', 'Failed'] });
  assert.deepEqual(
    suspended.Jobs?.map(({ JobId }) => JobId),
    [waiting],
  );
  const first = await list({ MaxResults: 1 });
  const second = await list({ MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual([first.Jobs![0]!.JobId, second.Jobs![0]!.JobId], [done, waiting]);
  assert.equal(second.NextToken, undefined);
  const { Priority } = await tester.client.send(
    new UpdateJobPriorityCommand({ AccountId: ACCOUNT, JobId: waiting, Priority: 7 }),
  );
  assert.equal(Priority, 7);
  assert.equal((await tester.described(waiting)).Priority, 7);
  await assert.rejects(list({ AccountId: '111111111111' }), { name: 'AccessDenied' });
});

test('tags of jobs', async (context) => {
  const tester = await BatchTester.start(context);
  const JobId = await tester.job('', { ...UNCONFIRMED, Tags: [{ Key: 'a', Value: 'b' }] });
  const about = { AccountId: ACCOUNT, JobId };
  const tags = async () => (await tester.client.send(new GetJobTaggingCommand(about))).Tags;
  assert.deepEqual(await tags(), [{ Key: 'a', Value: 'b' }]);
  await tester.client.send(new PutJobTaggingCommand({ ...about, Tags: [{ Key: 'c', Value: 'd' }] }));
  assert.deepEqual(await tags(), [{ Key: 'c', Value: 'd' }]);
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: String(index), Value: '' }));
  await assert.rejects(tester.client.send(new PutJobTaggingCommand({ ...about, Tags: many })), {
    name: 'TooManyTagsException',
  });
  await tester.client.send(new DeleteJobTaggingCommand(about));
  assert.deepEqual((await tags()) ?? [], []);
});

test('a call that is repeated makes one job, another one with its token is refused', async (context) => {
  const tester = await BatchTester.start(context);
  const input = {
    ...jobInput(await tester.put('manifest.csv', '')),
    ...UNCONFIRMED,
    ClientRequestToken: 't',
  };
  const { JobId } = await tester.client.send(new CreateJobCommand(input));
  const again = await tester.client.send(new CreateJobCommand(input));
  assert.equal(again.JobId, JobId);
  await assert.rejects(tester.client.send(new CreateJobCommand({ ...input, Priority: 1 })), {
    name: 'IdempotencyException',
  });
});

test('a job whose manifest is not what it should be fails', async (context) => {
  const tester = await BatchTester.start(context);
  const failureOf = async (lines: string, more: object = {}) => {
    const job = await tester.described(await tester.job(lines, { Operation: TAGS, ...more }));
    assert.equal(job.Status, 'Failed');
    return job.FailureReasons!.map(({ FailureCode }) => FailureCode);
  };
  const invalid = ['InvalidManifestContent'];
  assert.deepEqual(await failureOf(`${BUCKET},k\n${BUCKET}\n`), invalid);
  assert.deepEqual(await failureOf(`${BUCKET},\n`), invalid);
  assert.deepEqual(await failureOf(`${BUCKET},"k\n`), invalid);
  const located = (ObjectArn: string, ETag: string) => ({
    Manifest: { ...jobInput(ETag).Manifest!, Location: { ObjectArn, ETag } },
  });
  const manifest = `arn:aws:s3:::${BUCKET}/manifest.csv`;
  assert.deepEqual(await failureOf('', located(manifest, 'other')), ['ManifestETagMismatch']);
  assert.deepEqual(await failureOf('', located(`${manifest}x`, 'e')), ['NoSuchKey']);
});

test('what no job can be is refused, and what is not here by its name', async (context) => {
  const tester = await BatchTester.start(context);
  const refusal = async (more: object) => {
    const input = { ...jobInput('e'), ...more };
    const answer: unknown = await tester.client.send(new CreateJobCommand(input)).catch((thrown) => thrown);
    assert.ok(answer instanceof Error);
    return [answer.name, answer.message];
  };
  const spec = (Fields: ('Bucket' | 'Key')[], Format = 'S3BatchOperations_CSV_20180820') => ({
    Manifest: { ...jobInput('e').Manifest, Spec: { Format, Fields } },
  });
  const invalid = 'InvalidRequest';
  assert.deepEqual(await refusal(spec(['Bucket'])), [
    invalid,
    'Required fields are missing in the schema: Key',
  ]);
  assert.equal((await refusal({ Operation: {} }))[0], invalid);
  assert.equal((await refusal({ RoleArn: 'r' }))[0], invalid);
  assert.equal((await refusal({ Priority: -1 }))[0], invalid);
  assert.equal((await refusal({ Report: { Enabled: true } }))[0], invalid);
  const LambdaInvoke = { FunctionArn: FUNCTION_ARN, UserArguments: { a: 'b' } };
  assert.equal((await refusal({ Operation: { LambdaInvoke } }))[0], invalid);
  const refused = 'NotImplemented';
  const words = (part: string) => [refused, `s3:CreateJob does not implement ${part} yet.`];
  assert.deepEqual(
    await refusal({ Operation: { S3InitiateRestoreObject: {} } }),
    words('S3InitiateRestoreObject'),
  );
  assert.deepEqual(
    await refusal(spec([], 'S3InventoryReport_CSV_20161130')),
    words('manifests of the format S3InventoryReport_CSV_20161130'),
  );
  const S3PutObjectCopy = { TargetResource: `arn:aws:s3:::${BUCKET}`, RequesterPays: true };
  assert.deepEqual(await refusal({ Operation: { S3PutObjectCopy } }), words('S3PutObjectCopy.RequesterPays'));
});
