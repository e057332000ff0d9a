/** Subscription filters over the wire: to Kinesis, to functions, and through destinations. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DeleteLogGroupCommand,
  DeleteSubscriptionFilterCommand,
  DescribeSubscriptionFiltersCommand,
  PutDestinationCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { decoded, ROLE, SubscriptionTester } from './subscription-tester.ts';

let tester: SubscriptionTester;

before(async () => {
  tester = await SubscriptionTester.open();
});

after(() => tester.close());

test('a Kinesis stream gets a control message, then what matches, by log stream or at random', async () => {
  const logGroupName = await tester.group();
  const destinationArn = await tester.stream('k');
  const filter = { logGroupName, filterName: 'f', filterPattern: 'ERROR', destinationArn, roleArn: ROLE };
  await tester.put(logGroupName, 'ERROR of before');
  await tester.logs.send(new PutSubscriptionFilterCommand(filter));
  await tester.put(logGroupName, 'ERROR one', 'all is well', 'ERROR two');
  const [control, data, ...others] = await tester.records('k');
  const timestamp = control!.logEvents[0]!.timestamp;
  assert.deepEqual(
    { ...control, key: undefined },
    {
      messageType: 'CONTROL_MESSAGE',
      owner: 'CloudwatchLogs',
      logGroup: '',
      logStream: '',
      subscriptionFilters: [],
      logEvents: [
        {
          id: '',
          timestamp,
          message: 'CWL CONTROL MESSAGE: Checking health of destination Kinesis.',
        },
      ],
      key: undefined,
    },
  );
  assert.deepEqual(
    { ...data, logEvents: data!.logEvents.map(({ message }) => message) },
    {
      messageType: 'DATA_MESSAGE',
      owner: '000000000000',
      logGroup: logGroupName,
      logStream: 's',
      subscriptionFilters: ['f'],
      logEvents: ['ERROR one', 'ERROR two'],
      key: 's',
    },
  );
  assert.match(data!.logEvents[0]!.id, /^\d{56}$/);
  assert.deepEqual(others, []);

  await tester.logs.send(new PutSubscriptionFilterCommand({ ...filter, distribution: 'Random' }));
  await tester.put(logGroupName, 'ERROR three');
  const last = (await tester.records('k')).at(-1)!;
  assert.equal(last.logEvents[0]!.message, 'ERROR three');
  assert.notEqual(last.key, 's');
});

test('a group has two filters at most, which are listed by name and go with it', async () => {
  const logGroupName = await tester.group();
  const destinationArn = await tester.stream('two-filters');
  const put = (filterName: string, more: object = {}) =>
    tester.logs.send(
      new PutSubscriptionFilterCommand({
        ...{ logGroupName, filterName, filterPattern: '', destinationArn, roleArn: ROLE },
        ...more,
      }),
    );
  const names = async () => {
    const command = new DescribeSubscriptionFiltersCommand({ logGroupName });
    return (await tester.logs.send(command)).subscriptionFilters!.map(({ filterName }) => filterName);
  };
  await put('b');
  await put('a');
  await assert.rejects(put('c'), { name: 'LimitExceededException', message: 'Resource limit exceeded.' });
  assert.deepEqual(await names(), ['a', 'b']);
  const remove = new DeleteSubscriptionFilterCommand({ logGroupName, filterName: 'a' });
  await tester.logs.send(remove);
  await assert.rejects(tester.logs.send(remove), {
    name: 'ResourceNotFoundException',
    message: 'The specified subscription filter does not exist.',
  });
  assert.deepEqual(await names(), ['b']);
  await tester.logs.send(new DeleteLogGroupCommand({ logGroupName }));
  await assert.rejects(names(), { message: 'The specified log group does not exist.' });
});

test('a destination that is not there, or of a service that takes no logs, is refused', async () => {
  const logGroupName = await tester.group();
  const put = (destinationArn: string, roleArn?: string) =>
    tester.logs.send(
      new PutSubscriptionFilterCommand({
        logGroupName,
        filterName: 'f',
        filterPattern: '',
        destinationArn,
        roleArn,
      }),
    );
  const scope = 'us-east-1:000000000000';
  const lambda = `arn:aws:lambda:${scope}:function:none`;
  const invalid = (message: string | RegExp) => ({ name: 'InvalidParameterException', message });
  await assert.rejects(
    put(lambda),
    invalid(
      'Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.',
    ),
  );
  await assert.rejects(
    put(lambda, ROLE),
    invalid('destinationArn for vendor lambda cannot be used with roleArn'),
  );
  const kinesis = `arn:aws:kinesis:${scope}:stream/none`;
  await assert.rejects(put(kinesis, ROLE), invalid(/^Could not deliver test message to specified Kinesis/));
  await assert.rejects(
    put(kinesis),
    invalid('destinationArn for vendor kinesis cannot be used without roleArn'),
  );
  await assert.rejects(
    put(`arn:aws:sqs:${scope}:q`),
    invalid('PutSubscriptionFilter operation cannot work with destinationArn for vendor sqs'),
  );
  await assert.rejects(
    put(`arn:aws:logs:${scope}:destination:none`),
    invalid(/^Could not deliver test message to specified destination/),
  );
});

test('a function that lets CloudWatch Logs in gets the events of its group in awslogs.data', async (context) => {
  const lambda = new LambdaClient(clientSettings(tester.platform));
  const sqs = new SQSClient(clientSettings(tester.platform));
  context.after(() => {
    lambda.destroy();
    sqs.destroy();
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const FunctionName = 'echo';
  const { FunctionArn: destinationArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: ROLE,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async (event) => event;' }) },
    }),
  );
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      DestinationConfig: { OnSuccess: { Destination: 'arn:aws:sqs:us-east-1:000000000000:q' } },
    }),
  );
  const logGroupName = await tester.group();
  const filter = { logGroupName, filterName: 'f', filterPattern: '', destinationArn };
  const put = () => tester.logs.send(new PutSubscriptionFilterCommand(filter));
  const permit = (StatementId: string, Principal: string, SourceArn: string) =>
    lambda.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId,
        Action: 'lambda:InvokeFunction',
        Principal,
        SourceArn,
      }),
    );
  const groupArn = (name: string) => `arn:aws:logs:us-east-1:000000000000:log-group:${name}:*`;
  await permit('other', 'logs.us-east-1.amazonaws.com', groupArn('other'));
  await assert.rejects(put(), /Could not execute the lambda function/);
  await permit('this', 'logs.amazonaws.com', groupArn(logGroupName));
  await put();
  await tester.put(logGroupName, 'hello', 'world');
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  const { awslogs } = JSON.parse(Messages![0]!.Body!).responsePayload;
  const data = decoded(Buffer.from(awslogs.data, 'base64'));
  assert.deepEqual(
    [data.messageType, data.logGroup, data.logEvents.map(({ message }) => message)],
    ['DATA_MESSAGE', logGroupName, ['hello', 'world']],
  );
});

test('a destination stands for the stream behind it, also after that was changed', async () => {
  const logGroupName = await tester.group();
  const destine = (targetArn: string) =>
    tester.logs.send(new PutDestinationCommand({ destinationName: 'd', targetArn, roleArn: ROLE }));
  const { destination } = await destine(await tester.stream('one'));
  await tester.logs.send(
    new PutSubscriptionFilterCommand({
      logGroupName,
      filterName: 'f',
      filterPattern: '',
      destinationArn: destination!.arn,
    }),
  );
  await tester.put(logGroupName, 'first');
  assert.deepEqual(
    (await tester.records('one')).map(({ logEvents }) => logEvents[0]!.message),
    ['CWL CONTROL MESSAGE: Checking health of destination Kinesis.', 'first'],
  );
  await destine(await tester.stream('two'));
  await tester.put(logGroupName, 'second');
  assert.equal((await tester.records('two'))[0]!.logEvents[0]!.message, 'second');
});
