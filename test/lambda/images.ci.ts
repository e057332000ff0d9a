/** Functions from container images: pushed to a registry as any client does, then invoked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import yauzl from 'yauzl';
import type { Platform } from '../../src/index.ts';
import { builtFunction } from '../clients/built-function.ts';
import type { BuiltImage, LayerEntry } from '../kit/container-image.ts';
import { builtImage, pushImage } from '../kit/container-image.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const ROLE = 'arn:aws:iam::000000000000:role/test';

/** Debian's registry on a port of loopback, as `127.0.0.1:port`. */
async function debianRegistry(context: TestContext): Promise<string> {
  const directory = await scratchDirectory(context);
  const host = `127.0.0.1:${await freePort()}`;
  const configuration = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(directory, 'registry') } },
    http: { addr: host, secret: 'of this test' },
  };
  // A YAML parser reads JSON.
  const file = join(directory, 'registry.yml');
  await writeFile(file, JSON.stringify(configuration));
  const registry = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  context.after(async () => {
    registry.kill();
    if (registry.exitCode === null) await once(registry, 'exit');
  });
  for await (const line of createInterface({ input: registry.stderr }))
    if (line.includes('listening on')) break;
  registry.stderr.resume();
  return host;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** The content of a zip's first file. */
async function onlyFile(zip: Buffer): Promise<Buffer> {
  const archive = await yauzl.fromBufferPromise(zip);
  for await (const entry of archive.eachEntry()) return buffer(await archive.openReadStreamPromise(entry));
  throw new Error('the zip is empty');
}

/** A root with one static program in it, AWS's client for Go, and nothing else. */
async function goImage(more: readonly LayerEntry[] = []): Promise<BuiltImage> {
  const program = await onlyFile(await builtFunction('go'));
  return builtImage({
    layers: [
      [
        { name: 'function/program', content: program, mode: 0o755 },
        { name: 'secret', content: 'gone' },
      ],
      [{ name: '.wh.secret' }, { name: 'link', type: 'symlink', linkname: 'function/program' }, ...more],
    ],
    config: {
      Entrypoint: ['/link'],
      Cmd: ['handler'],
      WorkingDir: '/function',
      Env: ['PATH=/function', 'FROM_IMAGE=image', 'FROM_BOTH=image'],
    },
  });
}

interface Shown {
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly root: readonly string[];
}

interface Functions {
  readonly lambda: LambdaClient;
  create(name: string, uri: string, more?: Partial<CreateFunctionCommandInput>): Promise<void>;
  invoke(name: string, event: object): Promise<{ payload: unknown; error: string | undefined }>;
}

function functionsOf(context: TestContext, platform: Platform): Functions {
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  return {
    lambda,
    async create(name, uri, more = {}) {
      const wanted = {
        FunctionName: name,
        Role: ROLE,
        PackageType: 'Image',
        Code: { ImageUri: uri },
      } as const;
      await lambda.send(new CreateFunctionCommand({ ...wanted, Timeout: 30, MemorySize: 512, ...more }));
      await waitUntilFunctionActiveV2(
        { client: lambda, maxWaitTime: 60, minDelay: 1 },
        { FunctionName: name },
      );
    },
    async invoke(name, event) {
      const output = await lambda.send(
        new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
      );
      return { payload: JSON.parse(Buffer.from(output.Payload!).toString()), error: output.FunctionError };
    },
  };
}

test('an image of another registry is run as a function', async (context) => {
  const registry = await debianRegistry(context);
  const image = await goImage();
  await pushImage(`http://${registry}`, 'team/app', 'v1', image);
  const platform = await startedPlatform(context, { isolation: 'namespaces' });
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
    root: ['dev', 'etc', 'function', 'link', 'opt', 'proc', 'tmp'],
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
});

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

for (const isolation of ['process', 'oci'] as const) {
  test(`at the level ${isolation} a function from an image says that it cannot run there`, async (context) => {
    const platform = await startedPlatform(context, { isolation, logLevel: 'silent' });
    const { create, invoke } = functionsOf(context, platform);
    const ecr = new ECRClient(clientSettings(platform));
    context.after(() => ecr.destroy());
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
    await pushImage(platform.origin, 'app', 'v1', await goImage());
    await create('f', `${new URL(platform.origin).host}/app:v1`);
    await assert.rejects(invoke('f', {}), {
      name: 'ServiceException',
      message: new RegExp(`isolation level ${isolation}`),
    });
  });
}
