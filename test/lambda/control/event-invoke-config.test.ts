import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigsCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { ACCOUNT, functionNamed, lambdaServer, untilActive } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:queue`;
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:topic`;
const BUCKET = 'arn:aws:s3:::bucket';

async function create(name: string): Promise<string> {
  const { FunctionArn } = await lambda.send(new CreateFunctionCommand(functionNamed(name)));
  await untilActive(lambda, name);
  return FunctionArn!;
}

const put = (FunctionName: string, rest: object) =>
  lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, ...rest }));

describe('the configuration of asynchronous invocation', () => {
  test('is put, updated, read, listed and deleted', async () => {
    const arn = await create('cycle');
    const first = await put('cycle', { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    assert.ok(first.LastModified instanceof Date && Date.now() - first.LastModified.getTime() < 60_000);
    const described = ({ $metadata: _, LastModified: __, ...config }: typeof first) => config;
    assert.deepEqual(described(first), {
      FunctionArn: `${arn}:$LATEST`,
      // Recorded: both are there where nothing was set.
      DestinationConfig: { OnSuccess: {}, OnFailure: {} },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
    const update = { FunctionName: 'cycle', DestinationConfig: { OnFailure: { Destination: QUEUE } } };
    await lambda.send(new UpdateFunctionEventInvokeConfigCommand(update));
    const read = await lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: 'cycle' }));
    assert.deepEqual(described(read), {
      ...described(first),
      DestinationConfig: { OnSuccess: {}, OnFailure: { Destination: QUEUE } },
    });
    // Put replaces what was there; an empty destination is none.
    const replaced = await put('cycle', {
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: '' } },
    });
    assert.deepEqual(described(replaced), {
      FunctionArn: `${arn}:$LATEST`,
      DestinationConfig: { OnSuccess: {}, OnFailure: {} },
      MaximumRetryAttempts: 1,
    });
    await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName: 'cycle' }));
    await assert.rejects(lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: 'cycle' })), {
      name: 'ResourceNotFoundException',
      message: `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`,
    });
  });

  test('is that of a version, of an alias, or of what is not published', async () => {
    const arn = await create('qualified');
    await lambda.send(new PublishVersionCommand({ FunctionName: 'qualified' }));
    await lambda.send(
      new CreateAliasCommand({ FunctionName: 'qualified', Name: 'live', FunctionVersion: '1' }),
    );
    for (const [index, Qualifier] of [undefined, '1', 'live'].entries())
      await put('qualified', { Qualifier, MaximumRetryAttempts: index });
    const list = (rest: object) =>
      lambda.send(new ListFunctionEventInvokeConfigsCommand({ FunctionName: 'qualified', ...rest }));
    const first = await list({ MaxItems: 2 });
    const rest = await list({ Marker: first.NextMarker });
    assert.equal(rest.NextMarker, undefined);
    assert.deepEqual(
      [...first.FunctionEventInvokeConfigs!, ...rest.FunctionEventInvokeConfigs!].map(
        ({ FunctionArn, MaximumRetryAttempts }) => [FunctionArn, MaximumRetryAttempts],
      ),
      [
        [`${arn}:$LATEST`, 0],
        [`${arn}:1`, 1],
        [`${arn}:live`, 2],
      ],
    );
    await assert.rejects(put('qualified', { Qualifier: '9', MaximumRetryAttempts: 1 }), {
      name: 'ResourceNotFoundException',
      message: "The function doesn't exist.",
    });
  });

  test('goes with its function', async () => {
    await create('brief');
    await put('brief', { MaximumRetryAttempts: 1 });
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'brief' }));
    await create('brief');
    const { FunctionEventInvokeConfigs } = await lambda.send(
      new ListFunctionEventInvokeConfigsCommand({ FunctionName: 'brief' }),
    );
    assert.deepEqual(FunctionEventInvokeConfigs, []);
  });

  test('is refused where it says nothing, or a destination that cannot be', async () => {
    const arn = await create('strict');
    await put('strict', { DestinationConfig: { OnFailure: { Destination: BUCKET } } });
    const missing = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:missing`;
    const refused: [object, string][] = [
      [{}, 'You must specify at least one of error handling or destination setting.'],
      [
        { DestinationConfig: { OnSuccess: { Destination: `${arn}:$LATEST` } } },
        "You can't specify the function as a destination for itself.",
      ],
      [
        { DestinationConfig: { OnFailure: { Destination: missing } } },
        `The destination ARN ${missing} is invalid.`,
      ],
      [
        { DestinationConfig: { OnSuccess: { Destination: BUCKET }, OnFailure: { Destination: TOPIC } } },
        `The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=${BUCKET}), onFailure=OnFailure(destination=${TOPIC})) is invalid.`,
      ],
    ];
    for (const [config, message] of refused)
      await assert.rejects(put('strict', config), { name: 'InvalidParameterValueException', message });
    for (const config of [{ MaximumRetryAttempts: 3 }, { MaximumEventAgeInSeconds: 59 }])
      await assert.rejects(put('strict', config), { name: 'ValidationException' });
    await create('without');
    await assert.rejects(
      lambda.send(
        new UpdateFunctionEventInvokeConfigCommand({ FunctionName: 'without', MaximumRetryAttempts: 1 }),
      ),
      /doesn't have an EventInvokeConfig/,
    );
  });
});
