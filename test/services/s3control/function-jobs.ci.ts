import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { ReportManifest } from './batch-tester.ts';
import { BatchTester, BUCKET, FUNCTION_ARN } from './batch-tester.ts';

const ECHO = "return answer(event, 'Succeeded', JSON.stringify(event));";

/** The events that the function was given, from the results it gave. */
function events(report: string): Record<string, unknown>[] {
  return report
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(/"(\{.*\})"$/.exec(line)![1]!.replaceAll('""', '"')));
}

test("a job invokes its function for every line, with AWS's event, and reports what it returned", async (context) => {
  const tester = await BatchTester.start(context);
  await tester.functionOf(ECHO);
  const id = await tester.job(`${BUCKET},a%20b\n${BUCKET},c\r\n`, { Description: 'first' });
  const job = await tester.described(id);
  assert.equal(job.Status, 'Complete');
  assert.deepEqual(job.FailureReasons, []);
  assert.equal(job.JobArn, `arn:aws:s3:us-east-1:000000000000:job/${id}`);
  assert.equal(job.Description, 'first');
  assert.deepEqual(job.Operation, { LambdaInvoke: { FunctionArn: FUNCTION_ARN } });
  const { Timers: _, ...progress } = job.ProgressSummary!;
  assert.deepEqual(progress, {
    TotalNumberOfTasks: 2,
    NumberOfTasksSucceeded: 2,
    NumberOfTasksFailed: 0,
  });

  const report = await tester.report(id, 'succeeded');
  assert.match(report, /^bucket,a%20b,,succeeded,200,,"\{.*\}"\nbucket,c,,succeeded,200,,".*"\n$/);
  const [event] = events(report);
  const { invocationId, tasks } = event as { invocationId: string; tasks: { taskId: string }[] };
  assert.match(invocationId, /^[A-Za-z0-9+/]{52}$/);
  // Source: user guide, "Invoke AWS Lambda function": the key is as the manifest has it, of one task an invocation.
  assert.deepEqual(event, {
    invocationSchemaVersion: '1.0',
    invocationId,
    job: { id },
    tasks: [
      { taskId: tasks[0]!.taskId, s3Key: 'a%20b', s3VersionId: null, s3BucketArn: 'arn:aws:s3:::bucket' },
    ],
  });

  const text = await tester.text(`reports/job-${id}/manifest.json`);
  const manifest = JSON.parse(text) as ReportManifest;
  const { Key } = manifest.Results[0]!;
  assert.match(Key, new RegExp(`^reports/job-${id}/results/[0-9a-f]{40}\\.csv$`));
  assert.deepEqual(manifest, {
    Format: 'Report_CSV_20180820',
    ReportCreationDate: new Date(tester.platform.clock.now()).toISOString(),
    Results: [
      {
        TaskExecutionStatus: 'succeeded',
        Bucket: BUCKET,
        MD5Checksum: createHash('md5').update(report).digest('hex'),
        Key,
      },
    ],
    ReportSchema: 'Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage',
  });
});

test('an event of the version 2.0 has arguments and the name of the bucket; columns are found by their names', async (context) => {
  const tester = await BatchTester.start(context);
  await tester.functionOf(ECHO);
  const ETag = await tester.put('m', `x,"k,1",${BUCKET},v1\n`);
  const id = await tester.job('', {
    Operation: {
      LambdaInvoke: {
        FunctionArn: FUNCTION_ARN,
        InvocationSchemaVersion: '2.0',
        UserArguments: { k1: 'v1' },
      },
    },
    Manifest: {
      Spec: { Format: 'S3BatchOperations_CSV_20180820', Fields: ['Ignore', 'Key', 'Bucket', 'VersionId'] },
      Location: { ObjectArn: `arn:aws:s3:::${BUCKET}/m`, ETag: ETag.replaceAll('"', '') },
    },
  });
  const [event] = events(await tester.report(id, 'succeeded'));
  const { invocationId, tasks } = event as { invocationId: string; tasks: { taskId: string }[] };
  assert.deepEqual(event, {
    invocationSchemaVersion: '2.0',
    invocationId,
    job: { id, userArguments: { k1: 'v1' } },
    tasks: [{ taskId: tasks[0]!.taskId, s3Key: 'k,1', s3VersionId: 'v1', s3Bucket: BUCKET }],
  });
});

const CODES = `
  if (task.s3Key === 'permanent') return answer(event, 'PermanentFailure', 'it says no');
  if (task.s3Key === 'throws') throw new Error('thrown');
  if (task.s3Key === 'missing') return { ...answer(event), treatMissingKeysAs: 'Succeeded', results: [] };
  if (task.s3Key === 'nonsense') return 'x';
  if (task.s3Key === 'temporary') return answer(event, 'TemporaryFailure', 'not yet');
  if (task.s3Key === 'second') {
    state.tries = (state.tries ?? 0) + 1;
    return answer(event, state.tries > 1 ? 'Succeeded' : 'TemporaryFailure', 'try ' + state.tries);
  }`;

test('what a function returns decides about its task', async (context) => {
  const tester = await BatchTester.start(context);
  await tester.functionOf(CODES);
  const keys = ['permanent', 'throws', 'missing', 'nonsense'];
  const id = await tester.job(keys.map((key) => `${BUCKET},${key}\n`).join(''));
  const { Status, ProgressSummary } = await tester.described(id);
  assert.deepEqual(
    [Status, ProgressSummary!.NumberOfTasksSucceeded, ProgressSummary!.NumberOfTasksFailed],
    ['Complete', 1, 3],
  );
  assert.equal(await tester.report(id, 'succeeded'), 'bucket,missing,,succeeded,200,,\n');
  const [permanent, thrown, nonsense] = (await tester.report(id, 'failed')).split('\n');
  assert.equal(permanent, 'bucket,permanent,,failed,200,PermanentFailure,it says no');
  // The columns of a function that has failed are those of the user guide's example.
  assert.match(
    thrown!,
    /^bucket,throws,,failed,200,PermanentFailure,"Lambda returned function error: \{""errorType"":""Error"",""errorMessage"":""thrown""/,
  );
  assert.equal(nonsense, 'bucket,nonsense,,failed,200,PermanentFailure,Lambda returned an invalid response.');
});

test('a task that fails for a while is tried again before the job ends, and given up in the end', async (context) => {
  const tester = await BatchTester.start(context);
  await tester.functionOf(CODES);
  const id = await tester.job(`${BUCKET},second\n`);
  assert.equal((await tester.described(id)).Status, 'Active');
  await tester.platform.clock.advance(1_000);
  const { Status, ProgressSummary } = await tester.described(id);
  assert.equal(Status, 'Complete');
  assert.equal(ProgressSummary!.Timers!.ElapsedTimeInActiveSeconds, 1);
  assert.equal(await tester.report(id, 'succeeded'), 'bucket,second,,succeeded,200,,try 2\n');

  const hopeless = await tester.job(`${BUCKET},temporary\n`);
  await tester.platform.clock.advance(31_000);
  assert.equal((await tester.described(hopeless)).Status, 'Complete');
  assert.equal(
    await tester.report(hopeless, 'failed'),
    'bucket,temporary,,failed,200,TemporaryFailure,not yet\n',
  );
});

test('a report of failures alone has no others, and a job without one writes none', async (context) => {
  const tester = await BatchTester.start(context);
  await tester.functionOf(`${CODES} ${ECHO}`);
  const Report = {
    Enabled: true,
    Bucket: `arn:aws:s3:::${BUCKET}`,
    Format: 'Report_CSV_20180820',
    ReportScope: 'FailedTasksOnly',
  } as const;
  const lines = `${BUCKET},fine\n${BUCKET},permanent\n`;
  const id = await tester.job(lines, { Report });
  const { Results } = JSON.parse(await tester.text(`job-${id}/manifest.json`)) as ReportManifest;
  assert.deepEqual(
    Results.map((file) => file.TaskExecutionStatus),
    ['failed'],
  );
  const silent = await tester.job(lines, { Report: { Enabled: false } });
  assert.equal((await tester.described(silent)).Status, 'Complete');
  await assert.rejects(tester.text(`job-${silent}/manifest.json`), { name: 'NoSuchKey' });
});

test('a function that is not there fails its tasks with the error of Lambda', async (context) => {
  const tester = await BatchTester.start(context);
  const id = await tester.job(`${BUCKET},k\n`);
  assert.match(
    await tester.report(id, 'failed'),
    /^bucket,k,,failed,404,ResourceNotFoundException,.*Function not found: .*function:f/,
  );
});
