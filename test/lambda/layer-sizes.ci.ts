import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  PublishLayerVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { craftedZip } from '../storage/packages/crafted-zip.ts';
import {
  ACCOUNT,
  functionNamed,
  lambdaServer,
  refusal,
  untilActive,
  untilUpdated,
} from './control/lambda-server.ts';

const { lambda } = await lambdaServer();

async function publish(LayerName: string, ZipFile: Buffer): Promise<string> {
  await lambda.send(new PublishLayerVersionCommand({ LayerName, Content: { ZipFile } }));
  return `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:${LayerName}:1`;
}

test('code and layers together may have 250 MB unpacked', async () => {
  const big = craftedZip([{ name: 'a', content: Buffer.alloc(150_000_000), deflate: true }]);
  const bigger = craftedZip([{ name: 'b', content: Buffer.alloc(112_144_001), deflate: true }]);
  const Big = await publish('big', big);
  const Bigger = await publish('bigger', bigger);
  const tooLarge = refusal(
    'InvalidParameterValueException',
    'Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is 262144001 bytes.',
  );
  const create = (rest: Partial<CreateFunctionCommandInput>) =>
    lambda.send(new CreateFunctionCommand(functionNamed('heavy', rest)));
  await assert.rejects(create({ Layers: [Big], Code: { ZipFile: bigger } }), tooLarge);
  await assert.rejects(
    create({ Layers: [Big, Bigger] }),
    refusal(
      'InvalidParameterValueException',
      'Layers consume more than the available size of 262144000 bytes',
    ),
  );
  await create({ Layers: [Big] });
  await untilActive(lambda, 'heavy');
  const replace = new UpdateFunctionCodeCommand({ FunctionName: 'heavy', ZipFile: bigger });
  await assert.rejects(lambda.send(replace), tooLarge);
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'heavy', Layers: [] }));
  await untilUpdated(lambda, 'heavy');
  await lambda.send(replace);
  await untilUpdated(lambda, 'heavy');
  const add = new UpdateFunctionConfigurationCommand({ FunctionName: 'heavy', Layers: [Big] });
  await assert.rejects(lambda.send(add), tooLarge);
});
