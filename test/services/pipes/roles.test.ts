/** Under authorization a pipe reads and sends what its role may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreatePipeCommand, DescribePipeCommand, PipesClient } from '@aws-sdk/client-pipes';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { startedPlatform } from '../../kit/started-platform.ts';
import { document, settingsOf, trust } from '../iam/iam-clients.ts';

const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const READ = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

test('a pipe reads and sends what its role may', async (context) => {
  const platform = await startedPlatform(context, { authorization: true, frozenClock: true });
  const clients = [
    new IAMClient(settingsOf(platform)),
    new PipesClient(settingsOf(platform)),
    new SQSClient(settingsOf(platform)),
  ] as const;
  context.after(() => clients.forEach((client) => void client.destroy()));
  const [iam, pipes, sqs] = clients;
  for (const QueueName of ['from', 'secret', 'to']) await sqs.send(new CreateQueueCommand({ QueueName }));
  const RoleName = 'piping';
  const AssumeRolePolicyDocument = trust({ Service: 'pipes.amazonaws.com' });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const grant = (...Statement: readonly object[]) =>
    iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: document(...Statement) }));
  const reading = { Effect: 'Allow', Action: READ, Resource: arn('from') };
  await grant(reading);
  const pipe = async (Name: string, source: string) => {
    const request = { Name, Source: arn(source), Target: arn('to'), RoleArn: Role!.Arn! };
    await pipes.send(new CreatePipeCommand(request));
    for (;;) {
      const shown = await pipes.send(new DescribePipeCommand({ Name }));
      if (shown.CurrentState !== 'CREATING') return shown;
    }
  };
  const refused = await pipe('nosy', 'secret');
  assert.equal(refused.CurrentState, 'CREATE_FAILED');
  assert.match(
    refused.StateReason!,
    /assumed-role\/piping\/nosy is not authorized to perform: sqs:ReceiveMessage on resource: .*:secret/,
  );
  assert.equal((await pipe('allowed', 'from')).CurrentState, 'RUNNING');
  const url = (name: string): string => `${platform.origin}/000000000000/${name}`;
  await sqs.send(new SendMessageCommand({ QueueUrl: url('from'), MessageBody: 'x' }));
  const arrived = async () =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl: url('to') }))).Messages ?? [];
  await platform.clock.advance(31_000);
  assert.deepEqual(await arrived(), [], 'the role may not send yet');
  await grant(reading, { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn('to') });
  for (;;) {
    await platform.clock.advance(31_000);
    const [message] = await arrived();
    if (message === undefined) continue;
    assert.equal(JSON.parse(message.Body!).body, 'x');
    return;
  }
});
