/** Delivery streams of Firehose that are subscribed to topics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { FirehoseTester, ROLE } from '../firehose/firehose-tester.ts';
import { SnsTester } from './sns-tester.ts';

test('a subscribed delivery stream gets messages, raw where that is asked for; it needs a role', async (context) => {
  const firehose = await FirehoseTester.start(context);
  const sns = SnsTester.on(context, firehose.platform);
  const topic = await sns.topic('t');
  const [raw, wrapped] = await Promise.all(
    ['raw', 'wrapped'].map((name) =>
      firehose.create(name, {
        Prefix: `${name}/`,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
      }),
    ),
  );
  const subscribe = (Endpoint: string | undefined, Attributes: Record<string, string>) =>
    sns.client.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'firehose', Endpoint, Attributes }));
  await assert.rejects(subscribe(raw, {}), {
    name: 'InvalidParameterException',
    message: /SubscriptionRoleArn/,
  });
  await assert.rejects(subscribe('arn:aws:sqs:us-east-1:000000000000:q', { SubscriptionRoleArn: ROLE }), {
    name: 'InvalidParameterException',
    message: /Firehose endpoint ARN/,
  });
  const { SubscriptionArn } = await subscribe(raw, {
    SubscriptionRoleArn: ROLE,
    RawMessageDelivery: 'true',
  });
  assert.match(SubscriptionArn!, /^arn:aws:sns:/, 'it is confirmed at once');
  await subscribe(wrapped, { SubscriptionRoleArn: ROLE });
  await sns.publish(topic, 'hello');
  await firehose.advanceSeconds(61);
  assert.deepEqual(await firehose.texts('raw/'), ['hello']);
  const [text] = await firehose.texts('wrapped/');
  const { Type, Message } = JSON.parse(text!);
  assert.deepEqual([Type, Message], ['Notification', 'hello']);
});
