import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateRuntimeOn } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  GetRuntimeManagementConfigCommand,
  PublishVersionCommand,
  PutRuntimeManagementConfigCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function created(FunctionName: string): Promise<string> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  const { RuntimeVersionConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return RuntimeVersionConfig!.RuntimeVersionArn!;
}

async function managed(FunctionName: string): Promise<unknown[]> {
  const answer = await lambda.send(new GetRuntimeManagementConfigCommand({ FunctionName }));
  return [answer.FunctionArn, answer.UpdateRuntimeOn, answer.RuntimeVersionArn];
}

const manage = (FunctionName: string, mode: UpdateRuntimeOn, RuntimeVersionArn?: string) =>
  lambda.send(
    new PutRuntimeManagementConfigCommand({
      FunctionName,
      UpdateRuntimeOn: mode,
      ...(RuntimeVersionArn === undefined ? {} : { RuntimeVersionArn }),
    }),
  );

test('a function takes runtime versions by itself until it is told otherwise; versions begin with what it had', async () => {
  const runtimeVersion = await created('managed');
  assert.deepEqual(await managed('managed'), [arnOf('managed:$LATEST'), 'Auto', undefined]);
  const answer = await manage('managed', 'Manual', runtimeVersion);
  assert.deepEqual(
    [answer.FunctionArn, answer.UpdateRuntimeOn, answer.RuntimeVersionArn],
    [arnOf('managed:$LATEST'), 'Manual', runtimeVersion],
  );
  await lambda.send(new PublishVersionCommand({ FunctionName: 'managed' }));
  await manage('managed', 'FunctionUpdate');
  assert.deepEqual(await managed('managed'), [arnOf('managed:$LATEST'), 'FunctionUpdate', undefined]);
  assert.deepEqual(await managed('managed:1'), [arnOf('managed:1'), 'Manual', runtimeVersion]);
  await manage('managed:1', 'Auto');
  assert.deepEqual(await managed('managed:1'), [arnOf('managed:1'), 'Auto', undefined]);
  assert.equal(
    (await lambda.send(new PublishVersionCommand({ FunctionName: 'managed' }))).Version,
    '1',
    'neither code nor configuration has changed',
  );
});

test('a version of a runtime is demanded for Manual only, and only the one that is here can be had', async () => {
  const runtimeVersion = await created('pinned');
  const refuses = (attempt: Promise<unknown>, message: string): Promise<void> =>
    assert.rejects(attempt, refusal('InvalidParameterValueException', message, 400));
  await refuses(
    manage('pinned', 'Manual'),
    'Please provide RuntimeVersionArn when UpdateRuntimeOn is Manual.',
  );
  await refuses(
    manage('pinned', 'Auto', runtimeVersion),
    'RuntimeVersionArn can only be provided when UpdateRuntimeOn is Manual.',
  );
  const other = `arn:aws:lambda:us-east-1::runtime:${'0'.repeat(64)}`;
  await refuses(
    manage('pinned', 'Manual', other),
    `Runtime version ${other} is not available for the runtime nodejs24.x. Its version is ${runtimeVersion}.`,
  );
  assert.deepEqual(await managed('pinned'), [arnOf('pinned:$LATEST'), 'Auto', undefined]);
  await assert.rejects(
    managed('pinned:7'),
    refusal('ResourceNotFoundException', `Function not found: ${arnOf('pinned:7')}`, 404),
  );
});
