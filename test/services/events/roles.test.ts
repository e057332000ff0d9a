/** Under authorization a rule reaches a target by what the target's role may do, or by the target's policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startedPlatform } from '../../kit/started-platform.ts';
import { allow, document, newUser, refusal, settingsOf, trust } from '../iam/iam-clients.ts';
import { EventsTester, failure } from './events-tester.ts';

const OWNER = 'us-east-1:000000000000';
const queueArn = (name: string): string => `arn:aws:sqs:${OWNER}:${name}`;
const DESTINATION = `arn:aws:events:${OWNER}:api-destination/d/1`;
const ABSENT = 'arn:aws:iam::000000000000:role/absent';

test('a rule reaches a target by its role, or by its policy', async (context) => {
  const platform = await startedPlatform(context, { authorization: true, frozenClock: true });
  const clients = [
    new IAMClient(settingsOf(platform)),
    new EventBridgeClient(settingsOf(platform)),
    new SQSClient(settingsOf(platform)),
  ] as const;
  context.after(() => clients.forEach((client) => void client.destroy()));
  const [iam, events, sqs] = clients;
  for (const QueueName of ['closed', 'letters', 'open']) {
    const Principal = { Service: 'events.amazonaws.com' };
    const statement = {
      Effect: 'Allow',
      Principal,
      Action: 'sqs:SendMessage',
      Resource: queueArn(QueueName),
    };
    const Attributes = QueueName === 'closed' ? {} : { Policy: document(statement) };
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  }
  const role = async (RoleName: string, principal: string, Action: string): Promise<string> => {
    const AssumeRolePolicyDocument = trust({ Service: principal });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = allow(Action);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    return Role!.Arn!;
  };
  const sender = await role('sender', 'events.amazonaws.com', 'sqs:SendMessage');
  const wary = await role('wary', 'lambda.amazonaws.com', 'sqs:SendMessage');
  await events.send(new PutRuleCommand({ Name: 'all', EventPattern: '{"source":["test"]}' }));
  const target = (Id: string, Arn: string, RoleArn?: string) => ({
    Id,
    Arn,
    ...(RoleArn === undefined ? {} : { RoleArn }),
    ...(Arn === DESTINATION ? {} : { Input: JSON.stringify(Id) }),
    DeadLetterConfig: { Arn: queueArn('letters') },
  });
  const put = (client: EventBridgeClient, ...Targets: ReturnType<typeof target>[]) =>
    client.send(new PutTargetsCommand({ Rule: 'all', Targets }));
  await put(
    events,
    target('by-role', queueArn('closed'), sender),
    target('by-policy', queueArn('open')),
    target('by-nothing', queueArn('closed')),
    // A role that may not is not made up for by a policy that would let the rule in.
    target('by-another-ones-role', queueArn('open'), wary),
    target('by-a-role-for-other-things', DESTINATION, sender),
  );
  const planner = settingsOf(platform, await newUser(iam, 'planner', allow('events:PutTargets')));
  const user = new EventBridgeClient(planner);
  context.after(() => user.destroy());
  await put(user, target('by-policy', queueArn('open')));
  await assert.rejects(
    put(user, target('by-policy', queueArn('open')), target('by-role', queueArn('closed'), sender)),
    refusal('AccessDeniedException', /iam:PassRole on resource: .*role\/sender/, 400),
  );

  const Entries = [{ Source: 'test', DetailType: 't', Detail: '{}' }];
  await events.send(new PutEventsCommand({ Entries }));
  await platform.clock.advance(0);
  const received = async (name: string) => {
    const QueueUrl = `${platform.origin}/000000000000/${name}`;
    const all = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
    return (await sqs.send(new ReceiveMessageCommand(all))).Messages ?? [];
  };
  const bodies = async (name: string) => (await received(name)).map(({ Body }) => JSON.parse(Body!));
  assert.deepEqual(await bodies('closed'), ['by-role']);
  assert.deepEqual(await bodies('open'), ['by-policy']);
  const letters = (await received('letters')).map(({ MessageAttributes: told }) => [
    told!['ERROR_CODE']!.StringValue!,
    told!['ERROR_MESSAGE']!.StringValue!,
  ]);
  assert.deepEqual(
    letters.map(([code]) => code),
    Array(3).fill('NO_PERMISSIONS'),
  );
  const reasons = letters.map(([, message]) => message!);
  for (const reason of [
    /events\.amazonaws\.com is not authorized to perform: sqs:SendMessage on resource: .*:closed/,
    /role\/wary/,
    /assumed-role\/sender\/all is not authorized to perform: events:InvokeApiDestination on resource: .*:api-destination\/d/,
  ])
    assert.equal(reasons.filter((message) => reason.test(message)).length, 1, `${reason}: ${reasons}`);
});

test('streams and endpoints outside, which have no policy, need a role; without authorization any will do', async (context) => {
  const events = await EventsTester.start(context);
  const bus = await events.bus();
  for (const Arn of [
    `arn:aws:kinesis:${OWNER}:stream/s`,
    `arn:aws:firehose:${OWNER}:deliverystream/s`,
    DESTINATION,
  ])
    assert.deepEqual(await failure(events.rule(bus, { Arn })), [
      'ValidationException',
      `RoleArn is required for target ${Arn}.`,
    ]);
  const closed = await events.queue('closed', { Policy: '' });
  await events.rule(bus, { Arn: closed, RoleArn: ABSENT });
  const [id] = await events.put(bus, {});
  const [body] = await events.bodies(closed);
  assert.equal(JSON.parse(body!).id, id);
});
