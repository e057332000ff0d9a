/** Executions whose data is kept under a KMS key. Source: Lambda developer guide, "Encrypting … durable execution data". */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { createDurable } from './durable-functions.ts';

const SECRETS = ['the-input-of-it', 'the-step-of-it', 'the-result-of-it'];
const BODY = `
  await context.step('s', async () => 'the-step-of-it');
  await context.wait({ seconds: 3600 });
  await context.step('t', async () => 'later');
  return 'the-result-of-it';
`;
const CACHED_MS = 15 * 60_000;

async function started(context: Parameters<typeof scratchDirectory>[0], dataDir: string) {
  const platform = await openPlatform({ dataDir, frozenClock: true, isolation: 'process' });
  const settings = clientSettings(platform);
  const [lambda, kms] = [new LambdaClient(settings), new KMSClient(settings)];
  const close = async () => {
    lambda.destroy();
    kms.destroy();
    await platform.close();
  };
  context.after(close);
  const begin = async () => {
    const command = new InvokeCommand({
      FunctionName: 'f:$LATEST',
      InvocationType: 'Event',
      Payload: '"the-input-of-it"',
    });
    return (await lambda.send(command)).DurableExecutionArn!;
  };
  const get = (DurableExecutionArn: string, IncludeExecutionData = true) =>
    lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn, IncludeExecutionData }));
  return { platform, lambda, kms, begin, get, close };
}

/** Those of the secrets that are somewhere in the files of the data directory. */
async function found(dataDir: string): Promise<string[]> {
  const files = (await readdir(dataDir)).filter((name) => name.startsWith('records.db'));
  const contents = await Promise.all(files.map((name) => readFile(join(dataDir, name), 'latin1')));
  return SECRETS.filter((secret) => contents.some((content) => content.includes(secret)));
}

test('what an execution takes and gives is nowhere in plain on the disk, and is read with its key', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await started(context, dataDir);
  const KMSKeyArn = (await first.kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
  await createDurable(first.lambda, 'f', BODY, { kmsKeyArn: KMSKeyArn });
  const { DurableConfig } = await first.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'f' }),
  );
  assert.equal(DurableConfig!.KMSKeyArn, KMSKeyArn);
  const arn = await first.begin();
  await first.platform.clock.advance(1_000);
  await first.close();
  assert.deepEqual(await found(dataDir), []);

  const second = await started(context, dataDir);
  await second.platform.clock.advance(2 * 3_600_000);
  const { Status, InputPayload, Result, DurableConfig: config } = await second.get(arn);
  assert.deepEqual(
    [Status, InputPayload, Result, config!.KMSKeyArn],
    ['SUCCEEDED', '"the-input-of-it"', '"the-result-of-it"', KMSKeyArn],
  );
  const { Events } = await second.lambda.send(
    new GetDurableExecutionHistoryCommand({ DurableExecutionArn: arn, IncludeExecutionData: true }),
  );
  const step = Events!.find(({ EventType }) => EventType === 'StepSucceeded')!;
  assert.equal(step.StepSucceededDetails!.Result!.Payload, '"the-step-of-it"');
  const wait = Events!.find(({ EventType }) => EventType === 'WaitStarted')!;
  const { ScheduledEndTimestamp } = wait.WaitStartedDetails!;
  assert.equal(ScheduledEndTimestamp!.getTime(), wait.EventTimestamp!.getTime() + 3_600_000);
  const { DurableExecutions } = await second.lambda.send(
    new ListDurableExecutionsByFunctionCommand({ FunctionName: 'f' }),
  );
  assert.equal(DurableExecutions![0]!.KMSKeyArn, KMSKeyArn);
  assert.deepEqual(await found(dataDir), []);
});

test('an execution whose key is disabled fails at its next checkpoint, and can be read once the key is back', async (context) => {
  const dataDir = await scratchDirectory(context);
  const { platform, lambda, kms, begin, get } = await started(context, dataDir);
  const { KeyId, Arn: kmsKeyArn } = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!;
  await createDurable(lambda, 'f', BODY, { kmsKeyArn: kmsKeyArn! });
  const arn = await begin();
  await platform.clock.advance(1_000);
  await kms.send(new DisableKeyCommand({ KeyId }));
  const disabled = { name: 'KMSDisabledException' };
  await platform.clock.advance(CACHED_MS);
  await assert.rejects(begin(), disabled);
  await platform.clock.advance(2 * 3_600_000);
  await assert.rejects(get(arn), disabled);
  const { Status, ExecutionDataIncluded, InputPayload } = await get(arn, false);
  assert.deepEqual([Status, ExecutionDataIncluded, InputPayload], ['FAILED', false, undefined]);
  await kms.send(new EnableKeyCommand({ KeyId }));
  await platform.clock.advance(2 * 3_600_000);
  const readable = await get(arn);
  assert.deepEqual(
    [readable.Status, readable.InputPayload, readable.Error!.ErrorType],
    ['FAILED', '"the-input-of-it"', 'KMSDisabledException'],
  );
});

test('an execution whose key is gone when the server starts again has failed', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await started(context, dataDir);
  const { KeyId, Arn: kmsKeyArn } = (await first.kms.send(new CreateKeyCommand({}))).KeyMetadata!;
  await createDurable(first.lambda, 'f', BODY, { kmsKeyArn: kmsKeyArn! });
  const arn = await first.begin();
  await first.platform.clock.advance(1_000);
  await first.kms.send(new DisableKeyCommand({ KeyId }));
  await first.close();
  const second = await started(context, dataDir);
  assert.equal((await second.get(arn, false)).Status, 'FAILED');
  await second.kms.send(new EnableKeyCommand({ KeyId }));
  const { InputPayload, Error: error } = await second.get(arn);
  assert.deepEqual([InputPayload, error!.ErrorType], ['"the-input-of-it"', 'KMSDisabledException']);
});

test('a function is not given a key that cannot be used', async (context) => {
  const { lambda, kms } = await started(context, await scratchDirectory(context));
  const { KeyId, Arn: kmsKeyArn } = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!;
  const words = (reason: string, said: string) => ({
    name: 'InvalidParameterValueException',
    message: new RegExp(
      `^Lambda was unable to configure access to your durable execution data because ${reason}\\. .* KMS Exception: ${said} KMS Message: `,
    ),
  });
  const missing = kmsKeyArn!.replace(KeyId!, '11111111-2222-4333-8444-555555555555');
  await assert.rejects(
    createDurable(lambda, 'none', BODY, { kmsKeyArn: missing }),
    words('the KMS key was not found', 'NotFoundException'),
  );
  await assert.rejects(lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'none' })), {
    name: 'ResourceNotFoundException',
  });
  await createDurable(lambda, 'f', BODY, { kmsKeyArn: kmsKeyArn! });
  await kms.send(new DisableKeyCommand({ KeyId }));
  const update = (KMSKeyArn: string) =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', DurableConfig: { KMSKeyArn } }));
  await assert.rejects(update(kmsKeyArn!), words('the KMS key used is disabled', 'DisabledException'));
});
