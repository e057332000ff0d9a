/** Under authorization a job does what its role may do, and is made by those who may give it the role. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { clientSettings } from '../../kit/started-platform.ts';
import { allow, trust } from '../iam/iam-clients.ts';
import { BatchTester, BUCKET } from './batch-tester.ts';

test('a job reads its manifest, does its tasks and writes its report as far as its role allows', async (context) => {
  const tester = await BatchTester.start(context, { authorization: true });
  const iam = new IAMClient(clientSettings(tester.platform));
  context.after(() => iam.destroy());
  const AssumeRolePolicyDocument = trust({ Service: 'batchoperations.s3.amazonaws.com' });
  await iam.send(new CreateRoleCommand({ RoleName: 'batch', AssumeRolePolicyDocument }));
  const permit = (action: string, key: string) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'batch',
        PolicyName: action.replace(':', '-'),
        PolicyDocument: allow(action, `arn:aws:s3:::${BUCKET}/${key}`),
      }),
    );
  await tester.put('k', 'x');
  const run = async () => {
    const Operation = { S3PutObjectTagging: { TagSet: [] } };
    const job = await tester.described(await tester.job(`${BUCKET},k\n`, { Operation }));
    const { FailureReasons = [], ProgressSummary, Status, JobId } = job;
    const tagged = ProgressSummary!.NumberOfTasksSucceeded;
    return { Status, JobId, tagged, failure: FailureReasons[0]?.FailureReason };
  };
  const unread = await run();
  assert.equal(unread.Status, 'Failed');
  assert.match(unread.failure!, /^Reading the manifest failed: .*s3:GetObject/);
  await permit('s3:GetObject', 'manifest.csv');
  const unreported = await run();
  assert.deepEqual([unreported.Status, unreported.tagged], ['Failed', 0]);
  assert.match(unreported.failure!, /^Writing the report failed: .*s3:PutObject/);
  await permit('s3:PutObject', 'reports/*');
  const refused = await run();
  assert.deepEqual([refused.Status, refused.tagged], ['Complete', 0]);
  assert.match(await tester.report(refused.JobId!, 'failed'), /^bucket,k,,failed,403,AccessDenied,/);
  await permit('s3:PutObjectTagging', 'k');
  const done = await run();
  assert.deepEqual([done.Status, done.tagged, done.failure], ['Complete', 1, undefined]);
});
