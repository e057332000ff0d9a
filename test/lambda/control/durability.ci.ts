import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  type LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { scratchDirectory } from '../../storage/scratch.ts';
import { gatedRuntime } from './gated-runtime.ts';
import { killableServer } from './killable-server.ts';
import {
  ACCOUNT,
  CODE,
  functionNamed,
  OTHER_CODE,
  settled,
  untilActive,
  untilUpdated,
} from './lambda-server.ts';

async function invoked(lambda: LambdaClient, FunctionName: string): Promise<string> {
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '"echo"' }));
  return Payload!.transformToString();
}

async function packagesIn(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'blobs'), { recursive: true });
  return names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(name));
}

test('what was answered is there after kill -9, and what was under way is taken up again', async (context) => {
  const dataDir = await scratchDirectory(context);
  const gate = await gatedRuntime('3.12.99');
  context.after(() => gate.remove());

  let server = await killableServer(context, dataDir, gate.path);
  await server.lambda.send(
    new CreateFunctionCommand(functionNamed('created', { Description: 'd', Tags: { a: 'b' } })),
  );
  await server.kill();

  server = await killableServer(context, dataDir, gate.path);
  await untilActive(server.lambda, 'created');
  const { Configuration, Code, Tags } = await server.lambda.send(
    new GetFunctionCommand({ FunctionName: 'created' }),
  );
  assert.deepEqual([Configuration!.Description, Tags], ['d', { a: 'b' }]);
  const download = await fetch(Code!.Location!);
  assert.deepEqual(Buffer.from(await download.arrayBuffer()), CODE);
  assert.equal(await invoked(server.lambda, 'created'), '"echo"');

  await server.lambda.send(new PublishVersionCommand({ FunctionName: 'created' }));
  await server.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'created', ZipFile: OTHER_CODE }));
  await server.kill();

  server = await killableServer(context, dataDir, gate.path);
  await untilUpdated(server.lambda, 'created');
  assert.equal(await invoked(server.lambda, 'created'), '"other"');
  assert.equal(await invoked(server.lambda, 'created:1'), '"echo"');

  const waiting = functionNamed('waiting', { Runtime: 'python3.12', Handler: 'index.handler' });
  await server.lambda.send(new CreateFunctionCommand(waiting));
  const arn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:created`;
  await server.lambda.send(new TagResourceCommand({ Resource: arn, Tags: { c: 'd' } }));
  await server.lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'created', Runtime: 'python3.12' }),
  );
  await server.kill();

  server = await killableServer(context, dataDir, gate.path);
  const pending = await server.lambda.send(new GetFunctionCommand({ FunctionName: 'waiting' }));
  assert.equal(pending.Configuration!.State, 'Pending');
  await gate.open();
  await untilActive(server.lambda, 'waiting');
  await untilUpdated(server.lambda, 'created');
  const changed = await server.lambda.send(new GetFunctionCommand({ FunctionName: 'created' }));
  assert.deepEqual([changed.Configuration!.Runtime, changed.Tags], ['python3.12', { a: 'b', c: 'd' }]);

  await server.lambda.send(new DeleteFunctionCommand({ FunctionName: 'created' }));
  await server.kill();

  server = await killableServer(context, dataDir, gate.path);
  const { Functions } = await server.lambda.send(new ListFunctionsCommand({}));
  assert.deepEqual(
    Functions!.map(({ FunctionName }) => FunctionName),
    ['waiting'],
  );
  assert.equal((await settled(server.lambda, 'waiting')).State, 'Active');
  // The killed server may have had no time to remove what only the deleted function needed.
  for (let left = await packagesIn(dataDir); left.length > 1; left = await packagesIn(dataDir))
    await delay(10);
  assert.equal((await packagesIn(dataDir)).length, 1);
  await server.kill();
});
