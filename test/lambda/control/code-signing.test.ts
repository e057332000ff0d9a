/**
 * Code signing. A package signed by AWS Signer has the file `META_INF/aws_signer_signature_v1.0.SF`; the words for
 * one without are those that users of AWS quote (aws/aws-cdk issue 29474).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfigCommand,
  DeleteFunctionCommand,
  GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionCommand,
  ListFunctionsByCodeSigningConfigCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PutFunctionCodeSigningConfigCommand,
  paginateListCodeSigningConfigs,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateCodeSigningConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';
import {
  functionNamed,
  lambdaServer,
  OTHER_CODE,
  refusal,
  untilActive,
  untilUpdated,
} from './lambda-server.ts';

const { lambda } = await lambdaServer();

const PROFILE = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/test/abcdefghij';
const SIGNED = await zipOf({
  'index.js': 'exports.handler = async () => 1;',
  'META_INF/aws_signer_signature_v1.0.SF': 'a signature',
});

async function config(policy?: 'Warn' | 'Enforce', rest = {}): Promise<string> {
  const { CodeSigningConfig } = await lambda.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
      ...(policy === undefined ? {} : { CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy } }),
      ...rest,
    }),
  );
  return CodeSigningConfig!.CodeSigningConfigArn!;
}

const attach = (FunctionName: string, CodeSigningConfigArn: string) =>
  lambda.send(new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn }));

async function created(FunctionName: string, rest = {}): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName, rest)));
  await untilActive(lambda, FunctionName);
}

const untrusted = (name: string) =>
  refusal(
    'CodeVerificationFailedException',
    `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${name}.`,
    400,
  );

test('a config is made, changed, listed and deleted', async () => {
  const arn = await config(undefined, { Description: 'ours' });
  assert.match(arn, /^arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-[a-z0-9]{17}$/);
  const got = async () =>
    (await lambda.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn: arn }))).CodeSigningConfig!;
  const { LastModified, ...known } = await got();
  assert.match(LastModified!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  assert.deepEqual(known, {
    CodeSigningConfigId: arn.split(':').at(-1),
    CodeSigningConfigArn: arn,
    Description: 'ours',
    AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
  });
  await lambda.send(
    new UpdateCodeSigningConfigCommand({
      CodeSigningConfigArn: arn,
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
    }),
  );
  const updated = await got();
  assert.equal(updated.CodeSigningPolicies!.UntrustedArtifactOnDeployment, 'Enforce');
  assert.equal(updated.Description, 'ours');
  const other = await config();
  const pages: string[] = [];
  for await (const { CodeSigningConfigs } of paginateListCodeSigningConfigs(
    { client: lambda, pageSize: 1 },
    {},
  ))
    pages.push(...CodeSigningConfigs!.map(({ CodeSigningConfigArn }) => CodeSigningConfigArn!));
  assert.deepEqual(pages, [arn, other].sort());
  for (const CodeSigningConfigArn of [arn, other])
    await lambda.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
  await assert.rejects(
    got(),
    refusal(
      'ResourceNotFoundException',
      `The Lambda code signing configuration ${arn} can not be found.`,
      404,
    ),
  );
});

test('a config has tags', async () => {
  const Resource = await config('Warn', { Tags: { one: '1', two: '2' } });
  await lambda.send(new TagResourceCommand({ Resource, Tags: { three: '3' } }));
  await lambda.send(new UntagResourceCommand({ Resource, TagKeys: ['one'] }));
  const { Tags } = await lambda.send(new ListTagsCommand({ Resource }));
  assert.deepEqual(Tags, { two: '2', three: '3' });
});

test('a function has a config until that is taken away or the function goes; one in use stays', async () => {
  const arn = await config('Warn');
  await created('attached');
  const attached = async (): Promise<unknown[]> => {
    const answer = await lambda.send(new GetFunctionCodeSigningConfigCommand({ FunctionName: 'attached' }));
    return [answer.CodeSigningConfigArn, answer.FunctionName];
  };
  assert.deepEqual(await attached(), [undefined, undefined]);
  await attach('attached', arn);
  assert.deepEqual(await attached(), [arn, 'attached']);
  const functions = async (): Promise<string[]> => {
    const input = { CodeSigningConfigArn: arn };
    return (await lambda.send(new ListFunctionsByCodeSigningConfigCommand(input))).FunctionArns!;
  };
  assert.deepEqual(await functions(), ['arn:aws:lambda:us-east-1:000000000000:function:attached']);
  await assert.rejects(
    lambda.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: arn })),
    refusal(
      'ResourceConflictException',
      `The code signing configuration ${arn} is in use by 1 function(s).`,
      409,
    ),
  );
  await lambda.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName: 'attached' }));
  assert.deepEqual(await attached(), [undefined, undefined]);
  await attach('attached', arn);
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'attached' }));
  assert.deepEqual(await functions(), []);
  await lambda.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: arn }));
  await created('attached');
  await assert.rejects(
    attach('attached', arn),
    refusal(
      'CodeSigningConfigNotFoundException',
      `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
      404,
    ),
  );
});

test('Enforce refuses unsigned code and layers, wherever they are deployed; Warn lets them pass', async () => {
  const enforced = await config('Enforce');
  await assert.rejects(created('enforced', { CodeSigningConfigArn: enforced }), untrusted('enforced'));
  await assert.rejects(
    lambda.send(new GetFunctionCommand({ FunctionName: 'enforced' })),
    refusal('ResourceNotFoundException', /Function not found/, 404),
  );
  const warned = await config('Warn');
  await created('enforced', { CodeSigningConfigArn: warned });
  const { CodeSigningConfigArn } = await lambda.send(
    new GetFunctionCodeSigningConfigCommand({ FunctionName: 'enforced' }),
  );
  assert.equal(CodeSigningConfigArn, warned);
  const update = { FunctionName: 'enforced', ZipFile: OTHER_CODE };
  await lambda.send(new UpdateFunctionCodeCommand(update));
  await untilUpdated(lambda, 'enforced');

  await attach('enforced', enforced);
  const before = await lambda.send(new GetFunctionCommand({ FunctionName: 'enforced' }));
  await assert.rejects(lambda.send(new UpdateFunctionCodeCommand(update)), untrusted('enforced'));
  const layer = { LayerName: 'unsigned', Content: { ZipFile: OTHER_CODE } };
  const { LayerVersionArn } = await lambda.send(new PublishLayerVersionCommand(layer));
  const layered = { FunctionName: 'enforced', Layers: [LayerVersionArn!] };
  await assert.rejects(lambda.send(new UpdateFunctionConfigurationCommand(layered)), untrusted('enforced'));
  const after = await lambda.send(new GetFunctionCommand({ FunctionName: 'enforced' }));
  assert.equal(after.Configuration!.RevisionId, before.Configuration!.RevisionId);
  // What is not deployed is not checked.
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'enforced', Timeout: 9 }));
});

test('a signed package, whose signature cannot be verified here, is refused by name', async () => {
  const rest = { CodeSigningConfigArn: await config('Enforce'), Code: { ZipFile: SIGNED } };
  await assert.rejects(
    created('signed', rest),
    refusal(
      'NotImplemented',
      'lambda:CreateFunction does not implement the verification of signatures by AWS Signer yet.',
      501,
    ),
  );
});
