import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
  paginateListFunctions,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { clientSettings } from '../../kit/started-platform.ts';
import {
  ACCOUNT,
  CODE,
  functionNamed,
  lambdaServer,
  OTHER_CODE,
  refusal,
  untilActive,
  untilUpdated,
} from './lambda-server.ts';

const { lambda, platform } = await lambdaServer();
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:read`;

await lambda.send(new CreateFunctionCommand(functionNamed('read', { Tags: { team: 'a' } })));
await untilActive(lambda, 'read');
await lambda.send(new PublishVersionCommand({ FunctionName: 'read' }));

const get = (FunctionName: string, Qualifier?: string) =>
  lambda.send(new GetFunctionCommand({ FunctionName, ...(Qualifier === undefined ? {} : { Qualifier }) }));

for (const [named, qualifier, arn] of [
  ['read', undefined, ARN],
  ['function:read', undefined, ARN],
  [`${ACCOUNT}:function:read`, undefined, ARN],
  [ARN, undefined, ARN],
  ['read', '1', `${ARN}:1`],
  ['read:1', undefined, `${ARN}:1`],
  [`${ARN}:1`, undefined, `${ARN}:1`],
  [`${ARN}:1`, '1', `${ARN}:1`],
  ['read', '$LATEST', `${ARN}:$LATEST`],
  ['read:$LATEST', undefined, `${ARN}:$LATEST`],
] as const) {
  test(`GetFunction and GetFunctionConfiguration know ${named}${qualifier === undefined ? '' : ` with ${qualifier}`}`, async () => {
    const { Configuration, Tags } = await get(named, qualifier);
    assert.equal(Configuration!.FunctionArn, arn);
    assert.deepEqual(Tags, { team: 'a' });
    const alone = await lambda.send(
      new GetFunctionConfigurationCommand({
        FunctionName: named,
        ...(qualifier === undefined ? {} : { Qualifier: qualifier }),
      }),
    );
    const { $metadata: _, ...fields } = alone;
    assert.deepEqual(fields, Configuration);
  });
}

test('a function or version that does not exist is named in the error', async () => {
  await assert.rejects(
    get('absent'),
    refusal('ResourceNotFoundException', `Function not found: ${ARN.replace(':read', ':absent')}`, 404),
  );
  await assert.rejects(
    get('read', '7'),
    refusal('ResourceNotFoundException', `Function not found: ${ARN}:7`, 404),
  );
  await assert.rejects(
    get('read', 'alias'),
    refusal('ResourceNotFoundException', `Function not found: ${ARN}:alias`, 404),
  );
  await assert.rejects(
    get(`${ARN}:1`, '2'),
    refusal(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
      400,
    ),
  );
});

test('functions of another region are not reached, and other regions have functions of their own', async () => {
  await assert.rejects(
    get(ARN.replace('us-east-1', 'eu-west-1')),
    refusal(
      'ResourceNotFoundException',
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
      404,
    ),
  );
  const abroad = new LambdaClient({ ...clientSettings(platform), region: 'eu-west-1' });
  await assert.rejects(
    abroad.send(new GetFunctionCommand({ FunctionName: 'read' })),
    refusal('ResourceNotFoundException', `Function not found: ${ARN.replace('us-east-1', 'eu-west-1')}`),
  );
});

test('Code.Location downloads the package, of each version its own, for ten minutes', async () => {
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'read', ZipFile: OTHER_CODE }));
  await untilUpdated(lambda, 'read');
  const latest = (await get('read')).Code!;
  assert.equal(latest.RepositoryType, 'S3');
  const download = async (url: string): Promise<[number, Buffer]> => {
    const response = await fetch(url);
    return [response.status, Buffer.from(await response.arrayBuffer())];
  };
  assert.deepEqual(await download(latest.Location!), [200, OTHER_CODE]);
  const version = (await get('read', '1')).Code!.Location!;
  assert.deepEqual(await download(version), [200, CODE]);

  const tampered = new URL(version);
  tampered.searchParams.set('expires', String(Number(tampered.searchParams.get('expires')) + 1));
  assert.equal((await download(tampered.href))[0], 403);
  const other = version.replace(/code\/[0-9a-f]{64}/, `code/${'0'.repeat(64)}`);
  assert.equal((await download(other))[0], 403);

  await platform.clock.advance(10 * 60_000 - 5_000);
  assert.equal((await download(version))[0], 200);
  await platform.clock.advance(5_001);
  const [status, body] = await download(version);
  assert.deepEqual(
    [status, JSON.parse(body.toString())],
    [403, { message: 'The link has expired; call the operation it came from for a new one.' }],
  );
});

test('ListFunctions goes through all functions by name, page by page', async () => {
  const abroad = new LambdaClient({ ...clientSettings(platform), region: 'ap-south-1' });
  const names = Array.from({ length: 53 }, (_, index) => `f${String(index).padStart(3, '0')}`);
  await Promise.all(
    [...names].reverse().map((name) => abroad.send(new CreateFunctionCommand(functionNamed(name)))),
  );
  const sizes: number[] = [];
  const found: string[] = [];
  for await (const { Functions } of paginateListFunctions({ client: abroad }, {})) {
    sizes.push(Functions!.length);
    found.push(...Functions!.map(({ FunctionName }) => FunctionName!));
  }
  assert.deepEqual([sizes, found], [[50, 3], names], 'a page has 50 at most');
  const first = await abroad.send(new ListFunctionsCommand({ MaxItems: 2 }));
  const second = await abroad.send(new ListFunctionsCommand({ MaxItems: 10_000, Marker: first.NextMarker! }));
  assert.deepEqual(
    [first.Functions!.length, second.Functions![0]!.FunctionName, second.Functions!.length],
    [2, 'f002', 50],
  );
  assert.equal(first.Functions![0]!.State, undefined, 'lists leave states out');
});

test('ListFunctions with ALL lists every version, also across pages', async () => {
  const abroad = new LambdaClient({ ...clientSettings(platform), region: 'eu-north-1' });
  for (const name of ['a', 'b']) {
    await abroad.send(new CreateFunctionCommand(functionNamed(name, { Publish: true })));
  }
  const versions: string[] = [];
  for await (const { Functions } of paginateListFunctions(
    { client: abroad, pageSize: 3 },
    { FunctionVersion: 'ALL' },
  ))
    versions.push(...Functions!.map(({ FunctionArn }) => FunctionArn!.split(':function:')[1]!));
  assert.deepEqual(versions, ['a:$LATEST', 'a:1', 'b:$LATEST', 'b:1']);
  const named = async (MasterRegion: string): Promise<number> =>
    (await abroad.send(new ListFunctionsCommand({ MasterRegion, FunctionVersion: 'ALL' }))).Functions!.length;
  assert.deepEqual([await named('ALL'), await named('eu-north-1'), await named('us-west-2')], [4, 4, 0]);
});

test('ListFunctions refuses a page size of none and a marker that is not its own', async () => {
  await assert.rejects(
    lambda.send(new ListFunctionsCommand({ MaxItems: 0 })),
    refusal(
      'ValidationException',
      "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
      400,
    ),
  );
  await assert.rejects(
    lambda.send(new ListFunctionsCommand({ Marker: 'mine' })),
    refusal('InvalidParameterValueException', /marker/, 400),
  );
});

test('GetAccountSettings counts functions and the code of all their versions', async () => {
  const { AccountLimit, AccountUsage } = await lambda.send(new GetAccountSettingsCommand({}));
  assert.deepEqual(AccountLimit, {
    TotalCodeSize: 80_530_636_800,
    CodeSizeUnzipped: 262_144_000,
    CodeSizeZipped: 52_428_800,
    ConcurrentExecutions: 1_000,
    UnreservedConcurrentExecutions: 1_000,
  });
  assert.deepEqual(AccountUsage, { FunctionCount: 1, TotalCodeSize: CODE.length + OTHER_CODE.length });
});
