/** Functions from OCI layouts on disk, created by AWS's own clients. Needs AWS's CLI, bubblewrap and Go. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { awsJson } from '../kit/aws-cli.ts';
import { writeLayout } from '../kit/oci-layout.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { functionsOf, goImage } from './image-functions.ts';

const URI = 'oci-layout.localhost/team/app:v1';

test('an image of a layout on disk is run as a function', async (context) => {
  const imageLayouts = await scratchDirectory(context);
  const image = await goImage();
  await writeLayout(join(imageLayouts, 'team/app'), image, { tag: 'v1' });
  const platform = await startedPlatform(context, { isolation: 'namespaces', imageLayouts });
  const { lambda, create, invoke } = functionsOf(context, platform);
  await create('by-sdk', URI);
  const settings = ['--function-name', 'by-cli', '--role', 'arn:aws:iam::000000000000:role/test'];
  const code = ['--package-type', 'Image', '--code', `ImageUri=${URI}`];
  await awsJson(platform, 'lambda', 'create-function', ...settings, ...code);
  await awsJson(platform, 'lambda', 'wait', 'function-active-v2', '--function-name', 'by-cli');
  for (const name of ['by-sdk', 'by-cli']) {
    assert.deepEqual((await invoke(name, { action: 'echo' })).payload, { action: 'echo' });
    const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
    assert.deepEqual(
      [Code?.ImageUri, Code?.ResolvedImageUri],
      [URI, `oci-layout.localhost/team/app@${image.digest}`],
    );
  }
  await assert.rejects(create('none', 'oci-layout.localhost/team/app:v2'), {
    name: 'InvalidParameterValueException',
    message: 'Source image oci-layout.localhost/team/app:v2 does not exist. Provide a valid source image.',
  });
});
