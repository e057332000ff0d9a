/** Under authorization a schedule does what its role may do, and only for who may pass the role. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startedPlatform } from '../../kit/started-platform.ts';
import { allow, newUser, refusal, settingsOf, trust } from '../iam/iam-clients.ts';

const MINUTE = 60_000;
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

test('a schedule does what its role may do', async (context) => {
  const platform = await startedPlatform(context, { authorization: true, frozenClock: true });
  const [iam, scheduler, sqs] = [
    new IAMClient(settingsOf(platform)),
    new SchedulerClient(settingsOf(platform)),
    new SQSClient(settingsOf(platform)),
  ];
  context.after(() => [iam, scheduler, sqs].forEach((client) => void client.destroy()));
  for (const QueueName of ['open', 'closed', 'letters'])
    await sqs.send(new CreateQueueCommand({ QueueName }));
  const role = async (RoleName: string, principal: string): Promise<string> => {
    const AssumeRolePolicyDocument = trust({ Service: principal });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = allow('sqs:SendMessage', [queueArn('open'), queueArn('letters')]);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    return Role!.Arn!;
  };
  const trusting = await role('trusting', 'scheduler.amazonaws.com');
  const [wary, absent] = [
    await role('wary', 'lambda.amazonaws.com'),
    'arn:aws:iam::000000000000:role/absent',
  ];
  const at = `at(${new Date(platform.clock.now() + MINUTE).toISOString().slice(0, 19)})`;
  const schedule = (client: SchedulerClient, Name: string, queue: string, RoleArn: string) =>
    client.send(
      new CreateScheduleCommand({
        Name,
        ScheduleExpression: at,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: queueArn(queue),
          RoleArn,
          Input: Name,
          RetryPolicy: { MaximumRetryAttempts: 0 },
          DeadLetterConfig: { Arn: queueArn('letters') },
        },
      }),
    );
  await schedule(scheduler, 'allowed', 'open', trusting);
  await schedule(scheduler, 'denied', 'closed', trusting);
  await schedule(scheduler, 'untrusted', 'open', wary);
  await schedule(scheduler, 'roleless', 'open', absent);

  const policy = allow('scheduler:CreateSchedule');
  const user = new SchedulerClient(settingsOf(platform, await newUser(iam, 'planner', policy)));
  context.after(() => user.destroy());
  await assert.rejects(
    schedule(user, 'passing', 'open', trusting),
    refusal('AccessDeniedException', /iam:PassRole on resource: .*role\/trusting/, 403),
  );

  await platform.clock.advance(2 * MINUTE);
  const received = async (name: string) => {
    const QueueUrl = `${platform.origin}/000000000000/${name}`;
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    });
    return (await sqs.send(command)).Messages ?? [];
  };
  assert.deepEqual(
    (await received('open')).map(({ Body }) => Body),
    ['allowed'],
  );
  assert.deepEqual(await received('closed'), []);
  // The dead-letter queue is sent to in the role as well.
  const [letter, ...others] = await received('letters');
  assert.deepEqual(others, [], 'whose role Scheduler cannot take can send no letter either');
  const { ERROR_CODE, ERROR_MESSAGE } = letter!.MessageAttributes!;
  assert.equal(ERROR_CODE!.StringValue, 'AccessDenied');
  assert.match(
    ERROR_MESSAGE!.StringValue!,
    /assumed-role\/trusting\/[0-9a-f]{16} is not authorized to perform: sqs:sendmessage on resource: .*:closed/,
  );
});
