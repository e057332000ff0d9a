/** Rotation by a function as AWS's template has it: four steps, each of which may be asked for again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const DAY_MS = 86_400_000;

/** Counts up; a secret whose value is `broken` cannot be set anywhere. */
const ROTATOR = `
const sdk = require('@aws-sdk/client-secrets-manager');
const client = new sdk.SecretsManagerClient({});
exports.handler = async ({ Step, SecretId, ClientRequestToken: token, RotationToken }) => {
  const { VersionIdsToStages: stages } = await client.send(new sdk.DescribeSecretCommand({ SecretId }));
  if (!stages[token].includes('AWSPENDING')) throw new Error('the version is not pending');
  const current = Object.keys(stages).find((id) => stages[id].includes('AWSCURRENT'));
  if (Step === 'createSecret') {
    const { SecretString } = await client.send(new sdk.GetSecretValueCommand({ SecretId, VersionStage: 'AWSCURRENT' }));
    const next = SecretString === 'broken' ? 'broken' : String(Number(SecretString) + 1);
    await client.send(new sdk.PutSecretValueCommand({ SecretId, ClientRequestToken: token, SecretString: next,
      VersionStages: ['AWSPENDING'], RotationToken }));
  }
  if (Step === 'setSecret') {
    const { SecretString } = await client.send(new sdk.GetSecretValueCommand({ SecretId, VersionId: token, VersionStage: 'AWSPENDING' }));
    if (SecretString === 'broken') throw new Error('cannot be set');
  }
  if (Step === 'finishSecret')
    await client.send(new sdk.UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token,
      RemoveFromVersionId: current }));
};
`;

interface Opened {
  readonly platform: Platform;
  readonly secrets: SecretsManagerClient;
  value(SecretId: string, VersionStage?: string): Promise<string | undefined>;
  close(): Promise<void>;
}

async function opened(dataDir: string): Promise<Opened> {
  const platform = await openPlatform({ frozenClock: true, dataDir });
  const secrets = new SecretsManagerClient(clientSettings(platform));
  return {
    platform,
    secrets,
    value: async (SecretId, VersionStage = 'AWSCURRENT') =>
      (await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString,
    close: async () => {
      secrets.destroy();
      await platform.close();
    },
  };
}

async function createRotator(platform: Platform): Promise<string> {
  const lambda = new LambdaClient(clientSettings(platform));
  const FunctionName = 'rotator';
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      ...{ FunctionName, Runtime: 'nodejs24.x', Handler: 'index.handler', Timeout: 30, MemorySize: 1769 },
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await zipOf({ 'index.js': ROTATOR }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60 }, { FunctionName });
  lambda.destroy();
  return FunctionArn!;
}

async function letIn(platform: Platform): Promise<void> {
  const lambda = new LambdaClient(clientSettings(platform));
  await lambda.send(
    new AddPermissionCommand({
      ...{ FunctionName: 'rotator', StatementId: 's', Action: 'lambda:InvokeFunction' },
      Principal: 'secretsmanager.amazonaws.com',
    }),
  );
  lambda.destroy();
}

test('a secret is rotated at once and when its time comes, also by the next server', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await opened(dataDir);
  let second: Opened | undefined;
  context.after(async () => {
    await first.close();
    await second?.close();
  });
  const RotationLambdaARN = await createRotator(first.platform);
  const rotate = (SecretId: string, more = {}) =>
    first.secrets.send(
      new RotateSecretCommand({
        SecretId,
        RotationLambdaARN,
        RotationRules: { AutomaticallyAfterDays: 1 },
        ...more,
      }),
    );
  for (const [Name, SecretString] of [
    ['number', '1'],
    ['bad', 'broken'],
    ['later', '10'],
  ] as const)
    await first.secrets.send(new CreateSecretCommand({ Name, SecretString }));
  await assert.rejects(rotate('number'), { name: 'AccessDeniedException' });
  await letIn(first.platform);
  await assert.rejects(rotate('number', { RotationRules: { ScheduleExpression: 'rate(1 hour)' } }), {
    name: 'InvalidParameterException',
  });

  const { VersionId } = await rotate('number');
  await first.platform.clock.advance(0);
  assert.deepEqual([await first.value('number'), await first.value('number', 'AWSPREVIOUS')], ['2', '1']);
  const described = await first.secrets.send(new DescribeSecretCommand({ SecretId: 'number' }));
  assert.equal(described.RotationEnabled, true);
  assert.equal(described.RotationLambdaARN, RotationLambdaARN);
  assert.deepEqual(described.VersionIdsToStages![VersionId!], ['AWSCURRENT', 'AWSPENDING']);
  assert.equal(described.NextRotationDate!.getTime() - described.LastRotatedDate!.getTime(), DAY_MS);

  await rotate('later', { RotateImmediately: false });
  await first.platform.clock.advance(0);
  const { VersionIdsToStages } = await first.secrets.send(new DescribeSecretCommand({ SecretId: 'later' }));
  assert.equal(Object.keys(VersionIdsToStages!).length, 1, 'the version that the test was given is gone');

  await rotate('bad');
  await first.platform.clock.advance(0);
  assert.equal(await first.value('bad'), 'broken');
  const unfinished = await first.secrets.send(new DescribeSecretCommand({ SecretId: 'bad' }));
  assert.equal(unfinished.LastRotatedDate, undefined);
  await assert.rejects(rotate('bad'), {
    name: 'InvalidRequestException',
    message: "A previous rotation isn't complete. That rotation will be reattempted.",
  });
  await first.platform.clock.advance(0);
  await first.close();

  second = await opened(dataDir);
  await second.platform.clock.advance(DAY_MS);
  assert.deepEqual([await second.value('number'), await second.value('later')], ['3', '11']);
  await second.secrets.send(new CancelRotateSecretCommand({ SecretId: 'number' }));
  await second.platform.clock.advance(2 * DAY_MS);
  assert.deepEqual([await second.value('number'), await second.value('later')], ['3', '13']);
});
