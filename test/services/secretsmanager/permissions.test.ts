/** Secrets under authorization: policies of callers, by any name of a secret, and the policy of the secret itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { document, newUser, openIamClient, refusal, settingsOf } from '../iam/iam-clients.ts';

const SECRETS = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

test('who may read a secret may by every name of it, and no other one', async (context) => {
  const { platform, iam } = await openIamClient(context, { authorization: true });
  const root = new SecretsManagerClient(settingsOf(platform));
  const { ARN: mine } = await root.send(new CreateSecretCommand({ Name: 'mine', SecretString: 'm' }));
  const { ARN: other } = await root.send(new CreateSecretCommand({ Name: 'other', SecretString: 'o' }));
  const key = await newUser(
    iam,
    'reader',
    document(
      ...['secretsmanager:GetSecretValue', 'secretsmanager:CreateSecret'].map((Action) => ({
        Effect: 'Allow',
        Action,
        Resource: `${SECRETS}mine-??????`,
      })),
      { Effect: 'Allow', Action: 'secretsmanager:BatchGetSecretValue', Resource: '*' },
    ),
  );
  const reader = new SecretsManagerClient(settingsOf(platform, key));
  const value = async (SecretId: string) =>
    (await reader.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  for (const id of ['mine', mine!, `${SECRETS}mine`]) assert.equal(await value(id), 'm');
  const denied = refusal(
    'AccessDeniedException',
    /is not authorized to perform: secretsmanager:GetSecretValue/,
  );
  for (const id of ['other', other!, `${SECRETS}other`, 'none']) await assert.rejects(value(id), denied);
  await assert.rejects(
    reader.send(new BatchGetSecretValueCommand({ SecretIdList: ['mine', 'other'] })),
    denied,
  );
  await assert.rejects(
    reader.send(new BatchGetSecretValueCommand({ Filters: [{ Key: 'name', Values: ['o'] }] })),
    refusal('AccessDeniedException', /secretsmanager:ListSecrets/),
  );
  const batch = await reader.send(new BatchGetSecretValueCommand({ SecretIdList: ['mine'] }));
  assert.equal(batch.SecretValues!.length, 1);
  await assert.rejects(
    reader.send(new CreateSecretCommand({ Name: 'another', SecretString: 'x' })),
    refusal('AccessDeniedException', new RegExp(`on resource: ${SECRETS.replaceAll(':', '\\:')}another`)),
  );

  // The policy of a secret lets in as well, and keeps out whoever else may.
  const user = 'arn:aws:iam::000000000000:user/reader';
  const put = (SecretId: string, Effect: string) =>
    root.send(
      new PutResourcePolicyCommand({
        SecretId,
        ResourcePolicy: document({
          Effect,
          Principal: { AWS: user },
          Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
          Resource: '*',
        }),
      }),
    );
  await put('other', 'Allow');
  assert.equal(await value('other'), 'o');
  await reader.send(new DescribeSecretCommand({ SecretId: 'other' }));
  await put('mine', 'Deny');
  await assert.rejects(value('mine'), denied);
  root.destroy();
  reader.destroy();
});
