import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type {
  GetLayerVersionCommandOutput,
  PublishLayerVersionCommandInput,
  PublishLayerVersionCommandOutput,
} from '@aws-sdk/client-lambda';
import {
  AddLayerVersionPermissionCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  GetLayerVersionPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListLayersCommand,
  ListLayerVersionsCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  RemoveLayerVersionPermissionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { hashes } from '../ports/blob-store-suite.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import {
  ACCOUNT,
  functionNamed,
  lambdaServer,
  refusal,
  untilActive,
  untilUpdated,
} from './control/lambda-server.ts';

const { platform, lambda } = await lambdaServer();
const CONTENT = await zipOf({ 'nodejs/node_modules/a/index.js': 'exports.a = 1;' });
const OTHER_ACCOUNT = '111111111111';

/** An access key of twelve digits is the account it belongs to. */
const other = new LambdaClient({
  ...clientSettings(platform),
  credentials: { accessKeyId: OTHER_ACCOUNT, secretAccessKey: 'test' },
});

const arnOf = (name: string, version: number | string, account = ACCOUNT): string =>
  `arn:aws:lambda:us-east-1:${account}:layer:${name}:${version}`;

function publish(
  LayerName: string,
  rest: Partial<PublishLayerVersionCommandInput> = {},
  client = lambda,
): Promise<PublishLayerVersionCommandOutput> {
  return client.send(new PublishLayerVersionCommand({ LayerName, Content: { ZipFile: CONTENT }, ...rest }));
}

function withoutPlace({ $metadata: _, Content, ...rest }: GetLayerVersionCommandOutput): unknown {
  return { ...rest, Content: { ...Content, Location: undefined } };
}

test('a version is published with a number of its own and can be got by name, ARN and number', async () => {
  const published = await publish('first', {
    Description: 'words',
    LicenseInfo: 'MIT',
    CompatibleRuntimes: ['nodejs24.x', 'python3.12'],
    CompatibleArchitectures: ['x86_64'],
  });
  assert.equal(published.$metadata.httpStatusCode, 201);
  const { Location, ...content } = published.Content!;
  assert.deepEqual(content, {
    CodeSha256: createHash('sha256').update(CONTENT).digest('base64'),
    CodeSize: CONTENT.length,
  });
  assert.match(published.CreatedDate!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  const { $metadata: _, Content: __, CreatedDate: ___, ...shown } = published;
  assert.deepEqual(shown, {
    LayerArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:first`,
    LayerVersionArn: arnOf('first', 1),
    Description: 'words',
    Version: 1,
    CompatibleRuntimes: ['nodejs24.x', 'python3.12'],
    LicenseInfo: 'MIT',
    CompatibleArchitectures: ['x86_64'],
  });
  const downloaded = await fetch(Location!);
  assert.ok(Buffer.from(await downloaded.arrayBuffer()).equals(CONTENT));

  for (const command of [
    new GetLayerVersionCommand({ LayerName: 'first', VersionNumber: 1 }),
    new GetLayerVersionCommand({ LayerName: published.LayerArn!, VersionNumber: 1 }),
  ])
    assert.deepEqual(withoutPlace(await lambda.send(command)), withoutPlace(published));
  const byArn = await lambda.send(new GetLayerVersionByArnCommand({ Arn: published.LayerVersionArn! }));
  assert.deepEqual(withoutPlace(byArn), withoutPlace(published));
  assert.equal((await publish('first')).Version, 2);
});

test('a number is never used twice, not even when all versions are deleted', async () => {
  await publish('numbered');
  await publish('numbered');
  for (const VersionNumber of [1, 2, 2]) {
    const deleted = await lambda.send(
      new DeleteLayerVersionCommand({ LayerName: 'numbered', VersionNumber }),
    );
    assert.equal(deleted.$metadata.httpStatusCode, 204);
  }
  const { LayerVersions } = await lambda.send(new ListLayerVersionsCommand({ LayerName: 'numbered' }));
  assert.deepEqual(LayerVersions, []);
  assert.equal((await publish('numbered')).Version, 3);
  const together = await Promise.all(Array.from({ length: 8 }, () => publish('numbered')));
  assert.deepEqual(
    together.map(({ Version }) => Version!).sort((a, b) => a - b),
    [4, 5, 6, 7, 8, 9, 10, 11],
  );
});

test('versions are listed from the newest, by runtime and architecture, page by page', async () => {
  await publish('listed', { CompatibleRuntimes: ['python3.12'], CompatibleArchitectures: ['x86_64'] });
  await publish('listed', {
    CompatibleRuntimes: ['nodejs24.x'],
    CompatibleArchitectures: ['arm64', 'x86_64'],
  });
  await publish('listed');
  const numbers = async (filter: object): Promise<(number | undefined)[]> => {
    const found = await lambda.send(new ListLayerVersionsCommand({ LayerName: 'listed', ...filter }));
    return found.LayerVersions!.map(({ Version }) => Version);
  };
  assert.deepEqual(await numbers({}), [3, 2, 1]);
  assert.deepEqual(await numbers({ CompatibleRuntime: 'python3.12' }), [1]);
  assert.deepEqual(await numbers({ CompatibleArchitecture: 'x86_64' }), [2, 1]);
  assert.deepEqual(await numbers({ CompatibleArchitecture: 'x86_64', CompatibleRuntime: 'nodejs24.x' }), [2]);

  const first = await lambda.send(new ListLayerVersionsCommand({ LayerName: 'listed', MaxItems: 2 }));
  assert.deepEqual(
    first.LayerVersions!.map(({ Version }) => Version),
    [3, 2],
  );
  const rest = await lambda.send(
    new ListLayerVersionsCommand({ LayerName: 'listed', MaxItems: 2, Marker: first.NextMarker! }),
  );
  assert.deepEqual([rest.LayerVersions!.map(({ Version }) => Version), rest.NextMarker], [[1], undefined]);
  await assert.rejects(
    lambda.send(new ListLayerVersionsCommand({ LayerName: 'listed', Marker: 'nonsense' })),
    refusal('InvalidParameterValueException', /^Invalid marker/),
  );
});

test('layers are listed by name with the latest version that fits, page by page', async () => {
  const client = new LambdaClient({ ...clientSettings(platform), region: 'eu-west-1' });
  for (const name of ['c', 'a', 'b']) await publish(name, { CompatibleRuntimes: ['python3.12'] }, client);
  await publish('b', { CompatibleRuntimes: ['nodejs24.x'] }, client);
  const list = (input: object) => client.send(new ListLayersCommand(input));
  const all = await list({});
  assert.deepEqual(
    all.Layers!.map(({ LayerName, LatestMatchingVersion }) => [LayerName, LatestMatchingVersion!.Version]),
    [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ],
  );
  assert.deepEqual(all.Layers![1], {
    LayerName: 'b',
    LayerArn: `arn:aws:lambda:eu-west-1:${ACCOUNT}:layer:b`,
    LatestMatchingVersion: {
      LayerVersionArn: `arn:aws:lambda:eu-west-1:${ACCOUNT}:layer:b:2`,
      Version: 2,
      Description: '',
      CreatedDate: all.Layers![1]!.LatestMatchingVersion!.CreatedDate,
      CompatibleRuntimes: ['nodejs24.x'],
    },
  });
  const python = await list({ CompatibleRuntime: 'python3.12' });
  assert.deepEqual(
    python.Layers!.map(({ LatestMatchingVersion }) => LatestMatchingVersion!.Version),
    [1, 1, 1],
  );
  const page = await list({ MaxItems: 2 });
  const next = await list({ MaxItems: 2, Marker: page.NextMarker });
  assert.deepEqual(
    [...page.Layers!, ...next.Layers!].map(({ LayerName }) => LayerName),
    ['a', 'b', 'c'],
  );
  assert.equal(next.NextMarker, undefined);
  await client.send(new DeleteLayerVersionCommand({ LayerName: 'a', VersionNumber: 1 }));
  assert.deepEqual(
    (await list({})).Layers!.map(({ LayerName }) => LayerName),
    ['b', 'c'],
  );
  client.destroy();
});

test('what is not there is said in the words of AWS', async () => {
  await publish('there');
  const gone = refusal('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
  await assert.rejects(
    lambda.send(new GetLayerVersionCommand({ LayerName: 'there', VersionNumber: 9 })),
    gone,
  );
  await assert.rejects(
    lambda.send(new GetLayerVersionCommand({ LayerName: 'absent', VersionNumber: 1 })),
    gone,
  );
  const elsewhere = new LambdaClient({ ...clientSettings(platform), region: 'eu-west-1' });
  for (const [client, Arn] of [
    [lambda, arnOf('absent', 1)],
    [elsewhere, arnOf('there', 1)],
  ] as const)
    await assert.rejects(client.send(new GetLayerVersionByArnCommand({ Arn })), gone);
  elsewhere.destroy();
  await assert.rejects(
    lambda.send(new GetLayerVersionCommand({ LayerName: 'there', VersionNumber: 0 })),
    refusal('InvalidParameterValueException', 'Layer Version Cannot be less than 1', 400),
  );
  await assert.rejects(
    publish('no-zip', { Content: { ZipFile: Buffer.from('no zip') } }),
    refusal(
      'InvalidParameterValueException',
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    ),
  );
  await assert.rejects(
    publish('s3', { Content: { S3Bucket: 'bucket', S3Key: 'key' } }),
    refusal('InvalidParameterValueException', /S3 Error Code: NoSuchBucket/),
  );
});

test('permissions are added, shown and removed, each change under the revision that was seen', async () => {
  await publish('shared');
  const version = { LayerName: 'shared', VersionNumber: 1 };
  const add = (rest: object) =>
    lambda.send(
      new AddLayerVersionPermissionCommand({
        ...version,
        StatementId: 's1',
        Action: 'lambda:GetLayerVersion',
        Principal: '*',
        ...rest,
      }),
    );
  const policy = () => lambda.send(new GetLayerVersionPolicyCommand(version));
  const remove = (rest: object) =>
    lambda.send(new RemoveLayerVersionPermissionCommand({ ...version, StatementId: 's1', ...rest }));
  const none = refusal('ResourceNotFoundException', 'No policy is associated with the given resource.', 404);
  await assert.rejects(policy(), none);

  const added = await add({});
  const s1 = {
    Sid: 's1',
    Effect: 'Allow',
    Principal: '*',
    Action: 'lambda:GetLayerVersion',
    Resource: arnOf('shared', 1),
  };
  assert.deepEqual(JSON.parse(added.Statement!), s1);
  await assert.rejects(
    add({}),
    refusal(
      'ResourceConflictException',
      'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
    ),
  );
  const stale = refusal(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id',
    412,
  );
  await assert.rejects(add({ StatementId: 's2', RevisionId: 'stale' }), stale);
  const second = await add({
    StatementId: 's2',
    Principal: OTHER_ACCOUNT,
    RevisionId: added.RevisionId,
  });
  await add({ StatementId: 's3', OrganizationId: 'o-0123456789' });
  const shown = await policy();
  assert.deepEqual(JSON.parse(shown.Policy!), {
    Version: '2012-10-17',
    Id: 'default',
    Statement: [
      s1,
      { ...s1, Sid: 's2', Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` } },
      { ...s1, Sid: 's3', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-0123456789' } } },
    ],
  });
  await assert.rejects(remove({ RevisionId: second.RevisionId }), stale);
  await assert.rejects(
    remove({ StatementId: 'absent' }),
    refusal('ResourceNotFoundException', 'Statement absent is not found in resource policy.', 404),
  );
  await remove({ RevisionId: shown.RevisionId });
  await remove({ StatementId: 's2' });
  await remove({ StatementId: 's3' });
  await assert.rejects(policy(), none);
  for (const rest of [{ LayerName: 'unshared' }, { VersionNumber: 2 }]) {
    const { LayerName, VersionNumber } = { ...version, ...rest };
    await assert.rejects(
      add(rest),
      refusal(
        'ResourceNotFoundException',
        `Layer version ${arnOf(LayerName, VersionNumber)} does not exist.`,
        404,
      ),
    );
  }
});

test('a policy of more than 20 KB is refused', async () => {
  await publish('crowded');
  const add = (index: number) =>
    lambda.send(
      new AddLayerVersionPermissionCommand({
        LayerName: 'crowded',
        VersionNumber: 1,
        StatementId: `${index}-`.padEnd(100, 'x'),
        Action: 'lambda:GetLayerVersion',
        Principal: '*',
      }),
    );
  const fill = async (): Promise<void> => {
    for (let index = 0; index < 200; index += 1) await add(index);
  };
  await assert.rejects(
    fill(),
    refusal(
      'PolicyLengthExceededException',
      /^The final policy size \(\d{5}\) is bigger than the limit \(20480\)\.$/,
    ),
  );
});

test('another account needs a permission to get a layer version or to configure a function with it', async () => {
  await publish('mine');
  const arn = arnOf('mine', 1);
  const get = () => other.send(new GetLayerVersionByArnCommand({ Arn: arn }));
  const denied = refusal(
    'AccessDeniedException',
    `User: arn:aws:iam::${OTHER_ACCOUNT}:root is not authorized to perform: lambda:GetLayerVersion on resource: ${arn} ` +
      'because no resource-based policy allows the lambda:GetLayerVersion action',
    403,
  );
  const create = (FunctionName: string) =>
    other.send(new CreateFunctionCommand(functionNamed(FunctionName, { Layers: [arn] })));
  await assert.rejects(get(), denied);
  await assert.rejects(create('denied'), denied);
  const allow = (StatementId: string, rest: { Principal: string; OrganizationId?: string }) =>
    lambda.send(
      new AddLayerVersionPermissionCommand({
        LayerName: 'mine',
        VersionNumber: 1,
        StatementId,
        Action: 'lambda:GetLayerVersion',
        ...rest,
      }),
    );
  await allow('somebody-else', { Principal: '222222222222' });
  await allow('members', { Principal: '*', OrganizationId: 'o-0123456789' });
  await assert.rejects(get(), denied);
  await allow('them', { Principal: OTHER_ACCOUNT });
  assert.equal((await get()).LayerVersionArn, arn);
  const created = await create('allowed');
  assert.deepEqual(created.Layers, [{ Arn: arn, CodeSize: CONTENT.length }]);
});

test('whom a policy lets use a layer can neither change nor list it', async () => {
  await publish('only-mine');
  const LayerName = `arn:aws:lambda:us-east-1:${ACCOUNT}:layer:only-mine`;
  const version = { LayerName, VersionNumber: 1 };
  const permission = { ...version, StatementId: 'all', Action: 'lambda:GetLayerVersion', Principal: '*' };
  await lambda.send(new AddLayerVersionPermissionCommand(permission));
  assert.equal((await other.send(new GetLayerVersionCommand(version))).Version, 1);
  for (const [operation, attempt] of [
    ['PublishLayerVersion', () => publish(LayerName, {}, other)],
    ['ListLayerVersions', () => other.send(new ListLayerVersionsCommand({ LayerName }))],
    ['DeleteLayerVersion', () => other.send(new DeleteLayerVersionCommand(version))],
    ['AddLayerVersionPermission', () => other.send(new AddLayerVersionPermissionCommand(permission))],
    ['GetLayerVersionPolicy', () => other.send(new GetLayerVersionPolicyCommand(version))],
    [
      'RemoveLayerVersionPermission',
      () => other.send(new RemoveLayerVersionPermissionCommand({ ...version, StatementId: 'all' })),
    ],
  ] as const)
    await assert.rejects(attempt, refusal('AccessDeniedException', new RegExp(`lambda:${operation} `), 403));
});

test('a configuration shows its layers in order; a published version keeps those it has', async () => {
  await publish('left');
  await publish('right');
  const [left, right] = [arnOf('left', 1), arnOf('right', 1)] as const;
  const item = (Arn: string) => ({ Arn, CodeSize: CONTENT.length });
  const created = await lambda.send(
    new CreateFunctionCommand(functionNamed('layered', { Layers: [right, left] })),
  );
  assert.deepEqual(created.Layers, [item(right), item(left)]);
  await untilActive(lambda, 'layered');
  await lambda.send(new PublishVersionCommand({ FunctionName: 'layered' }));
  const change = async (Layers: string[]): Promise<unknown> => {
    const { Layers: answer } = await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'layered', Layers }),
    );
    await untilUpdated(lambda, 'layered');
    return answer;
  };
  assert.deepEqual(await change([left]), [item(left)]);
  const shown = async (Qualifier?: string): Promise<unknown> =>
    (
      await lambda.send(
        new GetFunctionConfigurationCommand({
          FunctionName: 'layered',
          ...(Qualifier === undefined ? {} : { Qualifier }),
        }),
      )
    ).Layers;
  assert.deepEqual(await shown('1'), [item(right), item(left)]);
  await lambda.send(new DeleteLayerVersionCommand({ LayerName: 'left', VersionNumber: 1 }));
  assert.deepEqual(await shown(), [item(left)]);
  await assert.rejects(
    change([left]),
    refusal('InvalidParameterValueException', `Layer version ${left} does not exist.`),
  );
  assert.equal(await change([]), undefined);
  assert.equal(await shown(), undefined);
});

test('layers that a function cannot have are refused in the words of AWS', async () => {
  await publish('twice');
  await publish('twice');
  await lambda.send(new CreateFunctionCommand(functionNamed('refusing')));
  await untilActive(lambda, 'refusing');
  const [one, two] = [arnOf('twice', 1), arnOf('twice', 2)] as const;
  const twice = (a: string, b: string): string =>
    `Two different versions of the same layer are not allowed to be referenced in the same function. ${a} and ${b} are versions of the same layer.`;
  const absent = arnOf('twice', 9);
  const cases: readonly [readonly string[], string][] = [
    [[one, two], twice(one, two)],
    [[one, one], twice(one, one)],
    [
      [one, absent.replace('twice', 'absent')],
      `Layer version ${absent.replace('twice', 'absent')} does not exist.`,
    ],
    [[absent], `Layer version ${absent} does not exist.`],
    [
      ['arn:aws:lambda:::awslayer:AmazonLinux1703'],
      'Layer version arn:aws:lambda:::awslayer:AmazonLinux1703 does not exist.',
    ],
  ];
  for (const [Layers, message] of cases) {
    const refused = refusal('InvalidParameterValueException', message, 400);
    const update = { FunctionName: 'refusing', Layers: [...Layers] };
    await assert.rejects(lambda.send(new UpdateFunctionConfigurationCommand(update)), refused);
    const create = functionNamed('refused', { Layers: [...Layers] });
    await assert.rejects(lambda.send(new CreateFunctionCommand(create)), refused);
  }
});

test('layers count to the code that an account has stored', async () => {
  const client = new LambdaClient({ ...clientSettings(platform), region: 'eu-north-1' });
  await publish('counted', {}, client);
  const { AccountUsage } = await client.send(new GetAccountSettingsCommand());
  assert.deepEqual(AccountUsage, { TotalCodeSize: CONTENT.length, FunctionCount: 0 });
  client.destroy();
});

/** Zips and extracted packages that a data directory has. */
async function stored(dataDir: string): Promise<{ blobs: string[]; packages: string[] }> {
  const blobs = await openFileBlobStore({ directory: join(dataDir, 'blobs') });
  const packages = await readdir(join(dataDir, 'packages'));
  return { blobs: await hashes(blobs), packages: packages.filter((name) => name !== 'boot-id') };
}

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

test('what a deleted layer had stays as long as a function uses it, over restarts too, and then goes', async (context: TestContext) => {
  const dataDir = await scratchDirectory(context);
  const zips = [await zipOf({ 'a.txt': 'a' }), await zipOf({ 'b.txt': 'b' })] as const;
  const serve = async () => {
    const server = await startedPlatform(context, { dataDir, isolation: 'process' });
    return { server, client: new LambdaClient(clientSettings(server)) };
  };
  let { server, client } = await serve();
  for (const [index, LayerName] of ['a', 'b'].entries())
    await publish(LayerName, { Content: { ZipFile: zips[index]! } }, client);
  const READ = `const fs = require('node:fs');
    const opt = process.env.NODE_PATH.split(':')[1].replace('/nodejs/node_modules', '');
    exports.handler = async () => fs.readdirSync(opt).sort();`;
  const Code = { ZipFile: await zipOf({ 'index.js': READ }) };
  const Layers = [arnOf('a', 1), arnOf('b', 1)];
  await client.send(new CreateFunctionCommand(functionNamed('user', { Code, Layers })));
  const files = async (): Promise<unknown> => {
    const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'user' }));
    return JSON.parse(Payload!.transformToString());
  };
  assert.deepEqual(await files(), ['a.txt', 'b.txt']);
  await client.send(new DeleteLayerVersionCommand({ LayerName: 'a', VersionNumber: 1 }));
  await server.close();
  const all = [sha256(Code.ZipFile), ...zips.map(sha256)].sort();
  assert.deepEqual((await stored(dataDir)).blobs.sort(), all);

  ({ server, client } = await serve());
  assert.deepEqual(await files(), ['a.txt', 'b.txt']);
  const { LayerVersions } = await client.send(new ListLayerVersionsCommand({ LayerName: 'a' }));
  assert.deepEqual(LayerVersions, []);
  assert.equal((await publish('a', { Content: { ZipFile: zips[0] } }, client)).Version, 2);
  await client.send(new DeleteLayerVersionCommand({ LayerName: 'a', VersionNumber: 2 }));
  await client.send(new GetFunctionCommand({ FunctionName: 'user' }));
  await client.send(new DeleteFunctionCommand({ FunctionName: 'user' }));
  await server.close();
  assert.deepEqual(await stored(dataDir), { blobs: [sha256(zips[1])], packages: [sha256(zips[1])] });

  ({ server, client } = await serve());
  await client.send(new DeleteLayerVersionCommand({ LayerName: 'b', VersionNumber: 1 }));
  await server.close();
  assert.deepEqual(await stored(dataDir), { blobs: [], packages: [] });
});
