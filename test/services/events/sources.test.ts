/** Services that send events to buses, and functions that get them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { EventsTester } from './events-tester.ts';

const CODE = `exports.handler = async (event) => {
  if (event.isBroken) throw new Error('broken');
  return event;
};`;

function lambdaOf(context: TestContext, { platform }: EventsTester): LambdaClient {
  const client = new LambdaClient(clientSettings(platform));
  context.after(() => client.destroy());
  return client;
}

/** The ARN of a new function that answers its event; what becomes of events is told to `destination`. */
async function echo(lambda: LambdaClient, FunctionName: string, destination: string): Promise<string> {
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: 'arn:aws:iam::000000000000:role/r',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': CODE }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
  const [OnSuccess, OnFailure] = [{ Destination: destination }, { Destination: destination }];
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnSuccess, OnFailure },
    }),
  );
  return FunctionArn!;
}

/** The next message of a queue, which is waited for, as JSON. */
async function next({ queues, platform }: EventsTester, queueArn: string) {
  const QueueUrl = `${platform.origin}/000000000000/${queueArn.split(':').at(-1)}`;
  const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  return JSON.parse(Messages![0]!.Body!);
}

test('a function gets the events of a rule that its policy lets in', async (context) => {
  const events = await EventsTester.start(context);
  const lambda = lambdaOf(context, events);
  const bus = await events.bus();
  const [results, dead] = [await events.queue('results'), await events.queue('refused')];
  const FunctionName = events.unique('target');
  const Arn = await echo(lambda, FunctionName, results);
  const rule = await events.rule(bus, { Arn, DeadLetterConfig: { Arn: dead } });
  const [refused] = await events.put(bus, {});
  const [letter] = await events.messages(dead);
  assert.equal(JSON.parse(letter!.Body!).id, refused);
  assert.equal(letter!.MessageAttributes!['ERROR_CODE']!.StringValue, 'NO_PERMISSIONS');
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: 'events',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: rule,
    }),
  );
  const [id] = await events.put(bus, { Detail: '{"a":1}' });
  const { responsePayload } = await next(events, results);
  assert.equal(responsePayload.id, id);
  assert.deepEqual(responsePayload.detail, { a: 1 });
});

test('a bus may be the destination of a function, for what succeeds and what fails', async (context) => {
  const events = await EventsTester.start(context);
  const lambda = lambdaOf(context, events);
  const bus = await events.bus();
  const queue = await events.queue('invoked');
  const busArn = `arn:aws:events:us-east-1:000000000000:event-bus/${bus}`;
  const FunctionName = events.unique('source');
  const functionArn = await echo(lambda, FunctionName, busArn);
  await events.ruleOf(bus, { source: ['lambda'] }, { Arn: queue });
  for (const [isBroken, outcome] of [
    [false, 'Success'],
    [true, 'Failure'],
  ] as const) {
    const Payload = JSON.stringify({ isBroken });
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
    const { id, time, detail, ...event } = await next(events, queue);
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(event, {
      version: '0',
      'detail-type': `Lambda Function Invocation Result - ${outcome}`,
      source: 'lambda',
      account: '000000000000',
      region: 'us-east-1',
      resources: [busArn, `${functionArn}:$LATEST`],
    });
    assert.equal(detail.requestContext.condition, isBroken ? 'RetriesExhausted' : 'Success');
    assert.deepEqual(detail.requestPayload, { isBroken });
  }
});

// Source: S3 user guide, "EventBridge event message structure".
test('a bucket tells the default bus of its objects', async (context) => {
  const events = await EventsTester.start(context);
  const s3 = new S3Client({ ...clientSettings(events.platform), forcePathStyle: true });
  context.after(() => s3.destroy());
  const Bucket = events.unique('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  const NotificationConfiguration = { EventBridgeConfiguration: {} };
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  const queue = await events.queue('objects');
  await events.ruleOf(
    'default',
    { source: ['aws.s3'], detail: { bucket: { name: [Bucket] } } },
    { Arn: queue },
  );
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'text' }));
  const created = await next(events, queue);
  assert.equal(created['detail-type'], 'Object Created');
  assert.deepEqual(created.resources, [`arn:aws:s3:::${Bucket}`]);
  const { etag, sequencer, ...object } = created.detail.object;
  assert.deepEqual([object, created.detail.reason], [{ key: 'a b', size: 4 }, 'PutObject']);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a b' }));
  const deleted = await next(events, queue);
  assert.deepEqual(
    [deleted['detail-type'], deleted.detail.reason, deleted.detail['deletion-type']],
    ['Object Deleted', 'DeleteObject', 'Permanently Deleted'],
  );
});
