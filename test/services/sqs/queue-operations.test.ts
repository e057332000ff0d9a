import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type QueueAttributeName,
  RemovePermissionCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { arnOf, SqsTester } from './sqs-client.ts';

test('a queue has all its attributes, and keeps what is set', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { VisibilityTimeout: '20', ReceiveMessageWaitTimeSeconds: '10' });
  const { CreatedTimestamp, LastModifiedTimestamp, ...attributes } = await sqs.attributes(url);
  assert.equal(CreatedTimestamp, LastModifiedTimestamp);
  // As recorded for "create_and_update_queue_attributes", but for what is not true here: SqsManagedSseEnabled.
  const expected = {
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesDelayed: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    DelaySeconds: '0',
    MaximumMessageSize: '1048576',
    MessageRetentionPeriod: '345600',
    QueueArn: arnOf(url),
    ReceiveMessageWaitTimeSeconds: '10',
    SqsManagedSseEnabled: 'false',
    VisibilityTimeout: '20',
  };
  assert.deepEqual(attributes, expected);
  await sqs.platform.clock.advance(5000);
  await sqs.client.send(
    new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: '420' } }),
  );
  const changed = await sqs.attributes(url);
  assert.equal(changed['DelaySeconds'], '420');
  assert.equal(Number(changed['LastModifiedTimestamp']), Number(CreatedTimestamp) + 5);
});

test('a queue is made once: again with the same attributes, not with others', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { DelaySeconds: '1' });
  assert.equal(await sqs.queue('q', { DelaySeconds: '1' }), url);
  assert.equal(await sqs.queue('q'), url);
  await assert.rejects(sqs.queue('q', { DelaySeconds: '2' }), {
    name: 'QueueNameExists',
    message: 'A queue already exists with the same name and a different value for attribute DelaySeconds',
  });
});

test('what is no attribute, or no value of one, is refused', async (context) => {
  const sqs = await SqsTester.start(context);
  const refusals: readonly [Record<string, string>, string, string][] = [
    [{ Colour: 'red' }, 'InvalidAttributeName', 'Unknown Attribute Colour.'],
    [
      { ContentBasedDeduplication: 'true' },
      'InvalidAttributeName',
      'Unknown Attribute ContentBasedDeduplication.',
    ],
    [{ DelaySeconds: '901' }, 'InvalidAttributeValue', 'Invalid value for the parameter DelaySeconds.'],
    [
      { VisibilityTimeout: 'x' },
      'InvalidAttributeValue',
      'Invalid value for the parameter VisibilityTimeout.',
    ],
    [{ Policy: '{' }, 'InvalidAttributeValue', 'Invalid value for the parameter Policy.'],
    [
      { RedrivePolicy: '{"maxReceiveCount":1}' },
      'InvalidParameterValue',
      'Value {"maxReceiveCount":1} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attribute: deadLetterTargetArn.',
    ],
    [
      { SqsManagedSseEnabled: 'x' },
      'InvalidAttributeValue',
      'Invalid value for the parameter SqsManagedSseEnabled.',
    ],
  ];
  for (const [attributes, name, message] of refusals) {
    await assert.rejects(sqs.queue('refused', attributes), { name, message });
  }
  await assert.rejects(sqs.client.send(new CreateQueueCommand({ QueueName: 'a.fifo' })), {
    message: 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  });
  const url = await sqs.queue('q');
  const unknown = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: ['Colour' as QueueAttributeName],
  });
  await assert.rejects(sqs.client.send(unknown), { name: 'InvalidAttributeName' });
});

test('encryption of messages is refused by name, and not claimed', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q', { SqsManagedSseEnabled: 'false' });
  const wishes = {
    KmsMasterKeyId: 'alias/x',
    KmsDataKeyReusePeriodSeconds: '300',
    SqsManagedSseEnabled: 'true',
  };
  for (const [attribute, value] of Object.entries(wishes)) {
    const refusal = { name: 'NotImplemented', message: `selfsame does not implement sqs:${attribute} yet.` };
    await assert.rejects(sqs.queue('sealed', { [attribute]: value }), refusal);
    const change = new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { [attribute]: value } });
    await assert.rejects(sqs.client.send(change), refusal);
  }
  const { SqsManagedSseEnabled, ...others } = await sqs.attributes(url);
  assert.equal(SqsManagedSseEnabled, 'false');
  assert.deepEqual(
    Object.keys(others).filter((name) => name.startsWith('Kms')),
    [],
  );
});

test('queues are listed by prefix, page by page, and found by name and by URL of any host', async (context) => {
  const sqs = await SqsTester.alone(context);
  for (const name of ['b2', 'b1', 'a', 'b3']) await sqs.queue(name);
  const urlOf = (name: string) => `${sqs.platform.origin}/000000000000/${name}`;
  const list = (input: object) => sqs.client.send(new ListQueuesCommand(input));
  assert.deepEqual((await list({})).QueueUrls, ['a', 'b1', 'b2', 'b3'].map(urlOf));
  assert.equal((await list({ QueueNamePrefix: 'c' })).QueueUrls, undefined);
  const first = await list({ QueueNamePrefix: 'b', MaxResults: 2 });
  assert.deepEqual(first.QueueUrls, ['b1', 'b2'].map(urlOf));
  const rest = await list({ QueueNamePrefix: 'b', MaxResults: 2, NextToken: first.NextToken });
  assert.deepEqual([rest.QueueUrls, rest.NextToken], [[urlOf('b3')], undefined]);
  await assert.rejects(list({ MaxResults: 1001 }), /MaxResults must be an integer between 1 and 1000/);

  const found = await sqs.client.send(new GetQueueUrlCommand({ QueueName: 'a' }));
  assert.equal(found.QueueUrl, urlOf('a'));
  for (const url of [
    'https://sqs.us-east-1.amazonaws.com/000000000000/a',
    'http://us-east-1.queue.localhost:4566/000000000000/a',
    'http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/a',
    'http://localhost:4566/queue/us-east-1/000000000000/a',
  ]) {
    assert.equal((await sqs.attributes(url))['QueueArn'], arnOf(urlOf('a')), url);
  }
  await assert.rejects(sqs.attributes('https://sqs.eu-west-1.amazonaws.com/000000000000/a'), {
    name: 'QueueDoesNotExist',
  });
  await assert.rejects(sqs.attributes('nonsense/'), { name: 'InvalidAddress' });
});

test('a name may be taken again a minute after its queue was deleted, and is empty then', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  await sqs.send(url, 'old');
  await sqs.client.send(new DeleteQueueCommand({ QueueUrl: url }));
  await assert.rejects(sqs.attributes(url), { name: 'QueueDoesNotExist' });
  await assert.rejects(sqs.queue('q'), {
    name: 'QueueDeletedRecently',
    message:
      'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  });
  await sqs.platform.clock.advance(60_000);
  assert.deepEqual(await sqs.counts(await sqs.queue('q')), [0, 0, 0]);
});

test('tags are added and taken away', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const tags = async () => (await sqs.client.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags;
  assert.equal(await tags(), undefined);
  await sqs.client.send(new TagQueueCommand({ QueueUrl: url, Tags: { a: '1', b: '' } }));
  await sqs.client.send(new TagQueueCommand({ QueueUrl: url, Tags: { a: '2' } }));
  assert.deepEqual(await tags(), { a: '2', b: '' });
  await sqs.client.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: ['a', 'c'] }));
  assert.deepEqual(await tags(), { b: '' });
});

test('permissions are statements of the policy, as recorded', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const arn = arnOf(url);
  const add = (Label: string, ...AWSAccountIds: string[]) =>
    sqs.client.send(
      new AddPermissionCommand({ QueueUrl: url, Label, AWSAccountIds, Actions: ['ReceiveMessage'] }),
    );
  const remove = (Label: string) => sqs.client.send(new RemovePermissionCommand({ QueueUrl: url, Label }));
  await add('label', '668614515564', '111111111111');
  assert.deepEqual(JSON.parse((await sqs.attributes(url))['Policy']!), {
    Version: '2008-10-17',
    Id: `${arn}/SQSDefaultPolicy`,
    Statement: [
      {
        Sid: 'label',
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::668614515564:root', 'arn:aws:iam::111111111111:root'] },
        Action: 'SQS:ReceiveMessage',
        Resource: arn,
      },
    ],
  });
  await assert.rejects(add('label', '111111111111'), {
    name: 'InvalidParameterValue',
    message: 'Value label for parameter Label is invalid. Reason: Already exists.',
  });
  await remove('label');
  assert.equal((await sqs.attributes(url))['Policy'], undefined);
  await assert.rejects(remove('label'), {
    message: "Value label for parameter Label is invalid. Reason: can't find label.",
  });
});

test('a dead-letter queue knows its sources, and whom it lets be one', async (context) => {
  const sqs = await SqsTester.start(context);
  const dead = await sqs.queue('dead');
  const redrive = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: 1 }) };
  const source = await sqs.queue('source', redrive);
  const sources = await sqs.client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
  assert.deepEqual(sources.queueUrls, [source]);
  await sqs.client.send(
    new SetQueueAttributesCommand({
      QueueUrl: dead,
      Attributes: { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' },
    }),
  );
  await assert.rejects(sqs.queue('other', redrive), /redrive allow policy/);
  await assert.rejects(sqs.queue('other.fifo', redrive), /must also be a FIFO queue/);
  await sqs.client.send(
    new SetQueueAttributesCommand({ QueueUrl: source, Attributes: { RedrivePolicy: '' } }),
  );
  assert.equal((await sqs.attributes(source))['RedrivePolicy'], undefined);
});
