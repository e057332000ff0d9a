/** Variables are encrypted where they are stored, under the function's key or the account's. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const SECRET = 'tell-nobody-4711';
const CODE = zipOf({ 'index.js': 'exports.handler = async () => process.env.SECRET;' });

interface Opened {
  readonly lambda: LambdaClient;
  readonly kms: KMSClient;
  close(): Promise<void>;
}

async function opened(context: TestContext, dataDir: string): Promise<Opened> {
  const platform = await openPlatform({ dataDir });
  const [lambda, kms] = [new LambdaClient(clientSettings(platform)), new KMSClient(clientSettings(platform))];
  const close = async (): Promise<void> => {
    lambda.destroy();
    kms.destroy();
    await platform.close();
  };
  context.after(close);
  return { lambda, kms, close };
}

async function create({ lambda }: Opened, FunctionName: string, KMSKeyArn?: string) {
  return lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await CODE },
      Environment: { Variables: { SECRET } },
      KMSKeyArn,
    }),
  );
}

async function said({ lambda }: Opened, FunctionName: string): Promise<string> {
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName }));
  return JSON.parse(Buffer.from(Payload!).toString()) as string;
}

async function filesWith(directory: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Of an environment that has just ended, files may go meanwhile.
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    if (content.includes(text)) found.push(path);
  }
  return found;
}

test('no file of the data directory holds a variable in plain, and functions get it after a restart', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await opened(context, dataDir);
  await create(first, 'f');
  assert.equal(await said(first, 'f'), SECRET);
  await first.lambda.send(new PublishVersionCommand({ FunctionName: 'f' }));
  const managed = await first.kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/lambda' }));
  assert.equal(managed.KeyMetadata!.KeyManager, 'AWS');
  await first.close();
  assert.deepEqual(await filesWith(dataDir, SECRET), []);
  const second = await opened(context, dataDir);
  for (const name of ['f', 'f:1']) assert.equal(await said(second, name), SECRET);
  const { Environment, KMSKeyArn } = await second.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'f' }),
  );
  assert.deepEqual([Environment, KMSKeyArn], [{ Variables: { SECRET } }, undefined]);
  await second.close();
});

test("a function's own key decides whether it can start, from one moment to the next and over restarts", async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await opened(context, dataDir);
  const { KeyMetadata } = await first.kms.send(new CreateKeyCommand({}));
  const { Arn, KeyId } = KeyMetadata!;
  assert.equal((await create(first, 'f', Arn)).KMSKeyArn, Arn);
  await first.kms.send(new DisableKeyCommand({ KeyId }));
  const refused = {
    name: 'KMSDisabledException',
    message: new RegExp(
      `^Lambda was unable to decrypt the environment variables because the KMS key used is disabled. Please check the function's KMS key settings. KMS Exception: DisabledException KMS Message: ${Arn} is disabled.$`,
    ),
  };
  await assert.rejects(said(first, 'f'), refused);
  const shown = await first.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }));
  assert.equal(shown.Environment!.Variables, undefined);
  assert.equal(shown.Environment!.Error!.ErrorCode, 'KMSDisabledException');
  await first.close();

  const second = await opened(context, dataDir);
  await assert.rejects(said(second, 'f'), refused);
  // A change of something else leaves what cannot be read as it is.
  await second.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Description: 'new' }));
  await assert.rejects(
    second.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', KMSKeyArn: '' })),
    refused,
  );
  await second.kms.send(new EnableKeyCommand({ KeyId }));
  assert.equal(await said(second, 'f'), SECRET);
  // What can be read again can be encrypted under another key, too.
  const { Environment } = await second.lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'f', KMSKeyArn: '' }),
  );
  assert.deepEqual(Environment, { Variables: { SECRET } });
  await second.kms.send(new DisableKeyCommand({ KeyId }));
  assert.equal(await said(second, 'f'), SECRET);
  await second.close();
  assert.deepEqual(await filesWith(dataDir, SECRET), []);
});

test('a function cannot be created with a key that cannot be used', async (context) => {
  const server = await opened(context, await scratchDirectory(context));
  const { KeyMetadata } = await server.kms.send(new CreateKeyCommand({}));
  await server.kms.send(new DisableKeyCommand({ KeyId: KeyMetadata!.KeyId }));
  const missing = KeyMetadata!.Arn!.replace(/.{12}$/, '0'.repeat(12));
  for (const [key, problem] of [
    [KeyMetadata!.Arn!, /the KMS key used is disabled\./],
    [missing, /the KMS key was not found\./],
  ] as const) {
    await assert.rejects(create(server, 'f', key), {
      name: 'InvalidParameterValueException',
      message: problem,
    });
  }
  await assert.rejects(server.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' })), {
    name: 'ResourceNotFoundException',
  });
});
