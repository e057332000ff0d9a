import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  GetLayerVersionCommand,
  InvokeCommand,
  type LambdaClient,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
} from '@aws-sdk/client-lambda';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import { zipOf } from '../kit/zip.ts';
import { hashes } from '../ports/blob-store-suite.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { killableServer } from './control/killable-server.ts';
import { ACCOUNT, functionNamed } from './control/lambda-server.ts';

const READ = `const fs = require('node:fs');
const opt = process.env.NODE_PATH.split(':')[1].slice(0, -'/nodejs/node_modules'.length);
exports.handler = async () => fs.readdirSync(opt).sort();`;

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:${name}:1`;

test('layers are as they were answered after kill -9, and what nothing needs goes at the next start', async (context) => {
  const dataDir = await scratchDirectory(context);
  const blobs = async (): Promise<string[]> =>
    hashes(await openFileBlobStore({ directory: `${dataDir}/blobs` }));
  const zips = new Map<string, Buffer>();
  const publish = async (lambda: LambdaClient, LayerName: string): Promise<number | undefined> => {
    const ZipFile = zips.get(LayerName) ?? (await zipOf({ [`${LayerName}.txt`]: LayerName }));
    zips.set(LayerName, ZipFile);
    const Content = { ZipFile };
    return (await lambda.send(new PublishLayerVersionCommand({ LayerName, Content }))).Version;
  };
  const files = async (lambda: LambdaClient): Promise<unknown> => {
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'user' }));
    return JSON.parse(Payload!.transformToString());
  };

  let server = await killableServer(context, dataDir);
  for (const name of ['a', 'b', 'unused']) await publish(server.lambda, name);
  await server.kill();

  server = await killableServer(context, dataDir);
  const Code = { ZipFile: await zipOf({ 'index.js': READ }) };
  const Layers = [arnOf('a'), arnOf('b')];
  await server.lambda.send(new CreateFunctionCommand(functionNamed('user', { Code, Layers })));
  await server.kill();

  server = await killableServer(context, dataDir);
  assert.deepEqual(await files(server.lambda), ['a.txt', 'b.txt']);
  for (const LayerName of ['a', 'unused'])
    await server.lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }));
  await server.kill();

  server = await killableServer(context, dataDir);
  assert.deepEqual(await files(server.lambda), ['a.txt', 'b.txt']);
  const listed = await server.lambda.send(new ListLayerVersionsCommand({ LayerName: 'a' }));
  assert.deepEqual(listed.LayerVersions, []);
  // Code, and the packages of a and b; the killed server may have had no time to remove the third.
  while ((await blobs()).length > 3) await delay(10);
  assert.equal(await publish(server.lambda, 'unused'), 2);
  await server.lambda.send(new DeleteFunctionCommand({ FunctionName: 'user' }));
  await server.kill();

  server = await killableServer(context, dataDir);
  while ((await blobs()).length > 2) await delay(10);
  const b = await server.lambda.send(new GetLayerVersionCommand({ LayerName: 'b', VersionNumber: 1 }));
  const download = await fetch(b.Content!.Location!);
  assert.deepEqual(Buffer.from(await download.arrayBuffer()), zips.get('b'));
  await server.kill();
});
