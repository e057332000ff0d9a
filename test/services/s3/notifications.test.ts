import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { failure, newBucketName, S3Tester } from './s3-client.ts';

const ACCOUNT = '000000000000';

class Destination {
  readonly url: string;
  readonly arn: string;
  private readonly sqs: SQSClient;

  private constructor(sqs: SQSClient, url: string) {
    this.sqs = sqs;
    this.url = url;
    this.arn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${url.slice(url.lastIndexOf('/') + 1)}`;
  }

  static async make(s3: S3Tester, sqs: SQSClient): Promise<Destination> {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: newBucketName() }));
    const made = new Destination(sqs, QueueUrl!);
    await made.allow(s3.bucket);
    return made;
  }

  allow(bucket: string) {
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 's3.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: this.arn,
          Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${bucket}` } },
        },
      ],
    });
    return this.sqs.send(new SetQueueAttributesCommand({ QueueUrl: this.url, Attributes: { Policy } }));
  }

  /** The next message; waits for it. */
  async next(): Promise<Record<string, unknown>> {
    const command = new ReceiveMessageCommand({ QueueUrl: this.url, WaitTimeSeconds: 20 });
    const { Messages = [] } = await this.sqs.send(command);
    const ReceiptHandle = Messages[0]!.ReceiptHandle!;
    await this.sqs.send(new DeleteMessageCommand({ QueueUrl: this.url, ReceiptHandle }));
    return JSON.parse(Messages[0]!.Body!) as Record<string, unknown>;
  }

  async record(): Promise<EventRecord> {
    return ((await this.next())['Records'] as EventRecord[])[0]!;
  }
}

interface EventRecord {
  readonly eventName: string;
  readonly s3: { readonly object: { readonly key: string; readonly sequencer: string } };
}

function configure(s3: S3Tester, NotificationConfiguration: NotificationConfiguration, more: object = {}) {
  const command = { Bucket: s3.bucket, NotificationConfiguration, ...more };
  return s3.client.send(new PutBucketNotificationConfigurationCommand(command));
}

async function started(context: Parameters<typeof S3Tester.start>[0]) {
  const s3 = await S3Tester.start(context);
  const sqs = new SQSClient(clientSettings(s3.platform));
  context.after(() => sqs.destroy());
  return { s3, sqs, queue: await Destination.make(s3, sqs) };
}

test('a queue gets a test event, and then what happens to objects', async (context) => {
  const { s3, queue } = await started(context);
  const Events = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as const;
  const QueueConfigurations = [{ Id: 'rule', QueueArn: queue.arn, Events: [...Events] }];
  await configure(s3, { QueueConfigurations });
  const { Service, Event, Bucket } = await queue.next();
  assert.deepEqual([Service, Event, Bucket], ['Amazon S3', 's3:TestEvent', s3.bucket]);
  const { ETag } = await s3.put('a b@ü', 'hello');
  const record = await queue.record();
  const { sequencer } = record.s3.object;
  // The members of a record are as recorded for "test_object_created_and_object_removed".
  const {
    responseElements,
    s3: told,
    ...others
  } = record as unknown as Record<string, Record<string, unknown>>;
  assert.deepEqual(others, {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: new Date(s3.platform.clock.now()).toISOString(),
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: `AWS:${ACCOUNT}` },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
  });
  assert.deepEqual(Object.keys(responseElements!).sort(), ['x-amz-id-2', 'x-amz-request-id']);
  assert.deepEqual(told!['object'], {
    key: 'a+b%40%C3%BC',
    size: 5,
    eTag: ETag!.replaceAll('"', ''),
    sequencer,
  });
  assert.equal(told!['configurationId'], 'rule');
  await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'none' }));
  await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'a b@ü' }));
  const removed = await queue.record();
  assert.equal(removed.eventName, 'ObjectRemoved:Delete');
  assert.deepEqual(Object.keys(removed.s3.object), ['key', 'sequencer']);
  assert.ok(removed.s3.object.sequencer > sequencer);
  await s3.versioned();
  await s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key: 'k' }));
  assert.equal((await queue.record()).eventName, 'ObjectRemoved:DeleteMarkerCreated');
});

test('prefixes and suffixes of keys decide, and are read back', async (context) => {
  const { s3, queue } = await started(context);
  const FilterRules = [
    { Name: 'prefix', Value: 'in/' },
    { Name: 'suffix', Value: '.txt' },
  ] as const;
  const rule = { Id: 'r', QueueArn: queue.arn, Filter: { Key: { FilterRules: [...FilterRules] } } };
  await configure(s3, { QueueConfigurations: [{ ...rule, Events: ['s3:ObjectCreated:Put'] }] });
  await queue.next();
  for (const key of ['in/a.jpg', 'out/a.txt', 'in/a.txt']) await s3.put(key);
  assert.equal((await queue.record()).s3.object.key, 'in/a.txt');
  const command = new GetBucketNotificationConfigurationCommand({ Bucket: s3.bucket });
  const { $metadata, ...read } = await s3.client.send(command);
  assert.deepEqual(read.QueueConfigurations, [
    {
      Id: 'r',
      QueueArn: queue.arn,
      Events: ['s3:ObjectCreated:Put'],
      Filter: {
        Key: {
          FilterRules: [
            { Name: 'Prefix', Value: 'in/' },
            { Name: 'Suffix', Value: '.txt' },
          ],
        },
      },
    },
  ]);
});

test('destinations that cannot be told are refused', async (context) => {
  const { s3, queue } = await started(context);
  const rule = (QueueArn: string) => ({
    QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }],
  });
  assert.equal((await failure(configure(s3, rule('invalid-queue')))).message, 'The ARN could not be parsed');
  const missing = `arn:aws:sqs:us-east-1:${ACCOUNT}:missing`;
  const refused = await failure(configure(s3, rule(missing)));
  assert.equal(refused.message, 'Unable to validate the following destination configurations');
  await configure(s3, rule(missing), { SkipDestinationValidation: true });
  const LambdaFunctionArn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:none`;
  const configuration = { LambdaFunctionArn, Events: ['s3:ObjectCreated:*' as const] };
  const unauthorized = await failure(configure(s3, { LambdaFunctionConfigurations: [configuration] }));
  assert.equal(unauthorized.code, 'InvalidArgument');
  await configure(s3, rule(queue.arn));
});

test('a notification is tried again until its queue takes it', async (context) => {
  const { s3, sqs, queue } = await started(context);
  const rule = { QueueArn: queue.arn, Events: ['s3:ObjectCreated:*' as const] };
  await configure(s3, { QueueConfigurations: [rule] });
  await queue.next();
  await sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
  await s3.put('k');
  // A name is free again after a minute; meanwhile deliveries fail.
  await s3.platform.clock.advance(61_000);
  const QueueName = queue.url.slice(queue.url.lastIndexOf('/') + 1);
  await sqs.send(new CreateQueueCommand({ QueueName }));
  await queue.allow(s3.bucket);
  await s3.platform.clock.advance(120_000);
  assert.equal((await queue.record()).s3.object.key, 'k');
});

test('a queue has to let the bucket in, whenever it is told', async (context) => {
  const { s3, sqs, queue } = await started(context);
  const rule = { QueueArn: queue.arn, Events: ['s3:ObjectCreated:*' as const] };
  await queue.allow('another-bucket');
  const refused = await failure(configure(s3, { QueueConfigurations: [rule] }));
  assert.equal(refused.message, 'Unable to validate the following destination configurations');
  await queue.allow(s3.bucket);
  await configure(s3, { QueueConfigurations: [rule] });
  await queue.next();
  await queue.allow('another-bucket');
  await s3.put('k');
  await s3.platform.clock.advance(1_000);
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url }));
  assert.equal(Messages, undefined);
  await queue.allow(s3.bucket);
  await s3.platform.clock.advance(120_000);
  assert.equal((await queue.record()).s3.object.key, 'k');
});

test('a function that lets S3 in gets the event', async (context) => {
  const { s3, queue } = await started(context);
  const lambda = new LambdaClient(clientSettings(s3.platform));
  context.after(() => lambda.destroy());
  const FunctionName = newBucketName();
  // What it returns, which is what it was told, goes to the queue.
  const ZipFile = await zipOf({ 'index.mjs': 'export const handler = async (event) => event;' });
  const made = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: `arn:aws:iam::${ACCOUNT}:role/r`,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName });
  const DestinationConfig = { OnSuccess: { Destination: queue.arn } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
  const rule = { LambdaFunctionArn: made.FunctionArn!, Events: ['s3:ObjectCreated:*' as const] };
  assert.equal(
    (await failure(configure(s3, { LambdaFunctionConfigurations: [rule] }))).code,
    'InvalidArgument',
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: 's3',
      Action: 'lambda:InvokeFunction',
      Principal: 's3.amazonaws.com',
      SourceArn: `arn:aws:s3:::${s3.bucket}`,
      SourceAccount: ACCOUNT,
    }),
  );
  await configure(s3, { LambdaFunctionConfigurations: [rule] });
  await s3.put('k', 'x');
  const { responsePayload } = await queue.next();
  const { Records } = responsePayload as { Records: EventRecord[] };
  assert.deepEqual([Records[0]!.eventName, Records[0]!.s3.object.key], ['ObjectCreated:Put', 'k']);
});

test('events of AWS that never happen here are refused by name', async (context) => {
  const { client, bucket } = await S3Tester.start(context);
  const refused = async (Event: string) => {
    const QueueArn = `arn:aws:sqs:us-east-1:${ACCOUNT}:q`;
    const NotificationConfiguration = {
      QueueConfigurations: [{ QueueArn, Events: [Event] }],
    } as NotificationConfiguration;
    const input = { Bucket: bucket, NotificationConfiguration };
    return failure(client.send(new PutBucketNotificationConfigurationCommand(input)));
  };
  for (const event of ['s3:ObjectRestore:*', 's3:Replication:OperationNotTracked', 's3:ObjectTagging:Put']) {
    const { code, message } = await refused(event);
    assert.equal(code, 'NotImplemented');
    assert.ok(message.includes(event), message);
  }
  assert.equal((await refused('s3:ObjectCreated:Nothing')).code, 'InvalidArgument');
});
