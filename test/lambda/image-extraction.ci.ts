/** A large image is unpacked beside the server: what that waits for keeps nobody else waiting. Needs mkfifo and cat. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { builtImage } from '../kit/container-image.ts';
import { writeLayout } from '../kit/oci-layout.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { createProbe, invokeProbe } from './invoke/probe-function.ts';

const run = promisify(execFile);

test('a function is invoked while the image of another one is being extracted, in a thread', async (context) => {
  const [dataDir, imageLayouts, elsewhere] = await Promise.all(
    [0, 1, 2].map(() => scratchDirectory(context)),
  );
  const platform = await startedPlatform(context, {
    dataDir: dataDir!,
    isolation: 'process',
    imageLayouts: imageLayouts!,
  });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await createProbe(lambda, 'quick', {
    Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async (event) => event;' }) },
  });
  const image = await builtImage({ layers: [[{ name: 'file', content: 'content' }]] });
  await writeLayout(join(imageLayouts!, 'app'), image, { tag: 'v1' });
  // The layer is here already, and says what it holds when the test wants it to.
  const [layer, content] = [...image.blobs][0]!;
  const sha256 = layer.slice('sha256:'.length);
  const gate = join(dataDir!, 'images/blobs', sha256.slice(0, 2), sha256.slice(2));
  await mkdir(dirname(gate), { recursive: true });
  await run('mkfifo', [gate]);

  const thread = Promise.withResolvers<Worker>();
  const begun = (worker: Worker): void => thread.resolve(worker);
  process.once('worker', begun);
  context.after(() => process.off('worker', begun));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'large',
      Role: 'arn:aws:iam::000000000000:role/test',
      PackageType: 'Image',
      Code: { ImageUri: 'oci-layout.localhost/app:v1' },
    }),
  );
  await thread.promise;
  const { payload } = await invokeProbe(lambda, 'quick', { while: 'extracting' });
  assert.deepEqual(payload, { while: 'extracting' });
  const pending = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'large' }));
  assert.equal(pending.State, 'Pending');

  const file = join(elsewhere!, 'layer');
  await writeFile(file, content);
  await run('/bin/sh', ['-c', 'cat "$1" > "$2"', 'sh', file, gate]);
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 30, minDelay: 1 },
    { FunctionName: 'large' },
  );
  const roots = join(dataDir!, 'images/roots');
  const [root] = await readdir(roots);
  assert.equal(await readFile(join(roots, root!, 'file'), 'utf8'), 'content');
});
