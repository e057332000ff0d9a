/** Weights of aliases, counted over so many invocations that chance does not blur them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, untilActive, untilUpdated } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const CALLERS = 10;
const INVOCATIONS_EACH = 100;

test('of 1,000 invocations of an alias with 0.1 for the second version, about 100 go there', async () => {
  const FunctionName = 'canary';
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'second' }));
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  const RoutingConfig = { AdditionalVersionWeights: { 2: 0.1 } };
  await lambda.send(
    new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1', RoutingConfig }),
  );

  const seen = new Map<string, number>();
  const calls = async (): Promise<void> => {
    for (let count = 0; count < INVOCATIONS_EACH; count += 1) {
      const { ExecutedVersion } = await lambda.send(new InvokeCommand({ FunctionName, Qualifier: 'live' }));
      seen.set(ExecutedVersion!, (seen.get(ExecutedVersion!) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, calls));
  const ofSecond = seen.get('2') ?? 0;
  assert.equal((seen.get('1') ?? 0) + ofSecond, CALLERS * INVOCATIONS_EACH);
  // Five standard deviations of 9.5 to each side: outside once in 1,000,000 runs.
  assert.ok(ofSecond > 52 && ofSecond < 148, `${ofSecond} of 1,000 went to the second version`);
});
