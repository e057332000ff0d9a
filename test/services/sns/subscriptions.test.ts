import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConfirmSubscriptionCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { clientSettings } from '../../kit/started-platform.ts';
import { SnsTester } from './sns-tester.ts';

const ENDPOINT = 'arn:aws:sqs:us-east-1:000000000000:x';

test('a subscription has the attributes recorded, and is made once', async (context) => {
  const sns = await SnsTester.start(context);
  const [topic, queue] = [await sns.topic('once'), await sns.queue('once')];
  const arn = await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  assert.match(arn, new RegExp(`^${topic}:[0-9a-f-]{36}$`));
  assert.deepEqual(await sns.subscriptionAttributes(arn), {
    ConfirmationWasAuthenticated: 'true',
    Endpoint: queue,
    Owner: '000000000000',
    PendingConfirmation: 'false',
    Protocol: 'sqs',
    RawMessageDelivery: 'true',
    SubscriptionArn: arn,
    SubscriptionPrincipal: 'arn:aws:iam::000000000000:root',
    TopicArn: topic,
  });
  assert.equal(await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' }), arn);
  assert.equal(await sns.subscribe(topic, queue), arn);
  await assert.rejects(sns.subscribe(topic, queue, { RawMessageDelivery: 'false' }), {
    message: 'Invalid parameter: Attributes Reason: Subscription already exists with different attributes',
  });
});

test("a subscription is its own account's to look at and change, and the topic's to end as well", async (context) => {
  const sns = await SnsTester.start(context);
  const arn = await sns.subscribe(await sns.topic('owned'), await sns.queue('owned'));
  const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
  const stranger = new SNSClient({ ...clientSettings(sns.platform), credentials });
  const foreign = {
    name: 'AuthorizationErrorException',
    message: 'Not authorized to access this subscription',
  };
  const SubscriptionArn = arn;
  const set = { SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'true' };
  await assert.rejects(stranger.send(new GetSubscriptionAttributesCommand({ SubscriptionArn })), foreign);
  await assert.rejects(stranger.send(new SetSubscriptionAttributesCommand(set)), foreign);
  await assert.rejects(stranger.send(new UnsubscribeCommand({ SubscriptionArn })), foreign);
  assert.equal((await sns.subscriptionAttributes(arn))['RawMessageDelivery'], 'false');
});

test('what is no subscription is refused in recorded words', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('refusing');
  const refusal = async (protocol: string, endpoint: string, attributes: Record<string, string> = {}) => {
    const error = await sns.subscribe(topic, endpoint, attributes, protocol).catch((caught: Error) => caught);
    return (error as Error).message;
  };
  assert.equal(
    await refusal('test-protocol', ENDPOINT),
    'Invalid parameter: Amazon SNS does not support this protocol string: test-protocol',
  );
  assert.equal(await refusal('sqs', 'http://q'), 'Invalid parameter: SQS endpoint ARN');
  assert.match(await refusal('email', 'a@b.c'), /does not implement subscriptions of the protocol email/);
  assert.match(await refusal('sqs', `${ENDPOINT}.fifo`), /FIFO SQS Queues can not be subscribed/);
  const wrong = { RawMessageDelivery: 'wrongvalue' };
  assert.equal(
    await refusal('sqs', ENDPOINT, wrong),
    'Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false.',
  );
  const to = (TopicArn: string) =>
    sns.client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: ENDPOINT }));
  await assert.rejects(to('randomstring'), {
    message: 'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
  });
  await assert.rejects(to(topic.replace('us-east-1', 'us-west-2')), {
    message: 'Invalid parameter: TopicArn',
  });
  await assert.rejects(to(`${topic}x`), { name: 'NotFoundException' });
});

test('filter policies that are none are refused in recorded words', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('policies');
  const refusals: [object, RegExp][] = [
    [{ key: [{ exists: 'no' }] }, /FilterPolicy: exists match pattern must be either true or false\./],
    [
      { key: [{ 'anything-but': { suffix: 'x' } }] },
      /FilterPolicy: Unsupported anything-but pattern: suffix$/,
    ],
    [
      { key: [{ 'anything-but': { prefix: false } }] },
      /FilterPolicy: prefix match pattern must be a string$/,
    ],
    [{ a: { b: ['x'] } }, /does not support nested filter policy/],
    [{ a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] }, /can not have more than 5 keys/],
    [{ a: Array.from({ length: 151 }, (_, index) => index) }, /too complex/],
  ];
  for (const [policy, expected] of refusals) {
    await assert.rejects(sns.subscribe(topic, ENDPOINT, { FilterPolicy: JSON.stringify(policy) }), expected);
  }
});

test('attributes of a subscription change what comes through', async (context) => {
  const sns = await SnsTester.start(context);
  const [topic, queue] = [await sns.topic('changing'), await sns.queue('changing')];
  const SubscriptionArn = await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.client.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  await set('FilterPolicy', JSON.stringify({ kind: ['wanted'] }));
  await sns.publish(topic, 'filtered out');
  await set('FilterPolicy', '{}');
  assert.equal((await sns.subscriptionAttributes(SubscriptionArn))['FilterPolicy'], undefined);
  await sns.publish(topic, 'comes');
  assert.deepEqual(await sns.bodies(queue), ['comes']);
  await sns.client.send(new UnsubscribeCommand({ SubscriptionArn }));
  await sns.client.send(new UnsubscribeCommand({ SubscriptionArn }));
  await assert.rejects(set('RawMessageDelivery', 'true'), { message: 'Subscription does not exist' });
  const listed = await sns.client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }));
  assert.deepEqual(listed.Subscriptions ?? [], []);
  await sns.publish(topic, 'to nobody');
  assert.deepEqual(await sns.bodies(queue), []);
});

test('tokens that are none are refused in recorded words', async (context) => {
  const sns = await SnsTester.start(context);
  const TopicArn = await sns.topic('tokens');
  const confirm = (Token: string) => sns.client.send(new ConfirmSubscriptionCommand({ TopicArn, Token }));
  await assert.rejects(confirm('randomtoken'), { message: 'Invalid token' });
  await assert.rejects(confirm('0f'.repeat(144)), { message: 'Invalid parameter: Token' });
});
