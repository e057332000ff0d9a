/** Answers that are compared word for word were recorded from AWS, except where a test says otherwise. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  TooManyRequestsException,
} from '@aws-sdk/client-lambda';
import { clientSettings, openPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { functionNamed, lambdaServer, refusal, untilActive } from './control/lambda-server.ts';
import { openGate, PASS_GATE } from './invoke/gate.ts';
import { metricOf } from './provisioned-functions.ts';

const { platform, lambda } = await lambdaServer();

async function reserve(FunctionName: string, ReservedConcurrentExecutions: number): Promise<void> {
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
}

async function unreserved(client: LambdaClient = lambda): Promise<number | undefined> {
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
  return AccountLimit?.UnreservedConcurrentExecutions;
}

function throttledBy(reason: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof TooManyRequestsException, String(error));
    assert.equal(error.$metadata.httpStatusCode, 429);
    assert.equal(error.message, 'Rate Exceeded.');
    assert.equal(error.Reason, reason);
    // The header `Retry-After`, by the API's model.
    assert.equal(error.retryAfterSeconds, '1');
    return true;
  };
}

test('reserved concurrency is shown wherever AWS shows it, and goes with the setting and the function', async () => {
  const FunctionName = 'shown';
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  const shown = async () => {
    const { Concurrency } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    const { ReservedConcurrentExecutions } = await lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName }),
    );
    return [Concurrency?.ReservedConcurrentExecutions, ReservedConcurrentExecutions, await unreserved()];
  };
  assert.deepEqual(await shown(), [undefined, undefined, 1_000]);
  await reserve(FunctionName, 0);
  assert.deepEqual(await shown(), [0, 0, 1_000]);
  await reserve(FunctionName, 300);
  assert.deepEqual(await shown(), [300, 300, 700]);
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  assert.deepEqual(await shown(), [undefined, undefined, 1_000]);
  await reserve(FunctionName, 200);
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  assert.equal(await unreserved(), 1_000);
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  assert.deepEqual(await shown(), [undefined, undefined, 1_000]);
});

test('functions cannot together reserve more than leaves 100 of the account', async () => {
  for (const name of ['much', 'rest']) await lambda.send(new CreateFunctionCommand(functionNamed(name)));
  await reserve('much', 800);
  // Not recorded; so AWS's users quote it.
  const words =
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
  await assert.rejects(reserve('rest', 101), refusal('InvalidParameterValueException', words, 400));
  await reserve('rest', 100);
  await assert.rejects(reserve('much', 801), refusal('InvalidParameterValueException', words, 400));
  for (const FunctionName of ['much', 'rest'])
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const both = await Promise.allSettled([reserve('much', 900), reserve('rest', 900)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  for (const FunctionName of ['much', 'rest']) await lambda.send(new DeleteFunctionCommand({ FunctionName }));
});

test('only functions have reserved concurrency, and only those that are there', async () => {
  const FunctionName = 'whole';
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await assert.rejects(
    reserve(`${FunctionName}:$LATEST`, 1),
    refusal('InvalidParameterValueException', /^This operation is permitted on Lambda functions only\./, 400),
  );
  const missing = 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody';
  const notFound = refusal('ResourceNotFoundException', missing, 404);
  await assert.rejects(reserve('nobody', 1), notFound);
  await assert.rejects(lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: 'nobody' })), notFound);
  await assert.rejects(
    lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'nobody' })),
    notFound,
  );
});

test('a function with nothing reserved for it is throttled whole, streamed or not', async () => {
  const FunctionName = 'stopped';
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await reserve(FunctionName, 0);
  const throttled = throttledBy('ReservedFunctionConcurrentInvocationLimitExceeded');
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName })), throttled);
  await assert.rejects(lambda.send(new InvokeWithResponseStreamCommand({ FunctionName })), throttled);
  assert.equal((await metricOf(platform, 'Throttles', { FunctionName }))?.sum, 2);
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  const { StatusCode } = await lambda.send(new InvokeCommand({ FunctionName }));
  assert.equal(StatusCode, 200);
});

test('so many run at once as are reserved, and the next when one is done', async () => {
  const FunctionName = 'two';
  const code = `const pass = ${PASS_GATE}; exports.handler = async ({ gate }) => { await pass(gate); return 'passed'; };`;
  const Code = { ZipFile: await zipOf({ 'index.js': code }) };
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName, { Code, Timeout: 30 })));
  await reserve(FunctionName, 2);
  await using gate = openGate(platform);
  const Payload = JSON.stringify({ gate: gate.name });
  const invoke = () => lambda.send(new InvokeCommand({ FunctionName, Payload }));
  const running = [invoke(), invoke()];
  await gate.arrived(2);
  await assert.rejects(invoke(), throttledBy('ReservedFunctionConcurrentInvocationLimitExceeded'));
  await gate.open();
  for (const { Payload: answer } of await Promise.all(running))
    assert.equal(answer?.transformToString(), '"passed"');
  const { Payload: answer } = await invoke();
  assert.equal(answer?.transformToString(), '"passed"');
});

test('what is reserved outlives the server', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  const started = async () => {
    const server = await openPlatform({ dataDir, isolation: 'process' });
    return { server, client: new LambdaClient(clientSettings(server)) };
  };
  const FunctionName = 'kept';
  {
    const { server, client } = await started();
    await using _ = server;
    await client.send(new CreateFunctionCommand(functionNamed(FunctionName)));
    await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 7 }));
    client.destroy();
  }
  const { server, client } = await started();
  await using _ = server;
  const { Concurrency } = await client.send(new GetFunctionCommand({ FunctionName }));
  assert.deepEqual(Concurrency, { ReservedConcurrentExecutions: 7 });
  assert.equal(await unreserved(client), 993);
  client.destroy();
});
