/** What other services publish: the topic's policy decides about them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { RemovePermissionCommand, SetTopicAttributesCommand } from '@aws-sdk/client-sns';
import { clientSettings } from '../../kit/started-platform.ts';
import { SnsTester } from './sns-tester.ts';

test('a bucket publishes to a topic whose policy lets it, and to no other', async (context) => {
  const sns = await SnsTester.start(context);
  const s3 = new S3Client({ ...clientSettings(sns.platform), forcePathStyle: true });
  context.after(() => s3.destroy());
  const [topic, queue, Bucket] = [await sns.topic('bucket'), await sns.queue('bucket'), sns.unique('photos')];
  await sns.subscribe(topic, queue, { RawMessageDelivery: 'true' });
  await s3.send(new CreateBucketCommand({ Bucket }));
  const configure = () =>
    s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: {
          TopicConfigurations: [{ TopicArn: topic, Events: ['s3:ObjectCreated:*'] }],
        },
      }),
    );
  const refusal = /Unable to validate the following destination configurations/;
  await assert.rejects(configure(), refusal);
  // Then the policy has no statement at all.
  const own = { TopicArn: topic, Label: '__default_statement_ID' };
  await sns.client.send(new RemovePermissionCommand(own));
  await assert.rejects(configure(), refusal);

  const statement = {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sns:Publish',
    Resource: topic,
    Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
  };
  const AttributeValue = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const policy = { TopicArn: topic, AttributeName: 'Policy', AttributeValue };
  await sns.client.send(new SetTopicAttributesCommand(policy));
  await configure();
  const [announced] = await sns.receive(queue);
  assert.equal(JSON.parse(announced!.Body!).Event, 's3:TestEvent');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'cat.png', Body: 'x' }));
  const [created] = await sns.receive(queue);
  assert.equal(JSON.parse(created!.Body!).Records[0].s3.object.key, 'cat.png');
});
