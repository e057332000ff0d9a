/** Policies of functions, queues and keys, from other accounts and from their own; and functions as their roles. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import type { GrantConstraints, GrantOperation } from '@aws-sdk/client-kms';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import {
  AddPermissionCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  RemovePermissionCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform } from '../../../src/index.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import type { KeyPair } from '../../services/iam/iam-clients.ts';
import { allow, document, newUser, refusal, settingsOf, trust } from '../../services/iam/iam-clients.ts';

const ACCOUNT = '000000000000';
const OTHER: KeyPair = { accessKeyId: '111122223333', secretAccessKey: 'test' };
const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;

/** Calls back with the credentials it was given, and tells what came of it. */
const HANDLER = `
const { LambdaClient, GetFunctionCommand } = require('@aws-sdk/client-lambda');
exports.handler = async ({ name }) => {
  try {
    await new LambdaClient({}).send(new GetFunctionCommand({ FunctionName: name }));
    return 'allowed';
  } catch (error) {
    return error.message;
  }
};
`;

describe('with authorization', () => {
  let platform: Platform;
  let iam: IAMClient;
  before(async () => {
    platform = await openPlatform({ authorization: true });
    iam = new IAMClient(settingsOf(platform));
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'worker',
        AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }),
      }),
    );
    const lambda = new LambdaClient(settingsOf(platform));
    const ZipFile = await zipOf({ 'index.js': HANDLER });
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'f',
        Role: ROLE,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile },
      }),
    );
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName: 'f' });
  });
  after(() => platform.close());

  const lambda = (key?: KeyPair) => new LambdaClient(settingsOf(platform, key));

  it('the calls of a function are those of its role', async () => {
    const invoke = async (): Promise<unknown> => {
      const { Payload } = await lambda().send(
        new InvokeCommand({ FunctionName: 'f', Payload: JSON.stringify({ name: 'f' }) }),
      );
      return JSON.parse(Buffer.from(Payload!).toString());
    };
    assert.equal(
      await invoke(),
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/worker/f is not authorized to perform: lambda:GetFunction on ` +
        `resource: ${FUNCTION} because no identity-based policy allows the lambda:GetFunction action`,
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'worker',
        PolicyName: 'p',
        PolicyDocument: allow('lambda:GetFunction'),
      }),
    );
    assert.equal(await invoke(), 'allowed', 'what its role may do it may at once');
  });

  it('a function lets another account in by its own policy, for what that says', async () => {
    const user = await newUser(new IAMClient(settingsOf(platform, OTHER)), 'guest', allow('lambda:*'));
    const read = () => lambda(user).send(new GetFunctionCommand({ FunctionName: FUNCTION }));
    await assert.rejects(
      read(),
      refusal(
        'AccessDeniedException',
        `User: arn:aws:iam::${OTHER.accessKeyId}:user/guest is not authorized to perform: lambda:GetFunction on ` +
          `resource: ${FUNCTION} because no resource-based policy allows the lambda:GetFunction action`,
        403,
      ),
    );
    await lambda().send(
      new AddPermissionCommand({
        FunctionName: 'f',
        StatementId: 'guests',
        Action: 'lambda:GetFunction',
        Principal: OTHER.accessKeyId,
      }),
    );
    assert.equal((await read()).Configuration?.FunctionArn, FUNCTION);
    const bare = await newUser(new IAMClient(settingsOf(platform, OTHER)), 'bare');
    await assert.rejects(
      lambda(bare).send(new GetFunctionCommand({ FunctionName: FUNCTION })),
      /no identity-based policy allows/,
      'the account has to let its user as well',
    );
    await lambda().send(new RemovePermissionCommand({ FunctionName: 'f', StatementId: 'guests' }));
    await assert.rejects(read(), /no resource-based policy allows/);
  });

  it('a queue lets a user of its account in without any policy of the user', async () => {
    const root = new SQSClient(settingsOf(platform));
    const { QueueUrl } = await root.send(new CreateQueueCommand({ QueueName: 'q' }));
    const queue = `arn:aws:sqs:us-east-1:${ACCOUNT}:q`;
    const key = await newUser(iam, 'sender');
    const send = () =>
      new SQSClient(settingsOf(platform, key)).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await assert.rejects(send(), { name: 'AccessDenied' });
    const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:user/sender` };
    const set = (...statements: object[]) =>
      root.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: document(...statements) } }));
    const grant = { Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: queue };
    await set(grant);
    assert.ok((await send()).MessageId);
    await set(grant, { Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: queue });
    await assert.rejects(send(), /with an explicit deny in a resource-based policy$/);
  });

  it('a function polls a queue that its role may read', async () => {
    const root = new SQSClient(settingsOf(platform));
    await root.send(new CreateQueueCommand({ QueueName: 'polled' }));
    const EventSourceArn = `arn:aws:sqs:us-east-1:${ACCOUNT}:polled`;
    const create = () =>
      lambda().send(
        new CreateEventSourceMappingCommand({ FunctionName: 'f', EventSourceArn, Enabled: false }),
      );
    const mayNot = (call: string) =>
      refusal(
        'InvalidParameterValueException',
        `The function execution role does not have permissions to call ${call} on SQS`,
        400,
      );
    const put = (...Action: string[]) =>
      iam.send(
        new PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'poll', PolicyDocument: allow(Action) }),
      );
    await assert.rejects(create(), mayNot('ReceiveMessage'));
    await put('sqs:ReceiveMessage');
    await assert.rejects(create(), mayNot('DeleteMessage'));
    await put('sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
    const { UUID } = await create();
    await put('sqs:SendMessage');
    const update = new UpdateEventSourceMappingCommand({ UUID, FunctionName: 'f' });
    await assert.rejects(lambda().send(update), mayNot('ReceiveMessage'));
  });

  it('a function reads a stream that its role may read', async () => {
    const root = new KinesisClient(settingsOf(platform));
    await root.send(new CreateStreamCommand({ StreamName: 'read', ShardCount: 1 }));
    const EventSourceArn = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/read`;
    const create = () =>
      lambda().send(
        new CreateEventSourceMappingCommand({
          FunctionName: 'f',
          EventSourceArn,
          StartingPosition: 'LATEST',
          Enabled: false,
        }),
      );
    const put = (...Action: string[]) =>
      iam.send(
        new PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'poll', PolicyDocument: allow(Action) }),
      );
    await put('kinesis:GetRecords', 'kinesis:GetShardIterator');
    await assert.rejects(
      create(),
      refusal(
        'InvalidParameterValueException',
        `Cannot access stream ${EventSourceArn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM.`,
        400,
      ),
    );
    await put('kinesis:GetRecords', 'kinesis:GetShardIterator', 'kinesis:DescribeStream');
    assert.ok((await create()).UUID);
  });

  it('a function gets a dead-letter queue or topic that its role may send to', async () => {
    const update = (service: string) =>
      lambda().send(
        new UpdateFunctionConfigurationCommand({
          FunctionName: 'f',
          DeadLetterConfig: { TargetArn: `arn:aws:${service}:us-east-1:${ACCOUNT}:dead` },
        }),
      );
    const mayNot = (words: string) =>
      refusal(
        'InvalidParameterValueException',
        `The provided execution role does not have permissions to call ${words}`,
        400,
      );
    await assert.rejects(update('sqs'), mayNot('SendMessage on SQS'));
    await assert.rejects(update('sns'), mayNot('Publish on SNS'));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'worker',
        PolicyName: 'letters',
        PolicyDocument: allow('sqs:SendMessage', `arn:aws:sqs:us-east-1:${ACCOUNT}:dead`),
      }),
    );
    const { DeadLetterConfig } = await update('sqs');
    assert.equal(DeadLetterConfig!.TargetArn, `arn:aws:sqs:us-east-1:${ACCOUNT}:dead`);
    await assert.rejects(update('sns'), mayNot('Publish on SNS'));
  });

  it('a key that does not leave it to the account is used by those alone whom it names', async () => {
    const root = new KMSClient(settingsOf(platform));
    const KeyId = (await root.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
    const key = await newUser(iam, 'encrypter', allow('kms:Encrypt'));
    const encrypt = () =>
      new KMSClient(settingsOf(platform, key)).send(
        new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }),
      );
    assert.ok((await encrypt()).CiphertextBlob, 'the default policy leaves it to the account');
    const administrator = { AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` };
    await root.send(
      new PutKeyPolicyCommand({
        KeyId,
        Policy: document({ Effect: 'Allow', Principal: administrator, Action: 'kms:*', Resource: '*' }),
        BypassPolicyLockoutSafetyCheck: true,
      }),
    );
    await assert.rejects(encrypt(), /because no resource-based policy allows the kms:Encrypt action$/);
    await assert.rejects(root.send(new DescribeKeyCommand({ KeyId })), { name: 'AccessDeniedException' });
  });

  it('a key is protected by its policy where a request names it by a ciphertext alone, too', async () => {
    const root = new KMSClient(settingsOf(platform));
    const KeyId = (await root.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
    const { CiphertextBlob } = await root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
    const reader = await newUser(iam, 'reader', allow('kms:*'));
    const decrypt = (client: KMSClient) => client.send(new DecryptCommand({ CiphertextBlob }));
    const client = new KMSClient(settingsOf(platform, reader));
    assert.ok((await decrypt(client)).Plaintext);
    const DestinationKeyId = (await root.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
    const reEncrypt = () => client.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId }));
    assert.ok((await reEncrypt()).CiphertextBlob);
    const account = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    const own = { Effect: 'Allow', Principal: account, Action: 'kms:*', Resource: '*' };
    const named = { AWS: `arn:aws:iam::${ACCOUNT}:user/reader` };
    const forbid = (keyId: string, Action: string) =>
      root.send(
        new PutKeyPolicyCommand({
          KeyId: keyId,
          Policy: document(own, { Effect: 'Deny', Principal: named, Action, Resource: '*' }),
        }),
      );
    await forbid(KeyId, 'kms:Decrypt');
    await assert.rejects(decrypt(client), /with an explicit deny in a resource-based policy$/);
    await forbid(DestinationKeyId, 'kms:ReEncryptTo');
    await assert.rejects(reEncrypt(), /kms:ReEncryptTo .* with an explicit deny in a resource-based policy$/);
  });

  it('a grant lets its grantee use a key, in the encryption context it says, until it is revoked', async () => {
    const root = new KMSClient(settingsOf(platform));
    const KeyId = (await root.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
    const grantee = new KMSClient(settingsOf(platform, await newUser(iam, 'grantee')));
    const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:user/grantee`;
    const encrypt = (EncryptionContext?: Record<string, string>) =>
      grantee.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }));
    const denied = /because no identity-based policy allows the kms:\w+ action$/;
    await assert.rejects(encrypt(), denied);
    const grant = (
      Operations: GrantOperation[],
      Constraints?: GrantConstraints,
      principal = GranteePrincipal,
      by = root,
    ) => by.send(new CreateGrantCommand({ KeyId, GranteePrincipal: principal, Operations, Constraints }));
    const subset = await grant(['Encrypt', 'Decrypt', 'DescribeKey'], {
      EncryptionContextSubset: { app: 'a' },
    });
    const { CiphertextBlob } = await encrypt({ app: 'a', more: 'b' });
    const decrypt = (EncryptionContext: Record<string, string>) =>
      grantee.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    assert.ok((await decrypt({ app: 'a', more: 'b' })).Plaintext, 'no key is named but by the ciphertext');
    for (const context of [undefined, { more: 'b' }, { app: 'b' }])
      await assert.rejects(encrypt(context), denied, JSON.stringify(context));
    assert.ok(await grantee.send(new DescribeKeyCommand({ KeyId })), 'which has no context');
    await assert.rejects(grantee.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })), denied);
    await root.send(new RevokeGrantCommand({ KeyId, GrantId: subset.GrantId }));
    await assert.rejects(encrypt({ app: 'a' }), denied);

    await grant(['Encrypt'], { EncryptionContextEquals: { app: 'a' } });
    assert.ok(await encrypt({ app: 'a' }));
    await assert.rejects(encrypt({ app: 'a', more: 'b' }), denied);

    const other = `arn:aws:iam::${ACCOUNT}:user/other`;
    await grant(['CreateGrant', 'Encrypt']);
    await assert.rejects(grant(['Encrypt', 'Decrypt'], undefined, other, grantee), denied);
    assert.ok((await grant(['Encrypt'], undefined, other, grantee)).GrantId, 'no more than it has itself');
  });
});
