import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AliasConfiguration } from '@aws-sdk/client-lambda';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  PublishVersionCommand,
  paginateListAliases,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';
import { functionNamed, lambdaServer, refusal, untilActive, untilUpdated } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const TOLD = await zipOf({
  'index.js':
    'exports.handler = async (event, { invokedFunctionArn, functionVersion }) => ({ invokedFunctionArn, functionVersion, variable: process.env.AWS_LAMBDA_FUNCTION_VERSION });',
});

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** A function with two versions, which differ in their description. */
async function withTwoVersions(FunctionName: string): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName, { Code: { ZipFile: TOLD } })));
  await untilActive(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'second' }));
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
}

async function alias(
  FunctionName: string,
  Name: string,
  FunctionVersion: string,
  rest = {},
): Promise<AliasConfiguration> {
  const { $metadata: _, ...answer } = await lambda.send(
    new CreateAliasCommand({ FunctionName, Name, FunctionVersion, ...rest }),
  );
  return answer;
}

const half = (version: string, weight = 0.5): object => ({
  RoutingConfig: { AdditionalVersionWeights: { [version]: weight } },
});

async function invoked(FunctionName: string, Qualifier?: string): Promise<string[]> {
  const { Payload, ExecutedVersion } = await lambda.send(
    new InvokeCommand({ FunctionName, ...(Qualifier === undefined ? {} : { Qualifier }) }),
  );
  const { invokedFunctionArn, functionVersion, variable } = JSON.parse(Payload!.transformToString());
  assert.equal(variable, functionVersion);
  assert.equal(functionVersion, ExecutedVersion);
  return [invokedFunctionArn, ExecutedVersion!];
}

test('an alias has an ARN and a revision of its own, and moves from version to version', async () => {
  await withTwoVersions('moving');
  const created = await alias('moving', 'live', '1', { Description: 'what runs' });
  const { RevisionId, ...rest } = created;
  assert.deepEqual(rest, {
    AliasArn: arnOf('moving:live'),
    Name: 'live',
    FunctionVersion: '1',
    Description: 'what runs',
  });
  assert.deepEqual(await invoked('moving', 'live'), [arnOf('moving:live'), '1']);
  assert.deepEqual(await invoked('moving:live'), [arnOf('moving:live'), '1']);
  assert.deepEqual(await invoked(arnOf('moving:live')), [arnOf('moving:live'), '1']);
  assert.deepEqual(await invoked('moving:$LATEST'), [arnOf('moving:$LATEST'), '$LATEST']);
  assert.deepEqual(await invoked('moving'), [arnOf('moving'), '$LATEST']);

  const move = { FunctionName: 'moving', Name: 'live', FunctionVersion: '2' };
  const moved = await lambda.send(new UpdateAliasCommand({ ...move, RevisionId }));
  assert.deepEqual([moved.FunctionVersion, moved.Description], ['2', 'what runs']);
  assert.notEqual(moved.RevisionId, RevisionId);
  assert.deepEqual(await invoked('moving', 'live'), [arnOf('moving:live'), '2']);
  await assert.rejects(
    lambda.send(new UpdateAliasCommand({ ...move, RevisionId })),
    refusal('PreconditionFailedException', /GetFunction\/GetAlias API/, 412),
  );
  const { $metadata: _, ...got } = await lambda.send(
    new GetAliasCommand({ FunctionName: 'moving', Name: 'live' }),
  );
  assert.equal(got.RevisionId, moved.RevisionId);
});

test('an alias is a qualifier wherever a version is', async () => {
  await withTwoVersions('named');
  await alias('named', 'live', '1');
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'named:live' }));
  assert.deepEqual([Configuration!.FunctionArn, Configuration!.Version], [arnOf('named:live'), '1']);
  const configuration = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'named', Qualifier: 'live' }),
  );
  assert.deepEqual([configuration.FunctionArn, configuration.Version], [arnOf('named:live'), '1']);
  await assert.rejects(
    lambda.send(new GetFunctionCommand({ FunctionName: 'named:other' })),
    refusal('ResourceNotFoundException', `Function not found: ${arnOf('named:other')}`, 404),
  );
});

test('invocations of a weighted alias go to both versions, as often as the weight says', async () => {
  await withTwoVersions('weighted');
  await alias('weighted', 'all', '1', half('2', 1));
  await alias('weighted', 'none', '1', half('2', 0));
  await alias('weighted', 'some', '1', half('2'));
  assert.deepEqual(await invoked('weighted', 'all'), [arnOf('weighted:all'), '2']);
  assert.deepEqual(await invoked('weighted', 'none'), [arnOf('weighted:none'), '1']);
  // That one of two versions comes 40 times in a row happens once in 500,000,000,000 times.
  const seen = new Set<string>();
  for (let count = 0; count < 40 && seen.size < 2; count += 1)
    seen.add((await invoked('weighted', 'some'))[1]!);
  assert.deepEqual([...seen].sort(), ['1', '2']);
  const streamed = await lambda.send(
    new InvokeWithResponseStreamCommand({ FunctionName: 'weighted', Qualifier: 'all' }),
  );
  assert.equal(streamed.ExecutedVersion, '2');
  for await (const _ of streamed.EventStream!);

  const update = { FunctionName: 'weighted', Name: 'all' };
  const kept = await lambda.send(new UpdateAliasCommand({ ...update, Description: 'still weighted' }));
  assert.deepEqual(kept.RoutingConfig, { AdditionalVersionWeights: { 2: 1 } });
  const cleared = await lambda.send(
    new UpdateAliasCommand({ ...update, RoutingConfig: { AdditionalVersionWeights: {} } }),
  );
  assert.equal(cleared.RoutingConfig, undefined);
  assert.deepEqual(await invoked('weighted', 'all'), [arnOf('weighted:all'), '1']);
});

test('an alias made while its version is deleted points to a version that is there, or is not made', async () => {
  await withTwoVersions('raced');
  const outcomes = await Promise.allSettled([
    lambda.send(new DeleteFunctionCommand({ FunctionName: 'raced', Qualifier: '1' })),
    alias('raced', 'live', '1'),
  ]);
  assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1);
  const isThere = (Qualifier: string): Promise<boolean> =>
    lambda.send(new GetFunctionCommand({ FunctionName: 'raced', Qualifier })).then(
      () => true,
      () => false,
    );
  assert.equal(await isThere('live'), await isThere('1'));
});

test('aliases are refused that point to what is not there, or to what cannot stand together', async () => {
  await withTwoVersions('refused');
  const refuses = (target: Promise<unknown>, name: string, message: string, status = 400): Promise<void> =>
    assert.rejects(target, refusal(name, message, status));
  const missing = (name: string): string => `Function not found: ${arnOf(name)}`;
  const invalid = 'InvalidParameterValueException';
  await refuses(
    alias('refused', 'live', '1', { RoutingConfig: { AdditionalVersionWeights: { 1: 0.8, 2: 0.2 } } }),
    invalid,
    'Number of items in AdditionalVersionWeights cannot be greater than 1',
  );
  await refuses(
    alias('refused', 'live', '1', half('1')),
    invalid,
    'Invalid function version 1. Function version 1 is already included in routing configuration.',
  );
  await refuses(
    alias('refused', 'live', '$LATEST', half('1')),
    invalid,
    '$LATEST is not supported for an alias pointing to more than 1 version',
  );
  const absent = 'ResourceNotFoundException';
  await refuses(alias('refused', 'live', '10'), absent, missing('refused:10'), 404);
  await refuses(alias('refused', 'live', '1', half('10')), absent, missing('refused:10'), 404);
  await refuses(alias('missing', 'live', '1'), absent, missing('missing:1'), 404);
  await assert.rejects(
    alias('refused', 'live', 'other-alias'),
    refusal('ValidationException', /Value 'other-alias' at 'functionVersion' failed/, 400),
    'an alias never points to another one',
  );
  await alias('refused', 'live', '1');
  await refuses(
    alias('refused', 'live', '2'),
    'ResourceConflictException',
    `Alias already exists: ${arnOf('refused:live')}`,
    409,
  );
  const FunctionName = 'refused';
  await refuses(
    lambda.send(new UpdateAliasCommand({ FunctionName, Name: 'other', Description: '' })),
    absent,
    `Alias not found: ${arnOf('refused:other')}`,
    404,
  );
  await refuses(
    lambda.send(new GetAliasCommand({ FunctionName, Name: 'other' })),
    absent,
    `Cannot find alias arn: ${arnOf('refused:other')}`,
    404,
  );
  await refuses(
    lambda.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '3' })),
    absent,
    missing('refused:3'),
    404,
  );
});

test('ListAliases goes by name, page by page, and by version where one is asked for', async () => {
  await withTwoVersions('listed');
  await alias('listed', 'charlie', '2');
  await alias('listed', 'alpha', '1');
  await alias('listed', 'bravo', '1', half('2'));
  const pages = async (rest: object): Promise<string[][]> => {
    const found: string[][] = [];
    const input = { FunctionName: 'listed', ...rest };
    for await (const { Aliases } of paginateListAliases({ client: lambda, pageSize: 2 }, input))
      found.push(Aliases!.map(({ Name }) => Name!));
    return found;
  };
  assert.deepEqual(await pages({}), [['alpha', 'bravo'], ['charlie']]);
  assert.deepEqual(await pages({ FunctionVersion: '2' }), [['bravo', 'charlie']]);
  await assert.rejects(
    async () => {
      for await (const _ of paginateListAliases({ client: lambda }, { FunctionName: 'absent' }));
    },
    refusal('ResourceNotFoundException', `Function not found: ${arnOf('absent')}`, 404),
  );
});

test('a version that an alias points to cannot be deleted; aliases go with their function', async () => {
  await withTwoVersions('held');
  await alias('held', 'live', '1', half('2'));
  await alias('held', 'also', '1');
  const deletion = (Qualifier?: string): Promise<unknown> =>
    lambda.send(
      new DeleteFunctionCommand({ FunctionName: 'held', ...(Qualifier === undefined ? {} : { Qualifier }) }),
    );
  const held = 'Unable to delete version because the following aliases reference it: ';
  await assert.rejects(deletion('1'), refusal('ResourceConflictException', `${held}[also, live]`, 409));
  await assert.rejects(deletion('2'), refusal('ResourceConflictException', `${held}[live]`, 409));
  await lambda.send(new DeleteAliasCommand({ FunctionName: 'held', Name: 'live' }));
  await lambda.send(new DeleteAliasCommand({ FunctionName: 'held', Name: 'live' }));
  await deletion('2');
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'held', Qualifier: 'live' })),
    refusal('ResourceNotFoundException', `Function not found: ${arnOf('held:live')}`, 404),
  );
  await deletion();
  await withTwoVersions('held');
  await assert.rejects(
    lambda.send(new GetAliasCommand({ FunctionName: 'held', Name: 'also' })),
    refusal('ResourceNotFoundException', /Cannot find alias/, 404),
  );
});
