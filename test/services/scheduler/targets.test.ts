import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import {
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetScheduleCommand } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { ROLE, SchedulerTester } from './scheduler-tester.ts';

const MINUTE = 60_000;
const universal = (action: string): string => `arn:aws:scheduler:::aws-sdk:${action}`;

test('a function is invoked asynchronously, by the role and without a policy of its own', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const results = await scheduler.queue('results');
  const lambda = new LambdaClient(clientSettings(scheduler.platform));
  context.after(() => lambda.destroy());
  const FunctionName = scheduler.unique('echo');
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: ROLE,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async (event) => event;' }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
  const DestinationConfig = { OnSuccess: { Destination: results } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
  const name = await scheduler.schedule('default-input', scheduler.atIn(MINUTE), { Arn: FunctionArn! });
  const Input = JSON.stringify({
    attempt: '<aws.scheduler.attempt-number>',
    id: '<aws.scheduler.execution-id>',
  });
  await scheduler.schedule('own-input', scheduler.atIn(2 * MINUTE), { Arn: FunctionArn!, Input });
  await scheduler.platform.clock.advance(3 * MINUTE);
  const payloads = (await scheduler.bodies(results)).map((body) => JSON.parse(body).responsePayload);
  const scheduled = payloads.find(({ source }) => source === 'aws.scheduler');
  const { id, time, ...rest } = scheduled;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(rest, {
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    region: 'us-east-1',
    resources: [`arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`],
    detail: '{}',
  });
  const own = payloads.find(({ attempt }) => attempt !== undefined);
  assert.equal(own.attempt, '1');
  assert.match(own.id, /^[0-9a-f]{16}$/);
});

test('FIFO queues and topics are sent to by templates', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const sns = new SNSClient(clientSettings(scheduler.platform));
  context.after(() => sns.destroy());
  const fifo = await scheduler.queue('line.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const queue = await scheduler.queue('subscribed');
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: scheduler.unique('topic') }));
  await letAnyoneSend(scheduler, queue);
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue, Attributes }));
  const at = scheduler.atIn(MINUTE);
  await scheduler.schedule('fifo', at, {
    Arn: fifo,
    Input: 'in line',
    SqsParameters: { MessageGroupId: 'g' },
  });
  await scheduler.schedule('topic', at, { Arn: TopicArn!, Input: 'published' });
  await scheduler.platform.clock.advance(2 * MINUTE);
  const [message] = await scheduler.arrived(fifo);
  assert.deepEqual([message!.Body, message!.Attributes!['MessageGroupId']], ['in line', 'g']);
  assert.deepEqual(await scheduler.bodies(queue), ['published']);
});

async function letAnyoneSend(scheduler: SchedulerTester, queue: string): Promise<void> {
  const { QueueUrl } = await scheduler.queues.send(
    new GetQueueUrlCommand({ QueueName: queue.split(':').at(-1)! }),
  );
  const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: queue };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await scheduler.queues.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
}

test('a bus gets an event, and a stream a record, by the parameters of their targets', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const events = new EventBridgeClient(clientSettings(scheduler.platform));
  const kinesis = new KinesisClient(clientSettings(scheduler.platform));
  context.after(() => {
    events.destroy();
    kinesis.destroy();
  });
  const queue = await scheduler.queue('of-bus');
  await letAnyoneSend(scheduler, queue);
  const bus = scheduler.unique('bus');
  const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: bus }));
  const rule = { Name: 'all', EventBusName: bus };
  await events.send(new PutRuleCommand({ ...rule, EventPattern: '{"source":["my.planner"]}' }));
  await events.send(
    new PutTargetsCommand({ Rule: 'all', EventBusName: bus, Targets: [{ Id: 'q', Arn: queue }] }),
  );
  const StreamName = scheduler.unique('stream');
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await scheduler.platform.clock.advance(MINUTE);
  const at = scheduler.atIn(MINUTE);
  await scheduler.schedule('to-bus', at, {
    Arn: EventBusArn!,
    Input: '{"n":1}',
    EventBridgeParameters: { Source: 'my.planner', DetailType: 'Due' },
  });
  await scheduler.schedule('to-stream', at, {
    Arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
    Input: 'a record',
    KinesisParameters: { PartitionKey: 'key' },
  });
  await scheduler.platform.clock.advance(2 * MINUTE);
  const [event] = (await scheduler.bodies(queue)).map((body) => JSON.parse(body));
  assert.deepEqual([event.source, event['detail-type'], event.detail], ['my.planner', 'Due', { n: 1 }]);
  const shard = { StreamName, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const;
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(shard));
  const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(
    Records!.map(({ Data, PartitionKey }) => [Buffer.from(Data!).toString(), PartitionKey]),
    [['a record', 'key']],
  );
});

test('a universal target calls any operation, its input in the names of the API reference', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('universal');
  const QueueUrl = `${scheduler.platform.origin}/000000000000/${queue.split(':').at(-1)}`;
  await scheduler.schedule('send', scheduler.atIn(MINUTE), {
    Arn: universal('sqs:sendMessage'),
    Input: JSON.stringify({ QueueUrl, MessageBody: 'of <aws.scheduler.schedule-arn>' }),
  });
  const QueueName = scheduler.unique('made');
  await scheduler.schedule('make', scheduler.atIn(MINUTE), {
    Arn: universal('sqs:createQueue'),
    Input: JSON.stringify({ QueueName, Attributes: { DelaySeconds: '3' } }),
  });
  const s3 = new S3Client({ ...clientSettings(scheduler.platform), forcePathStyle: true });
  context.after(() => s3.destroy());
  const Bucket = scheduler.unique('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  await scheduler.schedule('put', scheduler.atIn(MINUTE), {
    Arn: universal('s3:putObject'),
    Input: JSON.stringify({ Bucket, Key: 'k', Body: 'an object' }),
  });
  await scheduler.platform.clock.advance(2 * MINUTE);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(await Body!.transformToString(), 'an object');
  const name = scheduler.unique('send');
  const arn = `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`;
  assert.deepEqual(await scheduler.bodies(queue), [`of ${arn}`]);
  assert.ok((await scheduler.queues.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl);
});

test('a target that is gone is tried again, and its event is a dead letter with AWS’s attributes', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const letters = await scheduler.queue('letters');
  const missing = 'arn:aws:sqs:us-east-1:000000000000:missing';
  const name = await scheduler.schedule('retried', scheduler.atIn(MINUTE), {
    Arn: missing,
    Input: 'attempt <aws.scheduler.attempt-number>',
    RetryPolicy: { MaximumRetryAttempts: 3 },
    DeadLetterConfig: { Arn: letters },
  });
  await scheduler.platform.clock.advance(MINUTE);
  assert.deepEqual(await scheduler.arrived(letters), [], 'not before the last attempt');
  await scheduler.platform.clock.advance(5 * MINUTE);
  const [letter, ...others] = await scheduler.arrived(letters);
  assert.deepEqual(others, []);
  const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/missing';
  assert.deepEqual(JSON.parse(letter!.Body!), { QueueUrl, MessageBody: 'attempt 4' });
  const values = Object.fromEntries(
    Object.entries(letter!.MessageAttributes!).map(([key, { StringValue }]) => [key, StringValue!]),
  );
  const { ERROR_MESSAGE, EXECUTION_ID, SCHEDULED_TIME, ...rest } = values;
  assert.match(ERROR_MESSAGE!, /queue does not exist/);
  assert.match(EXECUTION_ID!, /^[0-9a-f]{16}$/);
  assert.match(SCHEDULED_TIME!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(rest, {
    // The code of SQS's JSON protocol; the example of the guide is older and has that of Query.
    ERROR_CODE: 'QueueDoesNotExist',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: '3',
    SCHEDULE_ARN: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`,
    TARGET_ARN: missing,
  });
});

test('an event is given up when it is too old, and a target that comes back gets it before', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const letters = await scheduler.queue('aged');
  const at = scheduler.atIn(MINUTE);
  const missing = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${scheduler.unique(name)}`;
  const more = { Input: 'x', DeadLetterConfig: { Arn: letters } };
  const RetryPolicy = { MaximumEventAgeInSeconds: 600 };
  await scheduler.schedule('aged', at, { Arn: missing('never'), RetryPolicy, ...more });
  await scheduler.schedule('late', at, { Arn: missing('late'), ...more });
  await scheduler.platform.clock.advance(5 * MINUTE);
  const late = await scheduler.queue('late');
  await scheduler.platform.clock.advance(30 * MINUTE);
  assert.deepEqual(await scheduler.bodies(late), ['x']);
  const [letter, ...others] = await scheduler.arrived(letters);
  assert.deepEqual(others, []);
  const attributes = letter!.MessageAttributes!;
  assert.equal(attributes['EXHAUSTED_RETRY_CONDITION']!.StringValue, 'MaximumEventAgeInSeconds');
});

test('the age of an event counts from its moment of the window', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const letters = await scheduler.queue('windowed');
  const target = {
    Arn: `arn:aws:sqs:us-east-1:000000000000:${scheduler.unique('nowhere')}`,
    Input: 'x',
    RetryPolicy: { MaximumEventAgeInSeconds: 60 },
    DeadLetterConfig: { Arn: letters },
  };
  const FlexibleTimeWindow = { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 1_440 } as const;
  for (const name of ['one', 'two', 'three'])
    await scheduler.schedule(name, scheduler.atIn(MINUTE), target, { FlexibleTimeWindow });
  await scheduler.platform.clock.advance(25 * 60 * MINUTE);
  const attempts = (await scheduler.arrived(letters)).map(({ MessageAttributes: told }) =>
    Number(told!['RETRY_ATTEMPTS']!.StringValue),
  );
  assert.equal(attempts.length, 3);
  assert.ok(Math.min(...attempts) > 0, `they were tried ${attempts} times again`);
});

test('what a target does not implement is not tried twice, and the schedule goes on', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const letters = await scheduler.queue('unwritten');
  const Input = JSON.stringify({
    Name: 'encrypted',
    KmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k',
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: letters, RoleArn: ROLE },
  });
  const name = await scheduler.schedule('unwritten', scheduler.atIn(MINUTE), {
    Arn: universal('scheduler:createSchedule'),
    Input,
    DeadLetterConfig: { Arn: letters },
  });
  await scheduler.platform.clock.advance(2 * MINUTE);
  const [letter] = await scheduler.arrived(letters);
  assert.equal(letter!.MessageAttributes!['ERROR_CODE']!.StringValue, 'NotImplemented');
  assert.ok(await scheduler.client.send(new GetScheduleCommand({ Name: name })));
});

test('input that the operation’s model refuses is an error of the target', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const letters = await scheduler.queue('ill-formed');
  await scheduler.schedule('ill-formed', scheduler.atIn(MINUTE), {
    Arn: universal('sns:publish'),
    Input: JSON.stringify({ Message: 5 }),
    RetryPolicy: { MaximumRetryAttempts: 0 },
    DeadLetterConfig: { Arn: letters },
  });
  await scheduler.platform.clock.advance(2 * MINUTE);
  const [letter] = await scheduler.arrived(letters);
  assert.equal(letter!.MessageAttributes!['ERROR_CODE']!.StringValue, 'SerializationException');
  assert.equal(letter!.Body, '{"Message":5}');
});
