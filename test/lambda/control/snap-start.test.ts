/** SnapStart as a setting, at a level of isolation that has no snapshots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, settled, untilActive } from './lambda-server.ts';

// Any Python that this host has; without one there is another reason.
const { lambda } = await lambdaServer({ nearestRuntime: true, fetchRuntimes: false });
const SnapStart = { ApplyOn: 'PublishedVersions' as const };

// AWS's words are in aws-cloudformation/cfn-lint and many reports, for Node.js and, without the zip, for images.
test("a runtime without SnapStart is refused, in AWS's words", async () => {
  for (const Runtime of ['nodejs24.x', 'python3.11', 'ruby3.4', 'provided.al2023'] as const) {
    await assert.rejects(
      lambda.send(new CreateFunctionCommand(functionNamed('refused', { Runtime, SnapStart }))),
      refusal(
        'InvalidParameterValueException',
        `${Runtime} is not supported for SnapStart enabled functions.`,
        400,
      ),
      Runtime,
    );
  }
  await lambda.send(new CreateFunctionCommand(functionNamed('node')));
  await untilActive(lambda, 'node');
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'node', SnapStart })),
    refusal('InvalidParameterValueException', /^nodejs24\.x is not supported for SnapStart/, 400),
  );
});

test('a version that can have no snapshot is Failed, and says why', async () => {
  const python = functionNamed('python', { Runtime: 'python3.12', SnapStart });
  const created = await lambda.send(new CreateFunctionCommand(python));
  assert.deepEqual(created.SnapStart, { ...SnapStart, OptimizationStatus: 'Off' });
  const latest = await settled(lambda, 'python');
  assert.deepEqual(latest.SnapStart, { ...SnapStart, OptimizationStatus: 'Off' });
  if (latest.State !== 'Active') return assert.equal(latest.StateReasonCode, 'InvalidRuntime');
  const published = await lambda.send(new PublishVersionCommand({ FunctionName: 'python' }));
  assert.equal(published.State, 'Pending');
  assert.equal(published.StateReasonCode, 'Creating');
  assert.deepEqual(published.SnapStart, { ...SnapStart, OptimizationStatus: 'On' });
  const failed = await settled(lambda, 'python:1');
  assert.deepEqual(
    [failed.State, failed.StateReasonCode, failed.StateReason],
    ['Failed', 'InternalError', "At the isolation level 'process' no snapshots can be taken."],
  );
  const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'python' }));
  assert.deepEqual(
    Versions!.map((version) => version.SnapStart?.OptimizationStatus),
    ['Off', 'On'],
  );
});

test('a version published without SnapStart is Active at once', async () => {
  const python = functionNamed('plain', { Runtime: 'python3.12' });
  await lambda.send(new CreateFunctionCommand(python));
  if ((await settled(lambda, 'plain')).State !== 'Active') return;
  await lambda.send(new PublishVersionCommand({ FunctionName: 'plain' }));
  const version = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'plain', Qualifier: '1' }),
  );
  assert.deepEqual([version.State, version.SnapStart?.OptimizationStatus], ['Active', 'Off']);
});
