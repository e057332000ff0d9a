import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';

test('an endpoint that verifies signatures takes what is forwarded, whoever has signed it here', async (context) => {
  const other = await startedPlatform(context, { authorization: true, pooledEnvironments: 0 });
  const endpoints = { sqs: other.origin, sns: other.origin, s3: other.origin };
  const server = await startedPlatform(context, { endpoints, pooledEnvironments: 0 });
  const settings = {
    ...clientSettings(server),
    credentials: { accessKeyId: 'AKIDNOBODYTHERE', secretAccessKey: 'unknown' },
  };
  const sqs = new SQSClient(settings);
  await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
  const sns = new SNSClient(settings);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'a-topic' }));
  assert.match(TopicArn!, /:a-topic$/);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }));
  const Key = "names/with space, ü & (others)*+'.txt";
  await s3.send(
    new PutObjectCommand({
      Bucket: 'bucket',
      Key,
      Body: 'content',
      Metadata: { of: 'me' },
      ContentType: 'text/x',
    }),
  );
  const { Body, Metadata, ContentType } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }));
  assert.equal(await Body!.transformToString(), 'content');
  assert.deepEqual({ Metadata, ContentType }, { Metadata: { of: 'me' }, ContentType: 'text/x' });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'none' })), {
    name: 'NoSuchKey',
  });
});
