import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { PublishBatchCommand } from '@aws-sdk/client-sns';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { SnsTester } from './sns-tester.ts';

const NUMBER = { DataType: 'Number', StringValue: '99.12' };
const BINARY = { DataType: 'Binary', BinaryValue: new Uint8Array([2, 3, 4]) };

test('a queue gets the notification as recorded, and its signature verifies', async (context) => {
  const sns = await SnsTester.start(context);
  for (const [version, digest] of [
    ['1', 'sha1'],
    ['2', 'sha256'],
  ] as const) {
    const topic = await sns.topic(`signed${version}`, { SignatureVersion: version });
    const queue = await sns.queue(`signed${version}`);
    const subscription = await sns.subscribe(topic, queue);
    const { MessageId } = await sns.publish(topic, 'This is a "test"\nöß', {
      Subject: 'Greeting',
      MessageAttributes: { attr1: NUMBER, attr2: BINARY },
    });
    const [message] = await sns.receive(queue);
    const body = JSON.parse(message!.Body!);
    assert.deepEqual(Object.keys(body), [
      'Type',
      'MessageId',
      'TopicArn',
      'Subject',
      'Message',
      'Timestamp',
      'SignatureVersion',
      'Signature',
      'SigningCertURL',
      'UnsubscribeURL',
      'MessageAttributes',
    ]);
    assert.equal(body.Type, 'Notification');
    assert.equal(body.MessageId, MessageId);
    assert.equal(body.SignatureVersion, version);
    assert.ok(body.UnsubscribeURL.endsWith(`/?Action=Unsubscribe&SubscriptionArn=${subscription}`));
    assert.deepEqual(body.MessageAttributes, {
      attr1: { Type: 'Number', Value: '99.12' },
      attr2: { Type: 'Binary', Value: 'AgME' },
    });
    assert.ok(body.SigningCertURL.startsWith(`${sns.platform.origin}/SimpleNotificationService-`));
    const certificate = new X509Certificate(await (await fetch(body.SigningCertURL)).text());
    assert.ok(certificate.verify(certificate.publicKey), 'signed by itself');
    assert.match(certificate.subject, /CN=sns\.amazonaws\.com/);
    const names = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
    const signed = names.map((name) => `${name}\n${body[name]}\n`).join('');
    const signature = Buffer.from(body.Signature, 'base64');
    assert.ok(verify(digest, Buffer.from(signed), certificate.publicKey, signature));
    assert.ok(!verify(digest, Buffer.from(`${signed}x`), certificate.publicKey, signature));
  }
});

test('raw delivery carries text and attributes as they are', async (context) => {
  const sns = await SnsTester.start(context);
  const [topic, queue] = [await sns.topic('raw'), await sns.queue('raw')];
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  await sns.publish(topic, 'text', { MessageAttributes: { attr1: NUMBER, attr2: BINARY } });
  const [message] = await sns.receive(queue);
  assert.equal(message!.Body, 'text');
  assert.deepEqual({ ...message!.MessageAttributes!['attr1'] }, { DataType: 'Number', StringValue: '99.12' });
  assert.deepEqual([...message!.MessageAttributes!['attr2']!.BinaryValue!], [2, 3, 4]);
});

test('with MessageStructure each protocol has its text', async (context) => {
  const sns = await SnsTester.start(context);
  const [topic, queue] = [await sns.topic('structure'), await sns.queue('structure')];
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  const publish = (texts: object) => sns.publish(topic, JSON.stringify(texts), { MessageStructure: 'json' });
  await publish({ default: 'd', sqs: 'for queues', lambda: 'for functions' });
  await publish({ default: 'for all', lambda: 'for functions' });
  assert.deepEqual((await sns.bodies(queue)).sort(), ['for all', 'for queues']);
  await assert.rejects(publish({ sqs: 'x' }), {
    message: 'Invalid parameter: Message Structure - No default entry in JSON message body',
  });
});

test('filter policies see attributes or the body', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('filtered');
  const policies: [string, Record<string, string>][] = [
    ['positive', { FilterPolicy: JSON.stringify({ attr1: [{ numeric: ['>', 0, '<=', 100] }] }) }],
    ['absent', { FilterPolicy: JSON.stringify({ attr1: [{ exists: false }] }) }],
    ['listed', { FilterPolicy: JSON.stringify({ names: ['b'] }) }],
    [
      'body',
      { FilterPolicyScope: 'MessageBody', FilterPolicy: JSON.stringify({ o: { k: [{ prefix: 'auto-' }] } }) },
    ],
  ];
  const queues = new Map<string, string>();
  for (const [name, attributes] of policies) {
    const queue = await sns.queue(name);
    queues.set(name, queue);
    await sns.subscribe(topic, queue, { RawMessageDelivery: 'true', ...attributes });
  }
  await sns.publish(topic, 'one', { MessageAttributes: { attr1: NUMBER } });
  // A text is no number, however it looks.
  await sns.publish(topic, 'two', { MessageAttributes: { attr1: { DataType: 'String', StringValue: '5' } } });
  const names = { DataType: 'String.Array', StringValue: '["a","b"]' };
  await sns.publish(topic, '{"o":{"k":"auto-x"}}', { MessageAttributes: { names } });
  const found: Record<string, string[]> = {};
  for (const [name, queue] of queues) found[name] = await sns.bodies(queue);
  assert.deepEqual(found, {
    positive: ['one'],
    absent: ['{"o":{"k":"auto-x"}}'],
    listed: ['{"o":{"k":"auto-x"}}'],
    body: ['{"o":{"k":"auto-x"}}'],
  });
});

test('FIFO topics keep order and take a message once', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('order.fifo', { ContentBasedDeduplication: 'true' });
  const [queue, standard] = [await sns.queue('order.fifo'), await sns.queue('order')];
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  await sns.subscribe(topic, standard);
  const sent = ['a', 'b', 'c', 'd', 'e'];
  const answers = [];
  for (const text of sent) answers.push(await sns.publish(topic, text, { MessageGroupId: 'g' }));
  const repeated = await sns.publish(topic, 'a', { MessageGroupId: 'g' });
  assert.equal(repeated.MessageId, answers[0]!.MessageId);
  const numbers = answers.map(({ SequenceNumber }) => SequenceNumber!);
  assert.deepEqual(numbers, [...numbers].sort());
  assert.match(numbers[0]!, /^\d{20}$/);
  const received = await sns.arrived(queue);
  assert.deepEqual(
    received.map(({ Body }) => Body),
    sent,
  );
  assert.equal(received[0]!.Attributes!.MessageGroupId, 'g');
  const [plain] = await sns.arrived(standard);
  const body = JSON.parse(plain!.Body!);
  assert.equal(body.SequenceNumber !== undefined && body.Signature === undefined, true, 'as recorded');
  assert.equal(plain!.Attributes!.MessageGroupId, undefined);
  await assert.rejects(sns.publish(topic, 'x'), {
    message: 'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
  });
});

test('what a deleted queue cannot take goes to the dead-letter queue', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('dead');
  const [queue, letters] = [await sns.queue('gone'), await sns.queue('letters')];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters });
  await sns.subscribe(topic, queue, { RedrivePolicy });
  await sns.queues.send(new DeleteQueueCommand({ QueueUrl: sns.urlOf(queue) }));
  await sns.publish(topic, 'lost?');
  const [message] = await sns.receive(letters);
  assert.equal(JSON.parse(message!.Body!).Message, 'lost?');
});

test('what the policy of a queue does not let in goes to the dead-letter queue at once', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('policy');
  const [queue, letters] = [await sns.closedQueue('policy'), await sns.queue('policy-letters')];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters });
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true', RedrivePolicy });
  // Source: "Amazon SNS dead-letter queues": a policy that refuses is an error of the client, which is not tried again.
  await sns.publish(topic, 'without a policy');
  assert.deepEqual(await sns.bodies(letters), ['without a policy']);
  const from = (source: string) => ({ Condition: { ArnEquals: { 'aws:SourceArn': source } } });
  await sns.letTopicsSend(queue, from(`${topic}-other`));
  await sns.publish(topic, 'for another topic');
  assert.deepEqual(await sns.bodies(letters), ['for another topic']);
  await sns.letTopicsSend(queue, { ...from(topic), Principal: { AWS: '*' } });
  await sns.publish(topic, 'let in');
  assert.deepEqual([await sns.bodies(queue), await sns.bodies(letters)], [['let in'], []]);
});

test('a dead-letter queue that refuses is tried again', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('closed-letters');
  const [queue, letters] = [await sns.closedQueue('refusing'), await sns.closedQueue('refusing-letters')];
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters });
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true', RedrivePolicy });
  await sns.publish(topic, 'kept');
  await sns.platform.clock.advance(1);
  await sns.letTopicsSend(letters);
  await sns.platform.clock.advance(19_000);
  assert.deepEqual(await sns.bodies(letters), []);
  await sns.platform.clock.advance(1_000);
  assert.deepEqual(await sns.bodies(letters), ['kept']);
});

test('batches are checked as a whole, in recorded words', async (context) => {
  const sns = await SnsTester.start(context);
  const [TopicArn, queue] = [await sns.topic('batch'), await sns.queue('batch')];
  await sns.subscribe(TopicArn, queue, { RawMessageDelivery: 'true' });
  const send = (entries: { Id: string; Message: string }[]) =>
    sns.client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }));
  const { Successful = [] } = await send([
    { Id: '1', Message: 'a' },
    { Id: '2', Message: 'b' },
  ]);
  assert.deepEqual(
    Successful.map(({ Id }) => Id),
    ['1', '2'],
  );
  assert.deepEqual((await sns.bodies(queue)).sort(), ['a', 'b']);
  const one = { Id: 'x', Message: 'm' };
  await assert.rejects(send([one, one]), {
    message: 'Two or more batch entries in the request have the same Id.',
  });
  await assert.rejects(send([{ ...one, Id: 'a.b' }]), {
    message: 'The Id of a batch entry in the batch request contains an impermissible character: a.b',
  });
  await assert.rejects(send(Array.from({ length: 11 }, (_, index) => ({ ...one, Id: `${index}` }))), {
    message: 'The batch request contains more entries than permissible.',
  });
  await assert.rejects(send([{ ...one, Message: 'm'.repeat(262_145) }]), {
    message: 'The length of all the messages put together is more than the limit.',
  });
});

test('what may not be published is refused in recorded words', async (context) => {
  const sns = await SnsTester.start(context);
  const topic = await sns.topic('refused');
  const attribute = (name: string, value: { DataType: string; StringValue?: string }) =>
    sns.publish(topic, 'x', { MessageAttributes: { [name]: value } });
  const text = { DataType: 'String', StringValue: 'x' };
  await assert.rejects(sns.publish(topic, ''), { message: 'Invalid parameter: Empty message' });
  await assert.rejects(sns.publish(topic, 'x', { Subject: '' }), { message: 'Invalid parameter: Subject' });
  await assert.rejects(attribute('a', { DataType: 'String' }), {
    name: 'InvalidParameterValueException',
    message:
      "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
  });
  await assert.rejects(attribute('a^b', text), /Invalid non-alphanumeric character '#x5E' was found/);
  await assert.rejects(attribute('.a', text), /starting with character '\.' was found/);
  await assert.rejects(attribute('a..b', text), /can not have successive '\.' character/);
  await assert.rejects(sns.publish('', 'x', { PhoneNumber: '+100' }), { name: 'NotImplemented' });
});
