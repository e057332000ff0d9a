/** Layers with AWS CLI v2, as its documentation shows them. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { aws, awsJson } from '../kit/aws-cli.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const ROLE = 'arn:aws:iam::000000000000:role/of-tests';

test('AWS CLI v2 publishes a layer, configures a function with it, invokes that, and deletes the layer', async (context) => {
  const platform = await startedPlatform(context);
  const directory = await scratchDirectory(context);
  const [layer, code, answer] = ['layer.zip', 'code.zip', 'answer'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(layer, await zipOf({ 'nodejs/node_modules/greeting/index.js': 'exports.text = "hello";' }));
  await writeFile(
    code,
    await zipOf({ 'index.js': 'exports.handler = async () => require("greeting").text;' }),
  );
  const lambda = <T>(...args: string[]): Promise<T> => awsJson<T>(platform, 'lambda', ...args);
  const { LayerVersionArn } = await lambda<{ LayerVersionArn: string }>(
    'publish-layer-version',
    '--layer-name=greeting',
    '--compatible-runtimes=nodejs24.x',
    '--compatible-architectures=x86_64',
    `--zip-file=fileb://${layer}`,
  );
  const { Layers } = await lambda<{ Layers: unknown }>(
    'create-function',
    '--function-name=greeter',
    '--runtime=nodejs24.x',
    '--handler=index.handler',
    `--role=${ROLE}`,
    `--zip-file=fileb://${code}`,
    `--layers=${LayerVersionArn}`,
  );
  assert.deepEqual(Layers, [{ Arn: LayerVersionArn, CodeSize: (await readFile(layer)).length }]);
  await lambda('invoke', '--function-name=greeter', answer);
  assert.equal(await readFile(answer, 'utf8'), '"hello"');

  const permission = ['--layer-name=greeting', '--version-number=1', '--statement-id=all'];
  await lambda(
    'add-layer-version-permission',
    ...permission,
    '--action=lambda:GetLayerVersion',
    '--principal=*',
  );
  const { Policy } = await lambda<{ Policy: string }>(
    'get-layer-version-policy',
    '--layer-name=greeting',
    '--version-number=1',
  );
  assert.equal(JSON.parse(Policy).Statement[0].Principal, '*');
  await lambda('remove-layer-version-permission', ...permission);

  await lambda('delete-layer-version', '--layer-name=greeting', '--version-number=1');
  assert.deepEqual(await lambda('list-layers'), { Layers: [] });
  const gone = await aws(
    platform,
    'lambda',
    'get-layer-version',
    '--layer-name=greeting',
    '--version-number=1',
  );
  assert.match(
    gone.stderr,
    /\(ResourceNotFoundException\) when calling the GetLayerVersion operation .*: The resource you requested does not exist\./,
  );
  await lambda('invoke', '--function-name=greeter', answer);
  assert.equal(await readFile(answer, 'utf8'), '"hello"');
});
