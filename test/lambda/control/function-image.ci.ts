/** What becomes of a function whose image can be found but not be had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  PutFunctionCodeSigningConfigCommand,
  PutRuntimeManagementConfigCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { builtImage } from '../../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { smallRegistry } from '../../storage/images/small-registry.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

for (const [what, code, body] of [
  ['has another digest', 'InvalidImage', Buffer.from('something else')],
  ['is missing', 'ImageDeleted', undefined],
] as const) {
  test(`a function from an image with a layer that ${what} fails with ${code}`, async (context) => {
    const registry = await smallRegistry(context);
    const image = await builtImage({ layers: [[{ name: 'a', content: 'a' }]], config: { Cmd: ['/a'] } });
    registry.add(image, 'v1');
    const [layer] = image.blobs.keys();
    const served = `blobs/${layer}`;
    if (body === undefined) registry.content.delete(served);
    else registry.content.set(served, { body, mediaType: 'application/octet-stream' });
    const platform = await startedPlatform(context);
    const lambda = new LambdaClient(clientSettings(platform));
    context.after(() => lambda.destroy());
    const created = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'f',
        Role: 'arn:aws:iam::000000000000:role/test',
        PackageType: 'Image',
        Code: { ImageUri: `${registry.host}/team/app:v1` },
      }),
    );
    assert.deepEqual(
      [created.State, created.StateReasonCode, created.CodeSha256],
      ['Pending', 'Creating', image.digest.slice('sha256:'.length)],
    );
    await assert.rejects(
      waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 1 }, { FunctionName: 'f' }),
      /FAILURE/,
    );
    const failed = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }));
    assert.deepEqual([failed.State, failed.StateReasonCode], ['Failed', code]);
    assert.match(failed.StateReason!, /sha256:/);
  });
}

test('code signing and runtime management are for packages, not for images', async (context) => {
  const registry = await smallRegistry(context);
  registry.add(await builtImage({ layers: [[{ name: 'a', content: 'a' }]], config: { Cmd: ['/a'] } }), 'v1');
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const { CodeSigningConfig } = await lambda.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers: {
        SigningProfileVersionArns: [
          'arn:aws:signer:us-east-1:000000000000:/signing-profiles/test/abcdefghij',
        ],
      },
    }),
  );
  const { CodeSigningConfigArn } = CodeSigningConfig!;
  const image = {
    FunctionName: 'f',
    Role: 'arn:aws:iam::000000000000:role/test',
    PackageType: 'Image',
    Code: { ImageUri: `${registry.host}/team/app:v1` },
  } as const;
  const unsigned = /^Code signing is not supported for functions created with container images\.$/;
  await assert.rejects(lambda.send(new CreateFunctionCommand({ ...image, CodeSigningConfigArn })), {
    name: 'InvalidParameterValueException',
    message: unsigned,
  });
  await lambda.send(new CreateFunctionCommand(image));
  await assert.rejects(
    lambda.send(new PutFunctionCodeSigningConfigCommand({ FunctionName: 'f', CodeSigningConfigArn })),
    { name: 'InvalidParameterValueException', message: unsigned },
  );
  await assert.rejects(
    lambda.send(new PutRuntimeManagementConfigCommand({ FunctionName: 'f', UpdateRuntimeOn: 'Auto' })),
    {
      name: 'InvalidParameterValueException',
      message: 'Runtime management is not supported for functions with packageType Image.',
    },
  );
});

test('a function whose image is being fetched when the server stops is made by the next one', async (context) => {
  const registry = await smallRegistry(context);
  const image = await builtImage({ layers: [[{ name: 'a', content: 'a' }]], config: { Cmd: ['/a'] } });
  registry.add(image, 'v1');
  const [layer] = image.blobs.keys();
  const stalled = registry.stall(`blobs/${layer}`);
  const dataDir = await scratchDirectory(context);
  const before = await startedPlatform(context, { dataDir });
  const creating = new LambdaClient(clientSettings(before));
  context.after(() => creating.destroy());
  await creating.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/test',
      PackageType: 'Image',
      Code: { ImageUri: `${registry.host}/team/app:v1` },
    }),
  );
  await stalled.asked;
  await before.close();
  stalled.proceed();
  const lambda = new LambdaClient(clientSettings(await startedPlatform(context, { dataDir })));
  context.after(() => lambda.destroy());
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 1 }, { FunctionName: 'f' });
});

test('an image that was looked up for a function does not become the code of its successor', async (context) => {
  const registry = await smallRegistry(context);
  registry.add(await builtImage({ layers: [[{ name: 'a', content: 'a' }]], config: { Cmd: ['/a'] } }), 'v1');
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const FunctionName = 'f';
  const Role = 'arn:aws:iam::000000000000:role/test';
  const ImageUri = `${registry.host}/team/app:v1`;
  await lambda.send(
    new CreateFunctionCommand({ FunctionName, Role, PackageType: 'Image', Code: { ImageUri } }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 1 }, { FunctionName });
  const { asked, proceed } = registry.stall('manifests/v1');
  const refused = assert.rejects(lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ImageUri })), {
    name: 'ResourceConflictException',
    message: /replaced by one of packageType Zip/,
  });
  await asked;
  await lambda.send(new DeleteFunctionCommand({ FunctionName }));
  const ZipFile = await zipOf({ 'index.js': 'exports.handler = async () => 1;' });
  const zip = { Runtime: 'nodejs24.x', Handler: 'index.handler', Code: { ZipFile } } as const;
  await lambda.send(new CreateFunctionCommand({ FunctionName, Role, ...zip }));
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 1 }, { FunctionName });
  proceed();
  await refused;
});

test('a request that waits for a registry is answered when the server stops', async (context) => {
  const registry = await smallRegistry(context);
  registry.add(await builtImage({ layers: [[{ name: 'a', content: 'a' }]] }), 'v1');
  const { asked } = registry.stall('manifests/v1');
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const refused = assert.rejects(
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'f',
        Role: 'arn:aws:iam::000000000000:role/test',
        PackageType: 'Image',
        Code: { ImageUri: `${registry.host}/team/app:v1` },
      }),
    ),
    { name: 'ServiceException', message: /The server stops/ },
  );
  await asked;
  await platform.close();
  await refused;
});
