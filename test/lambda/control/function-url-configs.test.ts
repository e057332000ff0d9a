import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  PublishVersionCommand,
  paginateListFunctionUrlConfigs,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

const { lambda, platform } = await lambdaServer();

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** A function with the alias `live` of its first version. */
async function withAlias(FunctionName: string): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
}

const create = (FunctionName: string, rest = {}) =>
  lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', ...rest }));
const got = (FunctionName: string) => lambda.send(new GetFunctionUrlConfigCommand({ FunctionName }));

const absent = refusal('ResourceNotFoundException', 'The resource you requested does not exist.', 404);

test('a URL is made at the port of the server, and stays the same through changes', async () => {
  await withAlias('served');
  const { $metadata: _, CreationTime, FunctionUrl, ...rest } = await create('served');
  assert.deepEqual(rest, { AuthType: 'NONE', FunctionArn: arnOf('served') });
  const { port } = new URL(platform.origin);
  assert.match(
    FunctionUrl!,
    new RegExp(`^http://[a-z0-9]{32}\\.lambda-url\\.us-east-1\\.localhost:${port}/$`),
  );
  const known = await got('served');
  assert.deepEqual(
    [known.FunctionUrl, known.CreationTime, known.LastModifiedTime, known.InvokeMode],
    [FunctionUrl, CreationTime, CreationTime, 'BUFFERED'],
  );
  const Cors = {
    AllowOrigins: ['https://example.com'],
    AllowMethods: ['GET'],
    AllowCredentials: true,
    MaxAge: 5,
  };
  const update = {
    FunctionName: 'served',
    AuthType: 'AWS_IAM',
    InvokeMode: 'RESPONSE_STREAM',
    Cors,
  } as const;
  const updated = await lambda.send(new UpdateFunctionUrlConfigCommand(update));
  assert.deepEqual(
    [updated.FunctionUrl, updated.AuthType, updated.InvokeMode, updated.Cors],
    [FunctionUrl, 'AWS_IAM', 'RESPONSE_STREAM', Cors],
  );
  const kept = await lambda.send(
    new UpdateFunctionUrlConfigCommand({ FunctionName: 'served', AuthType: 'NONE' }),
  );
  assert.deepEqual([kept.InvokeMode, kept.Cors], ['RESPONSE_STREAM', Cors]);
  const cleared = await lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'served', Cors: {} }));
  assert.equal(cleared.Cors, undefined);
});

test('a function and its aliases have URLs apart, which are listed page by page and go with them', async () => {
  await withAlias('several');
  const own = await create('several');
  const ofAlias = await create('several', { Qualifier: 'live', InvokeMode: 'RESPONSE_STREAM' });
  assert.notEqual(ofAlias.FunctionUrl, own.FunctionUrl);
  assert.deepEqual([ofAlias.FunctionArn, ofAlias.InvokeMode], [arnOf('several:live'), 'RESPONSE_STREAM']);
  const pages: string[][] = [];
  const paginated = paginateListFunctionUrlConfigs(
    { client: lambda, pageSize: 1 },
    { FunctionName: 'several' },
  );
  for await (const { FunctionUrlConfigs } of paginated)
    pages.push(FunctionUrlConfigs!.map(({ FunctionArn }) => FunctionArn!));
  assert.deepEqual(pages, [[arnOf('several')], [arnOf('several:live')]]);
  await lambda.send(new DeleteAliasCommand({ FunctionName: 'several', Name: 'live' }));
  await assert.rejects(got('several:live'), absent);
  await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: 'several' }));
  await assert.rejects(got('several'), absent);
  // Developer guide, "Creating and managing Lambda function URLs": a URL that is deleted cannot be recovered.
  assert.notEqual((await create('several')).FunctionUrl, own.FunctionUrl);
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'several' }));
  await withAlias('several');
  await assert.rejects(got('several'), absent);
});

test('what is not there, is there already or cannot have a URL is refused in the words of AWS', async () => {
  await withAlias('single');
  await create('single');
  await assert.rejects(
    create('single'),
    refusal(
      'ResourceConflictException',
      `Failed to create function url config for [functionArn = ${arnOf('single')}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      409,
    ),
  );
  const nowhere = refusal('ResourceNotFoundException', 'Function does not exist', 404);
  await assert.rejects(create('missing'), nowhere);
  await assert.rejects(create('single', { Qualifier: 'other' }), nowhere);
  await assert.rejects(
    create('single', { Qualifier: '1' }),
    refusal('ValidationException', /Value '1' at 'qualifier' failed to satisfy constraint/, 400),
  );
  await assert.rejects(
    create('single:live', { Cors: { AllowMethods: ['OPTIONS'] } }),
    refusal('ValidationException', /at 'cors\.allowMethods' failed to satisfy constraint/, 400),
  );
  await assert.rejects(
    create('single:live', { Cors: { MaxAge: 86_401 } }),
    refusal('ValidationException', /Value '86401' at 'cors\.maxAge' failed to satisfy constraint/, 400),
  );
  const update = (FunctionName: string): Promise<unknown> =>
    lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM' }));
  await assert.rejects(update('single:live'), absent);
  await assert.rejects(update('single:other'), nowhere);
});
