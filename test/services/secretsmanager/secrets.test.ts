/** Secrets Manager over the SDK; answers as recorded from AWS, which `recorded-answers.ci.ts` compares. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
  ValidateResourcePolicyCommand,
} from '@aws-sdk/client-secrets-manager';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { refusal } from '../iam/iam-clients.ts';

const MARKED = "You can't perform this operation on the secret because it was marked for deletion.";
const TOKENS = [1, 2, 3, 4].map((digit) => `${digit}`.repeat(32));
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'secretsmanager:GetSecretValue',
      Resource: '*',
    },
  ],
});

describe('Secrets Manager', () => {
  let platform: Platform;
  let client: SecretsManagerClient;
  before(async () => {
    platform = await openPlatform({ frozenClock: true });
    client = new SecretsManagerClient(clientSettings(platform));
  });
  after(() => platform.close());

  const create = (Name: string, SecretString: string | undefined = 'secret', rest = {}) =>
    client.send(new CreateSecretCommand({ Name, ...(SecretString === '' ? {} : { SecretString }), ...rest }));
  const value = async (SecretId: string, rest = {}) => {
    const { $metadata: _, ...answer } = await client.send(new GetSecretValueCommand({ SecretId, ...rest }));
    return answer;
  };
  const stages = async (SecretId: string) =>
    (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages;

  it('gives text and bytes back as they were put, with the version and its label', async () => {
    const made = await create('text', 'a secret ✓', { ClientRequestToken: TOKENS[0] });
    assert.match(made.ARN!, /^arn:aws:secretsmanager:us-east-1:\d{12}:secret:text-[A-Za-z0-9]{6}$/);
    assert.equal(made.VersionId, TOKENS[0]);
    const { CreatedDate, ...read } = await value('text');
    assert.deepEqual(read, {
      ARN: made.ARN,
      Name: 'text',
      SecretString: 'a secret ✓',
      VersionId: TOKENS[0],
      VersionStages: ['AWSCURRENT'],
    });
    assert.ok(CreatedDate instanceof Date);
    await create('bytes', '', { SecretBinary: Buffer.from([0, 255, 1]) });
    assert.deepEqual([...(await value('bytes')).SecretBinary!], [0, 255, 1]);
  });

  it('finds a secret by its name, by its ARN and by its ARN without the end', async () => {
    const whole = (await create('named/with-dash12', 'mine')).ARN!;
    const partial = whole.replace(/-\w{6}$/, '');
    for (const id of ['named/with-dash12', whole, partial])
      assert.equal((await value(id)).SecretString, 'mine', id);
    for (const id of ['named', `${partial}-aaaaaa`, partial.replace('us-east-1', 'eu-west-1'), `${whole}x`])
      await assert.rejects(
        value(id),
        refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.", 400),
      );
  });

  it('moves AWSCURRENT to a new version and AWSPREVIOUS after it; what has no label is deprecated', async () => {
    await create('moving', 'one', { ClientRequestToken: TOKENS[0] });
    for (const [index, text] of ['two', 'three'].entries())
      await client.send(
        new PutSecretValueCommand({
          SecretId: 'moving',
          SecretString: text,
          ClientRequestToken: TOKENS[index + 1]!,
        }),
      );
    assert.deepEqual(await stages('moving'), {
      [TOKENS[1]!]: ['AWSPREVIOUS'],
      [TOKENS[2]!]: ['AWSCURRENT'],
    });
    assert.equal((await value('moving', { VersionStage: 'AWSPREVIOUS' })).SecretString, 'two');
    const deprecated = await value('moving', { VersionId: TOKENS[0] });
    assert.deepEqual([deprecated.SecretString, deprecated.VersionStages], ['one', undefined]);
    const versions = async (IncludeDeprecated: boolean) =>
      (
        await client.send(new ListSecretVersionIdsCommand({ SecretId: 'moving', IncludeDeprecated }))
      ).Versions!.map(({ VersionId, KmsKeyIds }) => [VersionId, KmsKeyIds]);
    assert.deepEqual(
      await versions(true),
      TOKENS.slice(0, 3).map((token) => [token, ['DefaultEncryptionKey']]),
    );
    assert.equal((await versions(false)).length, 2);
  });

  it('moves labels when asked to, and only from where they are', async () => {
    await create('labels', 'one', { ClientRequestToken: TOKENS[0] });
    const put = await client.send(
      new PutSecretValueCommand({
        SecretId: 'labels',
        SecretString: 'two',
        ClientRequestToken: TOKENS[1]!,
        VersionStages: ['MINE', 'AWSPENDING'],
      }),
    );
    assert.deepEqual(put.VersionStages, ['AWSPENDING', 'MINE']);
    const move = (VersionStage: string, RemoveFromVersionId?: string, MoveToVersionId?: string) =>
      client.send(
        new UpdateSecretVersionStageCommand({
          SecretId: 'labels',
          VersionStage,
          RemoveFromVersionId,
          MoveToVersionId,
        }),
      );
    await assert.rejects(
      move('AWSCURRENT', undefined, TOKENS[1]),
      refusal(
        'InvalidParameterException',
        `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${TOKENS[0]}, so you must explicitly reference that version in RemoveFromVersionId.`,
        400,
      ),
    );
    await assert.rejects(move('AWSCURRENT', TOKENS[0]), refusal('InvalidParameterException', /can't remove/));
    await assert.rejects(move('MINE', TOKENS[0], TOKENS[1]), refusal('InvalidParameterException', /must be/));
    await assert.rejects(move('MINE', TOKENS[3]), refusal('InvalidParameterException', /Not a valid/));
    await move('AWSCURRENT', TOKENS[0], TOKENS[1]);
    await move('MINE', TOKENS[1]);
    assert.deepEqual(await stages('labels'), {
      [TOKENS[0]!]: ['AWSPREVIOUS'],
      [TOKENS[1]!]: ['AWSCURRENT', 'AWSPENDING'],
    });
  });

  it('answers a repeated request again, and refuses its token for another value', async () => {
    const put = (SecretString: string) =>
      client.send(
        new PutSecretValueCommand({ SecretId: 'again', SecretString, ClientRequestToken: TOKENS[1]! }),
      );
    const first = await create('again', 'one', { ClientRequestToken: TOKENS[0] });
    const second = await create('again', 'one', { ClientRequestToken: TOKENS[0] });
    assert.equal(second.ARN, first.ARN);
    await assert.rejects(
      create('again', 'one'),
      refusal(
        'ResourceExistsException',
        'The operation failed because the secret again already exists.',
        400,
      ),
    );
    const [one, other] = await Promise.all([put('two'), put('two')]);
    assert.deepEqual([one.VersionId, other.VersionId], [TOKENS[1], TOKENS[1]]);
    await assert.rejects(
      put('other'),
      refusal('ResourceExistsException', new RegExp(`^You can't use ClientRequestToken ${TOKENS[1]} `)),
    );
    assert.equal(Object.keys((await stages('again'))!).length, 2);
  });

  it('changes settings and, where one is given, the value', async () => {
    await create('updated', '', { Description: 'before' });
    await assert.rejects(
      value('updated'),
      refusal(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      ),
    );
    const update = (input: object) => client.send(new UpdateSecretCommand({ SecretId: 'updated', ...input }));
    assert.equal((await update({ Description: 'after' })).VersionId, undefined);
    const { VersionId } = await update({ SecretString: 'value' });
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'updated' }));
    assert.equal(described.Description, 'after');
    assert.deepEqual(described.VersionIdsToStages, { [VersionId!]: ['AWSCURRENT'] });
  });

  it('refuses what it cannot take, in the words of AWS', async () => {
    await create('refused', 'x', { ClientRequestToken: TOKENS[0] });
    await assert.rejects(create('Inv Name'), refusal('ValidationException', /^Invalid name\. Must be/, 400));
    await assert.rejects(
      create('both', 'x', { SecretBinary: Buffer.from('x') }),
      refusal('InvalidParameterException', /^You can't specify both a binary/),
    );
    await assert.rejects(
      client.send(new PutSecretValueCommand({ SecretId: 'refused' })),
      refusal('InvalidRequestException', /You must provide either SecretString or SecretBinary/),
    );
    await assert.rejects(
      value('refused', { VersionId: TOKENS[0], VersionStage: 'AWSPREVIOUS' }),
      refusal(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      ),
    );
    await assert.rejects(
      value('refused', { VersionId: TOKENS[1] }),
      refusal('ResourceNotFoundException', new RegExp(`for VersionId: ${TOKENS[1]}$`)),
    );
    await assert.rejects(
      create('replicated', 'x', { AddReplicaRegions: [{ Region: 'eu-west-1' }] }),
      refusal('NotImplemented', /replication/, 501),
    );
  });

  it('deletes when the recovery window has passed, and restores until then', async () => {
    const remove = (rest: object) => client.send(new DeleteSecretCommand({ SecretId: 'going', ...rest }));
    const made = await create('going');
    await assert.rejects(
      remove({ RecoveryWindowInDays: 6 }),
      refusal('InvalidParameterException', /between 7 and 30/),
    );
    await assert.rejects(
      remove({ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }),
      refusal('InvalidParameterException', /in conjunction with/),
    );
    const { DeletionDate } = await remove({ RecoveryWindowInDays: 7 });
    assert.equal(DeletionDate!.getTime() - platform.clock.now(), 7 * 86_400_000);
    await assert.rejects(value('going'), refusal('InvalidRequestException', MARKED, 400));
    await assert.rejects(create('going'), refusal('InvalidRequestException', /already scheduled/));
    const listed = async (IncludePlannedDeletion: boolean) =>
      (await client.send(new ListSecretsCommand({ IncludePlannedDeletion }))).SecretList!.some(
        ({ Name }) => Name === 'going',
      );
    assert.deepEqual([await listed(false), await listed(true)], [false, true]);
    await client.send(new RestoreSecretCommand({ SecretId: 'going' }));
    await platform.clock.advance(8 * 86_400_000);
    assert.equal((await value('going')).ARN, made.ARN);
    await remove({});
    await platform.clock.advance(30 * 86_400_000);
    await assert.rejects(value('going'), refusal('ResourceNotFoundException', /./));
    const again = await create('going');
    assert.notEqual(again.ARN, made.ARN);
    await remove({});
    await remove({ ForceDeleteWithoutRecovery: true });
    await create('going');
  });

  it('keeps tags', async () => {
    await create('tagged', 'x', { Tags: [{ Key: 'a', Value: '1' }] });
    await client.send(
      new TagResourceCommand({
        SecretId: 'tagged',
        Tags: [
          { Key: 'b', Value: '2' },
          { Key: 'a', Value: '3' },
        ],
      }),
    );
    await client.send(new UntagResourceCommand({ SecretId: 'tagged', TagKeys: ['b', 'none'] }));
    const { Tags } = await client.send(new DescribeSecretCommand({ SecretId: 'tagged' }));
    assert.deepEqual(Tags, [{ Key: 'a', Value: '3' }]);
    await assert.rejects(
      client.send(new TagResourceCommand({ SecretId: 'tagged', Tags: [{ Key: 'aws:x', Value: '' }] })),
      refusal('InvalidParameterException', /reserved/),
    );
  });

  it('lists by filters, in pages, and reads several at once', async () => {
    for (const name of ['list/a', 'list/b', 'list/c'])
      await create(name, name, { Description: 'For Listing' });
    const list = (input: object) => client.send(new ListSecretsCommand(input));
    const first = await list({
      Filters: [{ Key: 'name', Values: ['list/'] }],
      MaxResults: 2,
      SortBy: 'name',
    });
    const rest = await list({
      Filters: [{ Key: 'name', Values: ['list/'] }],
      SortBy: 'name',
      NextToken: first.NextToken,
    });
    assert.deepEqual(
      [first, rest].map(({ SecretList }) => SecretList!.map(({ Name }) => Name)),
      [['list/a', 'list/b'], ['list/c']],
    );
    for (const [Key, Value, count] of [
      ['description', 'for l', 3],
      ['all', 'listing b', 1],
      ['name', '!list', undefined],
      ['tag-key', 'none', 0],
    ] as const) {
      const { SecretList } = await list({ Filters: [{ Key, Values: [Value] }] });
      const found = SecretList!.filter(({ Name }) => Name!.startsWith('list/')).length;
      assert.equal(found, count ?? 0, `${Key} ${Value}`);
    }
    await assert.rejects(list({ NextToken: '%' }), refusal('InvalidNextTokenException', /./));
    const batch = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ['list/a', 'nowhere'] }));
    assert.deepEqual(
      batch.SecretValues!.map(({ SecretString }) => SecretString),
      ['list/a'],
    );
    assert.deepEqual(batch.Errors, [
      {
        SecretId: 'nowhere',
        ErrorCode: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      },
    ]);
    const filtered = await client.send(
      new BatchGetSecretValueCommand({ Filters: [{ Key: 'name', Values: ['list/'] }] }),
    );
    assert.equal(filtered.SecretValues!.length, 3);
  });

  it('keeps policies that are some, and says which let everybody in', async () => {
    await create('guarded');
    const put = (ResourcePolicy: string, rest = {}) =>
      client.send(new PutResourcePolicyCommand({ SecretId: 'guarded', ResourcePolicy, ...rest }));
    const open = POLICY.replace('arn:aws:iam::111122223333:root', '*');
    await assert.rejects(put('{}'), refusal('MalformedPolicyDocumentException', /./));
    await assert.rejects(put(open, { BlockPublicPolicy: true }), refusal('PublicPolicyException', /./));
    await put(POLICY);
    const read = () => client.send(new GetResourcePolicyCommand({ SecretId: 'guarded' }));
    assert.equal((await read()).ResourcePolicy, POLICY);
    await client.send(new DeleteResourcePolicyCommand({ SecretId: 'guarded' }));
    assert.equal((await read()).ResourcePolicy, undefined);
    const validated = await client.send(new ValidateResourcePolicyCommand({ ResourcePolicy: open }));
    assert.equal(validated.PolicyValidationPassed, false);
  });

  it('makes passwords of the characters that are asked for', async () => {
    const password = async (input = {}) =>
      (await client.send(new GetRandomPasswordCommand(input))).RandomPassword!;
    const full = await password();
    assert.equal(full.length, 32);
    for (const type of [/[a-z]/, /[A-Z]/, /\d/, /[!-/:-@[-`{-~]/]) assert.match(full, type);
    assert.notEqual(await password(), full);
    assert.match(
      await password({
        PasswordLength: 200,
        ExcludePunctuation: true,
        ExcludeCharacters: 'aB1',
        ExcludeUppercase: true,
      }),
      /^[b-z02-9]{200}$/,
    );
    await assert.rejects(password({ PasswordLength: 3 }), refusal('InvalidParameterException', /too short/));
  });

  it('seals under the key that is named, and cannot do without it', async () => {
    const kms = new KMSClient(clientSettings(platform));
    const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
    await create('keyed', 'x', { KmsKeyId: key!.KeyId });
    const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: 'keyed' }));
    assert.deepEqual(Versions![0]!.KmsKeyIds, [key!.Arn]);
    await create('rekeyed', 'y');
    await client.send(new UpdateSecretCommand({ SecretId: 'rekeyed', KmsKeyId: key!.Arn }));
    assert.equal((await value('rekeyed')).SecretString, 'y');
    await kms.send(new DisableKeyCommand({ KeyId: key!.KeyId }));
    for (const name of ['keyed', 'rekeyed'])
      await assert.rejects(value(name), refusal('DecryptionFailure', /^Secrets Manager can't decrypt/, 400));
    await assert.rejects(create('other', 'x', { KmsKeyId: key!.KeyId }), refusal('EncryptionFailure', /./));
  });
});

it('nothing secret lies open in the data directory, and a restart keeps it', async (context) => {
  const dataDir = join(await scratchDirectory(context), 'data');
  const secret = 'a-very-particular-secret';
  const first = await openPlatform({ dataDir });
  const settings = clientSettings(first);
  await new SecretsManagerClient(settings).send(
    new CreateSecretCommand({ Name: 'kept', SecretString: secret }),
  );
  await first.close();
  for (const file of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name));
    assert.ok(!content.includes(secret), file.name);
    assert.ok(!content.includes(Buffer.from(secret).toString('base64').slice(0, 30)), file.name);
  }
  const second = await startedPlatform(context, { dataDir });
  const { SecretString } = await new SecretsManagerClient(clientSettings(second)).send(
    new GetSecretValueCommand({ SecretId: 'kept' }),
  );
  assert.equal(SecretString, secret);
});
