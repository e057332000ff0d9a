import assert from 'node:assert/strict';
import { createDecipheriv, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const MS_PER_DAY = 86_400_000;
const TEXT = Buffer.from('a secret of some length');

function clientOf(platform: Platform, region = 'us-east-1'): KMSClient {
  return new KMSClient({ ...clientSettings(platform), region });
}

async function opened(context: TestContext, options: StartOptions = {}) {
  const platform = await startedPlatform(context, options);
  const kms = clientOf(platform);
  context.after(() => kms.destroy());
  const newKey = async (input: ConstructorParameters<typeof CreateKeyCommand>[0] = {}) =>
    (await kms.send(new CreateKeyCommand(input))).KeyMetadata!;
  return { platform, kms, newKey };
}

test('a key is made as AWS shows it and found by id, ARN and alias', async (context) => {
  const { kms, newKey } = await opened(context);
  const made = await newKey({ Description: 'mine', Tags: [{ TagKey: 'a', TagValue: '1' }] });
  const { KeyId, Arn, CreationDate, CurrentKeyMaterialId, ...rest } = made;
  assert.equal(Arn, `arn:aws:kms:us-east-1:000000000000:key/${KeyId}`);
  assert.ok(CreationDate instanceof Date);
  assert.match(CurrentKeyMaterialId!, /^[0-9a-f]{64}$/);
  // Recorded members of a key that is not multi-region.
  assert.deepEqual(rest, {
    AWSAccountId: '000000000000',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    Description: 'mine',
    Enabled: true,
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    KeyManager: 'CUSTOMER',
    KeySpec: 'SYMMETRIC_DEFAULT',
    KeyState: 'Enabled',
    KeyUsage: 'ENCRYPT_DECRYPT',
    MultiRegion: false,
    Origin: 'AWS_KMS',
  });
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: Arn }));
  const names = [KeyId!, Arn!, 'alias/mine', 'arn:aws:kms:us-east-1:000000000000:alias/mine'];
  for (const name of names)
    assert.deepEqual((await kms.send(new DescribeKeyCommand({ KeyId: name }))).KeyMetadata, made);
  const { Keys, Truncated } = await kms.send(new ListKeysCommand({}));
  assert.deepEqual([Keys, Truncated], [[{ KeyId, KeyArn: Arn }], false]);
});

test('a key that is not there is named as AWS names it', async (context) => {
  const { platform, kms, newKey } = await opened(context);
  const keyId = randomUUID();
  const notFound = (message: string) => ({ name: 'NotFoundException', message });
  // Recorded: by id and by ARN alike, and from another region.
  const arn = `arn:aws:kms:us-east-1:000000000000:key/${keyId}`;
  for (const name of [keyId, arn]) {
    await assert.rejects(
      kms.send(new DescribeKeyCommand({ KeyId: name })),
      notFound(`Key '${arn}' does not exist`),
    );
  }
  const elsewhere = clientOf(platform, 'ap-southeast-1');
  context.after(() => elsewhere.destroy());
  const { KeyId } = await newKey();
  await assert.rejects(
    elsewhere.send(new DescribeKeyCommand({ KeyId })),
    notFound(`Key 'arn:aws:kms:ap-southeast-1:000000000000:key/${KeyId}' does not exist`),
  );
  await assert.rejects(
    kms.send(new EncryptCommand({ KeyId: 'alias/none', Plaintext: TEXT })),
    notFound('Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.'),
  );
  await assert.rejects(
    kms.send(new DescribeKeyCommand({ KeyId: 'nonsense' })),
    notFound("Invalid keyId 'nonsense'"),
  );
});

test('what is encrypted is decrypted with the same context only, and by no changed text', async (context) => {
  const { platform, kms, newKey } = await opened(context);
  const { KeyId, Arn, CurrentKeyMaterialId } = await newKey();
  const EncryptionContext = { purpose: 'test', user: 'a' };
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId, Plaintext: TEXT, EncryptionContext }),
  );
  assert.equal(Buffer.from(CiphertextBlob!).includes(TEXT), false);
  const reordered = { user: 'a', purpose: 'test' };
  const back = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: reordered }));
  assert.deepEqual(Buffer.from(back.Plaintext!), TEXT);
  assert.equal(back.KeyId, Arn);
  assert.equal(back.KeyMaterialId, CurrentKeyMaterialId);
  const refused = { name: 'InvalidCiphertextException' };
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob })), refused);
  for (const place of [0, 5, 20, 30, CiphertextBlob!.length - 1]) {
    const changed = Buffer.from(CiphertextBlob!);
    changed[place]! ^= 1;
    await assert.rejects(
      kms.send(new DecryptCommand({ CiphertextBlob: changed, EncryptionContext })),
      refused,
    );
  }
  const elsewhere = clientOf(platform, 'ap-southeast-1');
  context.after(() => elsewhere.destroy());
  await assert.rejects(elsewhere.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })), {
    name: 'AccessDeniedException',
    message: /^The ciphertext refers to a customer master key that does not exist/,
  });
  const other = await newKey();
  await assert.rejects(
    kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: other.KeyId })),
    { name: 'IncorrectKeyException' },
  );
  const moved = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: other.KeyId,
    }),
  );
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [Arn, other.Arn]);
  const again = await kms.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }));
  assert.deepEqual(Buffer.from(again.Plaintext!), TEXT);
});

test('data keys come in plain and encrypted under the key', async (context) => {
  const { kms, newKey } = await opened(context);
  const { KeyId } = await newKey();
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  assert.equal(made.Plaintext!.length, 32);
  const opens = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  assert.deepEqual(opens.Plaintext, made.Plaintext);
  const blind = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 24 }));
  assert.equal('Plaintext' in blind, false);
  const seen = await kms.send(new DecryptCommand({ CiphertextBlob: blind.CiphertextBlob }));
  assert.equal(seen.Plaintext!.length, 24);
  for (const wrong of [{}, { KeySpec: 'AES_128' as const, NumberOfBytes: 16 }]) {
    await assert.rejects(kms.send(new GenerateDataKeyCommand({ KeyId, ...wrong })), {
      name: 'ValidationException',
      message: 'Please specify either number of bytes or key spec.',
    });
  }
  for (const KeyPairSpec of ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'] as const) {
    const pair = await kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }));
    const privateKey = createPrivateKey({
      key: Buffer.from(pair.PrivateKeyPlaintext!),
      format: 'der',
      type: 'pkcs8',
    });
    const expected = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    assert.deepEqual(Buffer.from(pair.PublicKey!), expected);
    const decrypted = await kms.send(new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }));
    assert.deepEqual(decrypted.Plaintext, pair.PrivateKeyPlaintext);
  }
  // Recorded.
  await assert.rejects(
    kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048', DryRun: true })),
    {
      name: 'DryRunOperationException',
      message: 'The request would have succeeded, but the DryRun option is set.',
    },
  );
  await assert.rejects(kms.send(new GenerateRandomCommand({})), {
    name: 'ValidationException',
    message: 'NumberOfBytes is required.',
  });
  assert.equal((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 91 }))).Plaintext!.length, 91);
});

test('RSA and HMAC keys do what their usage says and nothing else', async (context) => {
  const { kms, newKey } = await opened(context);
  const rsa = await newKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: rsa.KeyId, Plaintext: TEXT, EncryptionAlgorithm }),
  );
  const back = await kms.send(new DecryptCommand({ KeyId: rsa.KeyId, CiphertextBlob, EncryptionAlgorithm }));
  assert.deepEqual(Buffer.from(back.Plaintext!), TEXT);
  await assert.rejects(kms.send(new EncryptCommand({ KeyId: rsa.KeyId, Plaintext: TEXT })), {
    name: 'InvalidKeyUsageException',
  });
  const hmac = await newKey({ KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' });
  assert.deepEqual(hmac.MacAlgorithms, ['HMAC_SHA_384']);
  const MacAlgorithm = 'HMAC_SHA_384';
  const { Mac } = await kms.send(new GenerateMacCommand({ KeyId: hmac.KeyId, Message: TEXT, MacAlgorithm }));
  assert.equal(Mac!.length, 48);
  const verify = (mac: Uint8Array) =>
    kms.send(new VerifyMacCommand({ KeyId: hmac.KeyId, Message: TEXT, MacAlgorithm, Mac: mac }));
  assert.equal((await verify(Mac!)).MacValid, true);
  await assert.rejects(verify(Buffer.alloc(48)), { name: 'KMSInvalidMacException' });
  await assert.rejects(kms.send(new EncryptCommand({ KeyId: hmac.KeyId, Plaintext: TEXT })), {
    name: 'InvalidKeyUsageException',
    message: `${hmac.Arn} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.`,
  });
  await assert.rejects(newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }), {
    name: 'NotImplemented',
    message: /KeySpec ECC_NIST_P256/,
  });
});

test('a disabled key does nothing, and one that waits for deletion is gone when its time has come', async (context) => {
  const { platform, kms, newKey } = await opened(context);
  const { KeyId, Arn } = await newKey();
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
  await kms.send(new DisableKeyCommand({ KeyId }));
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob })), {
    name: 'DisabledException',
    message: `${Arn} is disabled.`,
  });
  await kms.send(new EnableKeyCommand({ KeyId }));
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob })), {
    name: 'KMSInvalidStateException',
    message: `${Arn} is pending deletion.`,
  });
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  await platform.clock.advance(8 * MS_PER_DAY);
  assert.equal((await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState, 'Disabled');
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/short', TargetKeyId: KeyId }));
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await platform.clock.advance(7 * MS_PER_DAY);
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId })), { name: 'NotFoundException' });
  assert.deepEqual((await kms.send(new ListAliasesCommand({}))).Aliases, []);
});

test('a rotated key encrypts with new material and still decrypts what it encrypted before', async (context) => {
  const { platform, kms, newKey } = await opened(context);
  const { KeyId, CurrentKeyMaterialId } = await newKey();
  const old = await kms.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  const status = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
  assert.deepEqual([status.KeyRotationEnabled, status.RotationPeriodInDays], [true, 90]);
  await platform.clock.advance(91 * MS_PER_DAY);
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  const { Rotations } = await kms.send(new ListKeyRotationsCommand({ KeyId }));
  assert.deepEqual(
    Rotations!.map(({ RotationType }) => RotationType),
    ['AUTOMATIC', 'ON_DEMAND'],
  );
  const before = await kms.send(new DecryptCommand({ CiphertextBlob: old.CiphertextBlob }));
  assert.deepEqual(Buffer.from(before.Plaintext!), TEXT);
  assert.equal(before.KeyMaterialId, CurrentKeyMaterialId);
  const now = await kms.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
  const after = await kms.send(new DecryptCommand({ CiphertextBlob: now.CiphertextBlob }));
  assert.notEqual(after.KeyMaterialId, CurrentKeyMaterialId);
});

test('aliases move, are unique, and those of AWS come into being when asked for', async (context) => {
  const { kms, newKey } = await opened(context);
  const [first, second] = [await newKey(), await newKey()];
  const AliasName = 'alias/app';
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: first.KeyId }));
  await assert.rejects(kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: second.KeyId })), {
    name: 'AlreadyExistsException',
    message: 'An alias with the name arn:aws:kms:us-east-1:000000000000:alias/app already exists',
  });
  await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second.KeyId }));
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: AliasName }));
  assert.equal(KeyMetadata!.KeyId, second.KeyId);
  await kms.send(new DeleteAliasCommand({ AliasName }));
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId: AliasName })), { name: 'NotFoundException' });
  await assert.rejects(
    kms.send(new CreateAliasCommand({ AliasName: 'alias/aws/x', TargetKeyId: first.KeyId })),
    {
      name: 'NotAuthorizedException',
    },
  );
  const managed = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/lambda' }));
  assert.equal(managed.KeyMetadata!.KeyManager, 'AWS');
  await assert.rejects(kms.send(new DisableKeyCommand({ KeyId: managed.KeyMetadata!.KeyId })), {
    name: 'ValidationException',
  });
});

test('grants, policies and tags are kept, listed and taken away', async (context) => {
  const { kms, newKey } = await opened(context);
  const { KeyId } = await newKey();
  const retirer = 'arn:aws:iam::000000000000:role/retirer';
  const wanted = {
    KeyId,
    Name: 'one',
    GranteePrincipal: 'arn:aws:iam::000000000000:role/r',
    RetiringPrincipal: retirer,
    Operations: ['Decrypt' as const],
    Constraints: { EncryptionContextSubset: { a: '1' } },
  };
  const { GrantId, GrantToken } = await kms.send(new CreateGrantCommand(wanted));
  assert.equal((await kms.send(new CreateGrantCommand(wanted))).GrantId, GrantId);
  const other = await kms.send(new CreateGrantCommand({ ...wanted, Name: 'two' }));
  assert.equal((await kms.send(new ListGrantsCommand({ KeyId }))).Grants!.length, 2);
  await kms.send(new RevokeGrantCommand({ KeyId, GrantId: other.GrantId }));
  const { Grants } = await kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal: retirer }));
  assert.deepEqual(
    Grants!.map((grant) => [grant.GrantId, grant.Name, grant.Operations]),
    [[GrantId, 'one', ['Decrypt']]],
  );
  await kms.send(new RetireGrantCommand({ GrantToken }));
  assert.deepEqual((await kms.send(new ListGrantsCommand({ KeyId }))).Grants, []);

  const { Policy, PolicyName } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  assert.equal(PolicyName, 'default');
  assert.equal(JSON.parse(Policy!).Statement[0].Principal.AWS, 'arn:aws:iam::000000000000:root');
  const changed = Policy!.replace('key-default-1', 'mine');
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: changed }));
  assert.equal((await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy, changed);
  await assert.rejects(kms.send(new PutKeyPolicyCommand({ KeyId, Policy: '{' })), {
    name: 'MalformedPolicyDocumentException',
  });

  const tags = [1, 2, 3].map((n) => ({ TagKey: `tag${n}`, TagValue: `value${n}` }));
  await kms.send(new TagResourceCommand({ KeyId, Tags: tags }));
  await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['tag2'] }));
  assert.deepEqual((await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags, [tags[0], tags[2]]);
  await assert.rejects(kms.send(new TagResourceCommand({ KeyId, Tags: [tags[0]!, tags[0]!] })), {
    name: 'TagException',
    message: 'Duplicate tag keys',
  });
});

test('keys survive a restart, and no file holds one in plain', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await openPlatform({ dataDir });
  const kms = clientOf(first);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const { KeyId } = KeyMetadata!;
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  kms.destroy();
  await first.close();
  const records = await readFile(join(dataDir, 'records.db'));
  const rootKey = Buffer.from((await readFile(join(dataDir, 'kms-root-key'), 'utf8')).trim(), 'hex');
  const [box] = /"sealed":"([^"]+)"/.exec(records.toString('latin1'))!.slice(1);
  const bytes = Buffer.from(box!, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', rootKey, bytes.subarray(0, 12))
    .setAAD(Buffer.from(KeyId!))
    .setAuthTag(bytes.subarray(12, 28));
  const material = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  for (const name of await readdir(dataDir)) {
    const content = await readFile(join(dataDir, name)).catch(() => Buffer.alloc(0));
    for (const form of [
      material,
      Buffer.from(material.toString('base64')),
      Buffer.from(material.toString('hex')),
    ])
      assert.equal(content.includes(form), false, `${name} holds the key`);
  }
  const second = clientOf(await startedPlatform(context, { dataDir }));
  context.after(() => second.destroy());
  const back = await second.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  assert.deepEqual(back.Plaintext, made.Plaintext);
});
