import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  RemovePermissionCommand,
  SetTopicAttributesCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { SnsTester } from './sns-tester.ts';

test('a topic has the attributes that AWS was recorded to give it', async (context) => {
  const sns = await SnsTester.start(context);
  const arn = await sns.topic('plain');
  const { Policy, EffectiveDeliveryPolicy, ...attributes } = await sns.topicAttributes(arn);
  assert.deepEqual(attributes, {
    Owner: '000000000000',
    TopicArn: arn,
    DisplayName: '',
    SubscriptionsConfirmed: '0',
    SubscriptionsDeleted: '0',
    SubscriptionsPending: '0',
  });
  const policy = JSON.parse(Policy!);
  assert.equal(policy.Id, '__default_policy_ID');
  assert.equal(policy.Statement[0].Resource, arn);
  assert.deepEqual(policy.Statement[0].Condition, { StringEquals: { 'AWS:SourceOwner': '000000000000' } });
  assert.equal(JSON.parse(EffectiveDeliveryPolicy!).http.defaultHealthyRetryPolicy.numRetries, 3);
});

test('to create a topic again is to find it, unless it is to be another one', async (context) => {
  const sns = await SnsTester.start(context);
  const Name = sns.unique('again');
  const create = (Attributes: Record<string, string>) =>
    sns.client.send(new CreateTopicCommand({ Name, Attributes }));
  const { TopicArn } = await create({ DisplayName: 'one' });
  assert.equal((await create({ DisplayName: 'one' })).TopicArn, TopicArn);
  assert.equal((await create({})).TopicArn, TopicArn);
  await assert.rejects(create({ DisplayName: 'two' }), {
    name: 'InvalidParameterException',
    message: 'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
  });
});

test('names are checked as recorded', async (context) => {
  const sns = await SnsTester.start(context);
  const refused = { name: 'InvalidParameterException', message: 'Invalid parameter: Topic Name' };
  for (const Name of ['', 'a'.repeat(257), 'x.fifo', 'a b', 'a/b']) {
    await assert.rejects(sns.client.send(new CreateTopicCommand({ Name })), refused, Name);
  }
  const fifo = { Name: 'nofifo', Attributes: { FifoTopic: 'true' } };
  await assert.rejects(sns.client.send(new CreateTopicCommand(fifo)), refused);
});

test('attributes are set, and taken away by an empty value', async (context) => {
  const sns = await SnsTester.start(context);
  const arn = await sns.topic('settings');
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.client.send(new SetTopicAttributesCommand({ TopicArn: arn, AttributeName, AttributeValue }));
  const retries = { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 };
  await set('DeliveryPolicy', JSON.stringify({ http: { defaultHealthyRetryPolicy: retries } }));
  const effective = async () =>
    JSON.parse((await sns.topicAttributes(arn))['EffectiveDeliveryPolicy']!).http.defaultHealthyRetryPolicy;
  assert.deepEqual(await effective(), {
    ...retries,
    numMaxDelayRetries: 0,
    numNoDelayRetries: 0,
    numMinDelayRetries: 0,
    backoffFunction: 'linear',
  });
  await set('DeliveryPolicy', '');
  assert.equal((await effective()).numRetries, 3);
  assert.equal((await sns.topicAttributes(arn))['DeliveryPolicy'], undefined);
  const throttled = { http: { defaultThrottlePolicy: { maxReceivesPerSecond: 1 } } };
  await assert.rejects(set('DeliveryPolicy', JSON.stringify(throttled)), {
    name: 'NotImplemented',
    message: 'selfsame does not implement defaultThrottlePolicy in delivery policies yet.',
  });
  await set('DeliveryPolicy', JSON.stringify({ http: { defaultThrottlePolicy: null } }));
  await assert.rejects(set('FifoTopic', 'false'), { message: 'Invalid parameter: AttributeName' });
  await assert.rejects(set('KmsMasterKeyId', 'alias/x'), { name: 'NotImplemented' });
});

test('permissions are statements of the policy', async (context) => {
  const sns = await SnsTester.start(context);
  const TopicArn = await sns.topic('permissions');
  await sns.client.send(
    new AddPermissionCommand({
      TopicArn,
      Label: 'test',
      AWSAccountId: ['111111111111'],
      ActionName: ['Publish', 'Subscribe'],
    }),
  );
  const statements = async () => JSON.parse((await sns.topicAttributes(TopicArn))['Policy']!).Statement;
  assert.deepEqual((await statements())[1], {
    Sid: 'test',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    Action: ['SNS:Publish', 'SNS:Subscribe'],
    Resource: TopicArn,
  });
  await sns.client.send(new RemovePermissionCommand({ TopicArn, Label: 'test' }));
  assert.equal((await statements()).length, 1);
});

test('tags are added, replaced and taken away', async (context) => {
  const sns = await SnsTester.start(context);
  const ResourceArn = await sns.topic('tags');
  const tag = (Tags: { Key: string; Value: string }[]) =>
    sns.client.send(new TagResourceCommand({ ResourceArn, Tags }));
  await tag([
    { Key: 'k1', Value: 'v1' },
    { Key: 'k2', Value: 'v2' },
  ]);
  await tag([{ Key: 'k2', Value: 'v2b' }]);
  await sns.client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['k1'] }));
  const listed = await sns.client.send(new ListTagsForResourceCommand({ ResourceArn }));
  assert.deepEqual(listed.Tags, [{ Key: 'k2', Value: 'v2b' }]);
  const twice = [
    { Key: 'k', Value: '1' },
    { Key: 'k', Value: '2' },
  ];
  await assert.rejects(tag(twice), { message: 'Invalid parameter: Duplicated keys are not allowed.' });
});

test('a deleted topic is gone with its subscriptions', async (context) => {
  const sns = await SnsTester.alone(context);
  const [kept, gone] = [await sns.topic('kept'), await sns.topic('gone')];
  await sns.subscribe(gone, await sns.queue('q'));
  await sns.client.send(new DeleteTopicCommand({ TopicArn: gone }));
  await sns.client.send(new DeleteTopicCommand({ TopicArn: gone }));
  await assert.rejects(sns.publish(gone, 'x'), {
    name: 'NotFoundException',
    message: 'Topic does not exist',
  });
  const { Topics } = await sns.client.send(new ListTopicsCommand({}));
  assert.deepEqual(Topics, [{ TopicArn: kept }]);
  const { Subscriptions = [] } = await sns.client.send(new ListSubscriptionsCommand({}));
  assert.deepEqual(Subscriptions, []);
});
