/** What tests of functions from images share: Debian's registry, an image that runs a Go program, and functions made of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import yauzl from 'yauzl';
import type { Platform } from '../../src/index.ts';
import { builtFunction } from '../clients/built-function.ts';
import type { BuiltImage, LayerEntry } from '../kit/container-image.ts';
import { builtImage } from '../kit/container-image.ts';
import { freePort } from '../kit/free-port.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const ROLE = 'arn:aws:iam::000000000000:role/test';

/** Those at which images run. */
export const IMAGE_LEVELS = [
  { isolation: 'namespaces' },
  { isolation: 'oci', ociRuntime: 'runc' },
  { isolation: 'oci', ociRuntime: 'runsc' },
] as const;

/** Debian's registry on a port of loopback, as `127.0.0.1:port`. */
export async function debianRegistry(context: TestContext, authentication: object = {}): Promise<string> {
  const directory = await scratchDirectory(context);
  const host = `127.0.0.1:${await freePort()}`;
  const configuration = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(directory, 'registry') } },
    http: { addr: host, secret: 'of this test' },
    ...authentication,
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

/** The content of a zip's first file. */
async function onlyFile(zip: Buffer): Promise<Buffer> {
  const archive = await yauzl.fromBufferPromise(zip);
  for await (const entry of archive.eachEntry()) return buffer(await archive.openReadStreamPromise(entry));
  throw new Error('the zip is empty');
}

/** A root with one static program in it, AWS's client for Go, and nothing else. */
export async function goImage(more: readonly LayerEntry[] = []): Promise<BuiltImage> {
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

export interface Shown {
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly root: readonly string[];
}

export interface Functions {
  readonly lambda: LambdaClient;
  create(name: string, uri: string, more?: Partial<CreateFunctionCommandInput>): Promise<void>;
  invoke(name: string, event: object): Promise<{ payload: unknown; error: string | undefined }>;
}

export function functionsOf(context: TestContext, platform: Platform): Functions {
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
