/** Functions from container images: pushed to a registry as any client does, then invoked. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  GetFunctionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { pushImage } from '../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import type { Shown } from './image-functions.ts';
import { debianRegistry, functionsOf, goImage, IMAGE_LEVELS } from './image-functions.ts';

for (const level of IMAGE_LEVELS)
  test(`an image of another registry is run as a function at ${Object.values(level).join(' with ')}`, (context) =>
    testForeignImage(context, level));

async function testForeignImage(context: TestContext, level: (typeof IMAGE_LEVELS)[number]): Promise<void> {
  const registry = await debianRegistry(context);
  const image = await goImage();
  await pushImage(`http://${registry}`, 'team/app', 'v1', image);
  const platform = await startedPlatform(context, level);
  const isGvisor = 'ociRuntime' in level && level.ociRuntime === 'runsc';
  const { lambda, create, invoke } = functionsOf(context, platform);
  const uri = `${registry}/team/app:v1`;
  await create('f', uri, { Environment: { Variables: { FROM_BOTH: 'function' } } });

  const described = await lambda.send(new GetFunctionCommand({ FunctionName: 'f' }));
  assert.deepEqual(described.Code, {
    RepositoryType: 'ECR',
    ImageUri: uri,
    ResolvedImageUri: `${registry}/team/app@${image.digest}`,
  });
  const { PackageType, CodeSha256, CodeSize, Runtime, Handler } = described.Configuration!;
  assert.deepEqual(
    { PackageType, CodeSha256, CodeSize, Runtime, Handler },
    {
      PackageType: 'Image',
      CodeSha256: image.digest.slice('sha256:'.length),
      CodeSize: 0,
      Runtime: undefined,
      Handler: undefined,
    },
  );
  assert.deepEqual(await invoke('f', { action: 'echo', value: 'grüße' }), {
    payload: { action: 'echo', value: 'grüße' },
    error: undefined,
  });

  assert.deepEqual((await invoke('f', { action: 'process' })).payload, {
    arguments: ['/link', 'handler'],
    directory: '/function',
    variables: { FROM_IMAGE: 'image', FROM_BOTH: 'function', PATH: '/function' },
    // gVisor shows its own /sys in every container.
    root: ['dev', 'etc', 'function', 'link', 'opt', 'proc', ...(isGvisor ? ['sys'] : []), 'tmp', 'var'],
    writable: ['/tmp'],
  });

  const second = await goImage([{ name: 'another', content: 'file' }]);
  await pushImage(`http://${registry}`, 'team/app', 'v2', second);
  await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'f', ImageUri: `${registry}/team/app:v2` }),
  );
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: 'f' });
  assert.deepEqual((await invoke('f', { action: 'echo' })).payload, { action: 'echo' });

  // An entry point that is not there is a failed start, and the next change mends it.
  await lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'f', ImageConfig: { EntryPoint: ['/secret'] } }),
  );
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: 'f' });
  assert.equal((await invoke('f', { action: 'echo' })).error, 'Unhandled');
  const overrides = { EntryPoint: ['program'], Command: ['other'], WorkingDirectory: '/' };
  const changed = await lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'f', ImageConfig: overrides }),
  );
  assert.deepEqual(changed.ImageConfigResponse, { ImageConfig: overrides });
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 60, minDelay: 1 }, { FunctionName: 'f' });
  const { arguments: given, directory, root } = (await invoke('f', { action: 'process' })).payload as Shown;
  assert.deepEqual([given, directory], [['program', 'other'], '/']);
  assert.ok(root.includes('another'));
}

for (const authorization of [false, true]) {
  test(`an image pushed to this server itself is run, ${authorization ? 'with' : 'without'} authorization`, async (context) => {
    const platform = await startedPlatform(context, { isolation: 'namespaces', authorization });
    const { create, invoke } = functionsOf(context, platform);
    const ecr = new ECRClient(clientSettings(platform));
    context.after(() => ecr.destroy());
    const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName: 'team/app' }));
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const headers = { authorization: `Basic ${authorizationData![0]!.authorizationToken}` };
    await pushImage(platform.origin, 'team/app', 'v1', await goImage(), headers);
    const names = [
      `${repository!.repositoryUri}:v1`,
      `${new URL(platform.origin).host}/team/app:v1`,
      // As it would be called at AWS: unmodified configurations find their images here.
      '000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app:v1',
    ];
    for (const [index, uri] of names.entries()) {
      await create(`f${index}`, uri);
      assert.deepEqual((await invoke(`f${index}`, { action: 'echo' })).payload, { action: 'echo' }, uri);
    }
    await assert.rejects(create('none', `${repository!.repositoryUri}:none`), {
      name: 'InvalidParameterValueException',
      message: `Source image ${repository!.repositoryUri}:none does not exist. Provide a valid source image.`,
    });
  });
}

test('at the level process a function from an image says that it cannot run there', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'process', logLevel: 'silent' });
  const { create, invoke } = functionsOf(context, platform);
  const ecr = new ECRClient(clientSettings(platform));
  context.after(() => ecr.destroy());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  await pushImage(platform.origin, 'app', 'v1', await goImage());
  await create('f', `${new URL(platform.origin).host}/app:v1`);
  await assert.rejects(invoke('f', {}), {
    name: 'ServiceException',
    message: /isolation level process/,
  });
});
