/** Under authorization records are delivered by what the function's role may do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { allow, settingsOf, trust } from '../../services/iam/iam-clients.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const FunctionName = 'f';

test('a destination gets a record once the role of the function allows it', async (context) => {
  const platform = await startedPlatform(context, { authorization: true, frozenClock: true });
  const settings = settingsOf(platform);
  const iam = new IAMClient(settings);
  const lambda = new LambdaClient(settings);
  const sqs = new SQSClient(settings);
  context.after(() => {
    for (const client of [iam, lambda, sqs]) client.destroy();
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const AssumeRolePolicyDocument = trust({ Service: 'lambda.amazonaws.com' });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument }));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: Role!.Arn,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async () => 1;' }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
  const permit = (resource: string) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'r',
        PolicyName: 'p',
        PolicyDocument: allow('sqs:SendMessage', resource),
      }),
    );
  await permit(QUEUE);
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      DestinationConfig: { OnSuccess: { Destination: QUEUE } },
    }),
  );
  await permit(`${QUEUE}-other`);
  await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: '{}' }));
  const received = async () => {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    return Messages.length;
  };
  await platform.clock.advance(60_000);
  assert.equal(await received(), 0);
  await permit(QUEUE);
  await platform.clock.advance(5 * 60_000);
  assert.equal(await received(), 1);
});
