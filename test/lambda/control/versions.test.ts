import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  paginateListVersionsByFunction,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  functionNamed,
  lambdaServer,
  OTHER_CODE,
  refusal,
  untilActive,
  untilUpdated,
} from './lambda-server.ts';

const { lambda } = await lambdaServer();

async function created(name: string, rest = {}): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(name, rest)));
  await untilActive(lambda, name);
}

const publish = (FunctionName: string, rest = {}): Promise<FunctionConfiguration> =>
  lambda.send(new PublishVersionCommand({ FunctionName, ...rest }));

async function described(FunctionName: string, Description: string): Promise<void> {
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description }));
  await untilUpdated(lambda, FunctionName);
}

test('PublishVersion makes numbered versions, and none when nothing changed since the last', async () => {
  await created('numbered');
  const first = await publish('numbered', { Description: 'its own' });
  assert.deepEqual(
    [first.Version, first.Description, first.FunctionArn, first.State, first.LastUpdateStatus],
    ['1', 'its own', 'arn:aws:lambda:us-east-1:000000000000:function:numbered:1', 'Active', 'Successful'],
  );
  assert.equal((await publish('numbered')).Version, '1', 'nothing changed');
  const same = await publish('numbered', { Description: 'another' });
  assert.deepEqual(
    [same.Version, same.Description],
    ['1', 'its own'],
    'another description alone makes no version',
  );
  await described('numbered', 'new');
  const second = await publish('numbered');
  assert.deepEqual([second.Version, second.Description], ['2', 'new']);
});

test('PublishVersion refuses another revision than that of $LATEST, which gets a new one', async () => {
  await created('guarded', { Environment: { Variables: { STAGE: 'one' } } });
  const revisionOf = async (): Promise<string> => {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'guarded' }));
    return Configuration!.RevisionId!;
  };
  const before = await revisionOf();
  assert.equal((await publish('guarded', { RevisionId: before })).Version, '1');
  // Recorded in TestLambdaPermissions::test_lambda_permission_fn_versioning.
  const after = await revisionOf();
  assert.notEqual(after, before);
  await assert.rejects(
    publish('guarded', { RevisionId: before }),
    refusal('PreconditionFailedException', /Call the GetFunction\/GetAlias API/, 412),
  );
  assert.equal((await publish('guarded', { RevisionId: after })).Version, '1', 'nothing changed');
  assert.equal(await revisionOf(), after);
});

test('a version keeps its code and configuration when $LATEST changes', async () => {
  await created('frozen', { Environment: { Variables: { STAGE: 'first' } }, Timeout: 5 });
  await publish('frozen');
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'frozen', ZipFile: OTHER_CODE }));
  await untilUpdated(lambda, 'frozen');
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: 'frozen',
      Timeout: 6,
      Environment: { Variables: {} },
    }),
  );
  await untilUpdated(lambda, 'frozen');
  const { Configuration } = await lambda.send(
    new GetFunctionCommand({ FunctionName: 'frozen', Qualifier: '1' }),
  );
  assert.deepEqual(
    [Configuration!.Timeout, Configuration!.Environment],
    [5, { Variables: { STAGE: 'first' } }],
  );
  const run = async (FunctionName: string): Promise<string[]> => {
    const { Payload, ExecutedVersion } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: '"echo"' }),
    );
    return [Payload!.transformToString(), ExecutedVersion!];
  };
  assert.deepEqual(await run('frozen:1'), ['"echo"', '1']);
  assert.deepEqual(await run('frozen'), ['"other"', '$LATEST']);
});

test('PublishVersion refuses another hash than that of $LATEST', async () => {
  await created('hashed');
  const { CodeSha256 } = await publish('hashed');
  await assert.rejects(
    publish('hashed', { CodeSha256: 'another' }),
    refusal(
      'InvalidParameterValueException',
      `CodeSHA256 (another) is different from current CodeSHA256 in $LATEST (${CodeSha256}). Please try again with the CodeSHA256 in $LATEST.`,
      400,
    ),
  );
  assert.equal((await publish('hashed', { CodeSha256 })).Version, '1');
});

test('UpdateFunctionCode with Publish answers the new version, which becomes Active', async () => {
  await created('shipped');
  const answer = await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'shipped', ZipFile: OTHER_CODE, Publish: true }),
  );
  assert.deepEqual(
    [answer.Version, answer.FunctionArn, answer.State],
    ['1', 'arn:aws:lambda:us-east-1:000000000000:function:shipped:1', 'Pending'],
  );
  await untilActive(lambda, 'shipped', '1');
});

test('publishing at once many times makes one version', async () => {
  await created('once');
  const answers = await Promise.all(Array.from({ length: 8 }, () => publish('once')));
  assert.deepEqual(new Set(answers.map(({ Version }) => Version)), new Set(['1']));
});

test('numbers are not used again after a version was deleted', async () => {
  await created('counted');
  await publish('counted');
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'counted', Qualifier: '1' }));
  await described('counted', 'changed');
  assert.equal((await publish('counted')).Version, '2');
});

test('ListVersionsByFunction has $LATEST first, then the numbers in order, page by page', async () => {
  await created('listed');
  for (let number = 1; number <= 11; number += 1) {
    await described('listed', `${number}`);
    await publish('listed');
  }
  const pages: string[][] = [];
  for await (const { Versions } of paginateListVersionsByFunction(
    { client: lambda, pageSize: 5 },
    { FunctionName: 'listed' },
  ))
    pages.push(Versions!.map(({ Version }) => Version!));
  assert.deepEqual(pages, [
    ['$LATEST', '1', '2', '3', '4'],
    ['5', '6', '7', '8', '9'],
    ['10', '11'],
  ]);
  const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'listed' }));
  assert.equal(Versions![0]!.FunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:listed:$LATEST');
  assert.equal(Versions![0]!.State, undefined, 'lists leave states out');
  await assert.rejects(
    lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'absent' })),
    refusal(
      'ResourceNotFoundException',
      'Function not found: arn:aws:lambda:us-east-1:000000000000:function:absent',
      404,
    ),
  );
});
