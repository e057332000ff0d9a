/** Under authorization Firehose, and what subscribes it to logs, do what their roles may do and no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { clientSettings } from '../../kit/started-platform.ts';
import { allow, trust } from '../iam/iam-clients.ts';
import { BUCKET, FirehoseTester, ROLE } from './firehose-tester.ts';

test('records reach the bucket, and log events the stream, once their roles allow it', async (context) => {
  const tester = await FirehoseTester.start(context, { authorization: true });
  const settings = clientSettings(tester.platform);
  const [iam, logs] = [new IAMClient(settings), new CloudWatchLogsClient(settings)];
  context.after(() => {
    iam.destroy();
    logs.destroy();
  });
  const AssumeRolePolicyDocument = trust({ Service: ['firehose.amazonaws.com', 'logs.amazonaws.com'] });
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument }));
  const permit = (action: string, resource: string) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'r',
        PolicyName: action.replace(':', '-'),
        PolicyDocument: allow(action, resource),
      }),
    );
  const destinationArn = await tester.create('d', {
    Prefix: 'p/',
    BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
  });
  await tester.put('d', 'x');
  await permit('s3:PutObject', `arn:aws:s3:::${BUCKET}/other/*`);
  await tester.advanceSeconds(120);
  assert.deepEqual(await tester.texts(), []);
  await permit('s3:PutObject', `arn:aws:s3:::${BUCKET}/p/*`);
  await tester.advanceSeconds(120);
  assert.deepEqual(await tester.texts(), ['x']);

  await logs.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
  const subscribe = () =>
    logs.send(
      new PutSubscriptionFilterCommand({
        ...{ logGroupName: 'g', filterName: 'f', filterPattern: '', roleArn: ROLE },
        destinationArn,
      }),
    );
  await assert.rejects(subscribe(), /Could not deliver test message to specified Firehose stream/);
  await permit('firehose:PutRecord', destinationArn);
  await subscribe();
});
