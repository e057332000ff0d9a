import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { PipesTester, ROLE } from './pipes-tester.ts';

/** The ARN of a queue that any service may send to. */
async function openQueue(pipes: PipesTester, name: string): Promise<string> {
  const queue = await pipes.queue(name);
  const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: queue };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const command = { QueueUrl: pipes.urlOf(queue), Attributes: { Policy } };
  await pipes.queues.send(new SetQueueAttributesCommand(command));
  return queue;
}

test('a topic is published to', async (context) => {
  const pipes = await PipesTester.start(context);
  const sns = new SNSClient(clientSettings(pipes.platform));
  context.after(() => sns.destroy());
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: pipes.unique('topic') }));
  const [source, queue] = [await pipes.queue('to-topic'), await openQueue(pipes, 'subscribed')];
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue, Attributes }));
  await pipes.pipe('topic', source, TopicArn!, { TargetParameters: { InputTemplate: 'said: <$.body>' } });
  await pipes.send(source, 'hi');
  assert.deepEqual(await pipes.bodies(queue), ['said: hi']);
});

test('a bus gets events, named after the pipe or by the event itself', async (context) => {
  const pipes = await PipesTester.start(context);
  const events = new EventBridgeClient(clientSettings(pipes.platform));
  context.after(() => events.destroy());
  const Name = pipes.unique('bus');
  const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name }));
  const [plain, named, queue] = [
    await pipes.queue('plain'),
    await pipes.queue('named'),
    await openQueue(pipes, 'bus'),
  ];
  const rule = { Name: 'all', EventBusName: Name };
  await events.send(new PutRuleCommand({ ...rule, EventPattern: '{"account":["000000000000"]}' }));
  await events.send(
    new PutTargetsCommand({ Rule: rule.Name, EventBusName: Name, Targets: [{ Id: 'q', Arn: queue }] }),
  );
  const InputTemplate = '{"said": <$.body.text>}';
  const name = await pipes.pipe('plain', plain, EventBusArn!, { TargetParameters: { InputTemplate } });
  await pipes.pipe('named', named, EventBusArn!, {
    TargetParameters: {
      InputTemplate,
      EventBridgeEventBusParameters: {
        DetailType: '$.body.type',
        Source: 'my.source',
        Resources: ['$.body.arn'],
      },
    },
  });
  const took = async () => {
    const { source, 'detail-type': type, resources, detail } = JSON.parse((await pipes.bodies(queue))[0]!);
    return { source, type, resources, detail };
  };
  await pipes.send(plain, '{"text":"a"}');
  assert.deepEqual(await took(), {
    source: `Pipe ${name}`,
    type: 'Event from aws:sqs',
    resources: [],
    detail: { said: 'a' },
  });
  const arn = 'arn:aws:s3:::bucket';
  await pipes.send(named, JSON.stringify({ text: 'b', type: 'Said', arn }));
  assert.deepEqual(await took(), {
    source: 'my.source',
    type: 'Said',
    resources: [arn],
    detail: { said: 'b' },
  });
});

test('a delivery stream gets records, which it delivers', async (context) => {
  const pipes = await PipesTester.start(context);
  const firehose = new FirehoseClient(clientSettings(pipes.platform));
  const s3 = new S3Client({ ...clientSettings(pipes.platform), forcePathStyle: true });
  context.after(() => {
    firehose.destroy();
    s3.destroy();
  });
  const Bucket = pipes.unique('delivered');
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { DeliveryStreamARN } = await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: pipes.unique('delivery'),
      ExtendedS3DestinationConfiguration: {
        BucketARN: `arn:aws:s3:::${Bucket}`,
        RoleARN: ROLE,
        BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 1 },
      },
    }),
  );
  await pipes.platform.clock.advance(60_000);
  const source = await pipes.queue('to-firehose');
  await pipes.pipe('firehose', source, DeliveryStreamARN!, {
    TargetParameters: { InputTemplate: '<$.body>' },
  });
  await pipes.send(source, 'delivered');
  let Key: string | undefined;
  while (Key === undefined) {
    await pipes.platform.clock.advance(61_000);
    Key = (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.[0]?.Key;
  }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await Body!.transformToString(), 'delivered');
});

test('a group of logs gets events at the time that is in them', async (context) => {
  const pipes = await PipesTester.start(context);
  const logs = new CloudWatchLogsClient(clientSettings(pipes.platform));
  context.after(() => logs.destroy());
  const logGroupName = pipes.unique('group');
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }));
  const [source, done] = [await pipes.queue('to-logs'), await pipes.queue('done')];
  await pipes.pipe('logs', source, `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}`, {
    TargetParameters: {
      InputTemplate: '<$.body.text>',
      CloudWatchLogsParameters: { LogStreamName: 's', Timestamp: '$.body.at' },
    },
  });
  const at = pipes.platform.clock.now() - 5_000;
  await pipes.send(source, JSON.stringify({ text: 'logged', at }));
  let events: { message?: string | undefined; timestamp?: number | undefined }[] = [];
  while (events.length === 0) {
    await pipes.platform.clock.advance(1_000);
    const answer = await logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName: 's', startFromHead: true }),
    );
    events = answer.events!;
  }
  assert.deepEqual(
    events.map(({ message, timestamp }) => ({ message, timestamp })),
    [{ message: 'logged', timestamp: at }],
  );
  assert.deepEqual(await pipes.arrived(done), []);
});

test('a function that is not waited for is invoked with the list', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, results] = [await pipes.queue('forgotten'), await pipes.queue('results')];
  const target = await pipes.function('forgotten', 'async (events) => events.map(({ body }) => body)');
  const DestinationConfig = { OnSuccess: { Destination: results } };
  await pipes.lambda.send(
    new PutFunctionEventInvokeConfigCommand({ FunctionName: target, DestinationConfig }),
  );
  await pipes.pipe('forgotten', source, target, {
    TargetParameters: { LambdaFunctionParameters: { InvocationType: 'FIRE_AND_FORGET' } },
  });
  await pipes.send(source, 'x');
  const [body] = await pipes.bodies(results);
  assert.deepEqual(JSON.parse(body!).responsePayload, ['x']);
});
