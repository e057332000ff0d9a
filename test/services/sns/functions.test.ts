import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { SnsTester } from './sns-tester.ts';

const ROLE = 'arn:aws:iam::000000000000:role/r';
const ECHO = 'exports.handler = async (event) => event;';

/** The ARN of a function that answers its event, which then is sent to `destination`. */
async function echo(sns: SnsTester, lambda: LambdaClient, name: string, destination: string) {
  const FunctionName = sns.unique(name);
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: ROLE,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': ECHO }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
  const DestinationConfig = { OnSuccess: { Destination: destination } };
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
  return FunctionArn!;
}

test('a function that lets the topic in gets its record, and its destination may be a topic', async (context) => {
  const sns = await SnsTester.start(context);
  const lambda = new LambdaClient(clientSettings(sns.platform));
  context.after(() => lambda.destroy());
  const [topic, results] = [await sns.topic('events'), await sns.topic('results')];
  const queue = await sns.queue('results');
  await sns.subscribe(results, queue, { RawMessageDelivery: 'true' });
  const endpoint = await echo(sns, lambda, 'echo', results);
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: endpoint,
      StatementId: 'sns',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: topic,
    }),
  );
  const subscription = await sns.subscribe(topic, endpoint, {}, 'lambda');
  const { MessageId } = await sns.publish(topic, 'hello', {
    MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
  });
  const [message] = await sns.receive(queue);
  const [record] = JSON.parse(message!.Body!).responsePayload.Records;
  const { Timestamp, Signature, SigningCertUrl, UnsubscribeUrl, ...rest } = record.Sns;
  assert.deepEqual(
    { ...record, Sns: rest },
    {
      EventSource: 'aws:sns',
      EventVersion: '1.0',
      EventSubscriptionArn: subscription,
      Sns: {
        Type: 'Notification',
        MessageId,
        TopicArn: topic,
        Subject: null,
        Message: 'hello',
        SignatureVersion: '1',
        MessageAttributes: { kind: { Type: 'String', Value: 'x' } },
      },
    },
  );
  assert.match(Timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.ok(Signature && SigningCertUrl && UnsubscribeUrl);
});

test('where the function does not let the topic in, the message is a dead letter', async (context) => {
  const sns = await SnsTester.start(context);
  const lambda = new LambdaClient(clientSettings(sns.platform));
  context.after(() => lambda.destroy());
  const [topic, letters] = [await sns.topic('closed'), await sns.queue('closed')];
  const endpoint = await echo(sns, lambda, 'closed', letters);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: letters });
  await sns.subscribe(topic, endpoint, { RedrivePolicy }, 'lambda');
  await sns.publish(topic, 'refused');
  const [message] = await sns.receive(letters);
  assert.equal(JSON.parse(message!.Body!).Message, 'refused', 'the notification, as recorded');
});
