import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { craftedZip } from '../../storage/packages/crafted-zip.ts';
import {
  CODE,
  functionNamed,
  lambdaServer,
  OTHER_CODE,
  ROLE,
  RUNTIME,
  refusal,
  settled,
  untilActive,
} from './lambda-server.ts';

const { lambda } = await lambdaServer();

const create = (input: CreateFunctionCommandInput) => lambda.send(new CreateFunctionCommand(input));

test("CreateFunction answers Pending with AWS's defaults, and the function becomes Active", async () => {
  const { $metadata, ...answer } = await create(functionNamed('plain'));
  assert.equal($metadata.httpStatusCode, 201);
  const { RevisionId, LastModified, RuntimeVersionConfig, ...fields } = answer;
  assert.match(RevisionId!, /^[0-9a-f-]{36}$/);
  assert.match(LastModified!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  assert.match(RuntimeVersionConfig!.RuntimeVersionArn!, /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/);
  assert.deepEqual(fields, {
    FunctionName: 'plain',
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:plain',
    Runtime: RUNTIME,
    Role: ROLE,
    Handler: 'index.handler',
    CodeSize: CODE.length,
    CodeSha256: fields.CodeSha256,
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    Version: '$LATEST',
    TracingConfig: { Mode: 'PassThrough' },
    State: 'Pending',
    StateReason: 'The function is being created.',
    StateReasonCode: 'Creating',
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/plain' },
  });
  await untilActive(lambda, 'plain');
  const active = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'plain' }));
  assert.deepEqual(
    [active.State, active.LastUpdateStatus, active.StateReason],
    ['Active', 'Successful', undefined],
  );
  assert.notEqual(active.RevisionId, RevisionId, 'becoming active is a revision of its own');
});

test('CreateFunction keeps every setting', async () => {
  const settings = {
    Description: 'all of it',
    Timeout: 900,
    MemorySize: 10_240,
    EphemeralStorage: { Size: 10_240 },
    Environment: { Variables: { KEY: 'value', EMPTY: '' } },
    Architectures: ['arm64' as const],
    LoggingConfig: {
      LogFormat: 'JSON' as const,
      ApplicationLogLevel: 'DEBUG' as const,
      SystemLogLevel: 'WARN' as const,
      LogGroup: '/my/group',
    },
    DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead' },
  };
  const answer = await create(functionNamed('full', { ...settings, Tags: { team: 'a' } }));
  for (const [name, value] of Object.entries(settings)) {
    assert.deepEqual(answer[name as keyof typeof answer], value, name);
  }
  const { Tags } = await lambda.send(new GetFunctionCommand({ FunctionName: 'full' }));
  assert.deepEqual(Tags, { team: 'a' });
});

test('a name may be a partial or full ARN', async () => {
  const answers = await Promise.all([
    create(functionNamed('function:by-function')),
    create(functionNamed('000000000000:function:by-account')),
    create(functionNamed('arn:aws:lambda:us-east-1:000000000000:function:by-arn')),
  ]);
  assert.deepEqual(
    answers.map(({ FunctionName }) => FunctionName),
    ['by-function', 'by-account', 'by-arn'],
  );
});

test('a function cannot be created in another account or region', async () => {
  await assert.rejects(
    create(functionNamed('arn:aws:lambda:us-east-1:123456789012:function:theirs')),
    refusal(
      'AccessDeniedException',
      'User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:CreateFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:theirs',
    ),
  );
  await assert.rejects(
    create(functionNamed('arn:aws:lambda:eu-west-1:000000000000:function:elsewhere')),
    refusal(
      'ResourceNotFoundException',
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    ),
  );
});

test('of two CreateFunction at once one is refused, and the other is there whole', async () => {
  const attempts = await Promise.allSettled(
    [CODE, OTHER_CODE, CODE, OTHER_CODE].map((ZipFile) =>
      create(functionNamed('twins', { Code: { ZipFile } })),
    ),
  );
  const created = attempts.filter((attempt) => attempt.status === 'fulfilled');
  assert.equal(created.length, 1);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected')
      assert.deepEqual(
        {
          name: attempt.reason.name,
          message: attempt.reason.message,
          status: attempt.reason.$metadata.httpStatusCode,
        },
        { name: 'ResourceConflictException', message: 'Function already exist: twins', status: 409 },
      );
  }
  await untilActive(lambda, 'twins');
  const kept = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'twins' }));
  assert.equal(kept.CodeSha256, created[0]!.value.CodeSha256);
});

test('Publish makes version 1, which waits for the function', async () => {
  const answer = await create(functionNamed('published', { Publish: true, Description: 'first' }));
  assert.deepEqual(
    [answer.Version, answer.FunctionArn],
    ['1', 'arn:aws:lambda:us-east-1:000000000000:function:published'],
  );
  await untilActive(lambda, 'published', '1');
  const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'published' }));
  assert.deepEqual(
    Versions!.map(({ Version, Description }) => [Version, Description]),
    [
      ['$LATEST', 'first'],
      ['1', 'first'],
    ],
  );
});

test('a function whose runtime cannot be had is Failed with the reason, and can be mended', async () => {
  await create(functionNamed('mended', { Runtime: 'dotnet8', Handler: 'Example::Example.Function::Handle' }));
  const failed = await settled(lambda, 'mended');
  assert.deepEqual([failed.State, failed.StateReasonCode], ['Failed', 'InvalidRuntime']);
  assert.match(failed.StateReason!, /cannot run dotnet8/);
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'mended' })),
    refusal('ResourceConflictException', /currently in the following state: Failed/),
  );
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: 'mended',
      Runtime: RUNTIME,
      Handler: 'index.handler',
    }),
  );
  const mended = await settled(lambda, 'mended');
  assert.deepEqual(
    [mended.State, mended.StateReason, mended.StateReasonCode],
    ['Active', undefined, undefined],
  );
});

const aboveLimit = (path: string, value: unknown, rule: string): string =>
  `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: ${rule}`;

const layer = (name: string, region = 'us-east-1'): string =>
  `arn:aws:lambda:${region}:000000000000:layer:${name}:1`;

const TOO_MANY_VARIABLES = { AA: 'a'.repeat(4_088) };

const REFUSED: Readonly<Record<string, [Partial<CreateFunctionCommandInput>, string, string | RegExp]>> = {
  'memory above the limit of ordinary functions': [
    { MemorySize: 10_241 },
    'ValidationException',
    aboveLimit('memorySize', 10_241, 'Member must have value less than or equal to 10240'),
  ],
  'memory below 128 MB': [
    { MemorySize: 127 },
    'ValidationException',
    aboveLimit('memorySize', 127, 'Member must have value greater than or equal to 128'),
  ],
  'a timeout above the limit of ordinary functions': [
    { Timeout: 901 },
    'ValidationException',
    aboveLimit('timeout', 901, 'Member must have value less than or equal to 900'),
  ],
  'a timeout of nothing': [
    { Timeout: 0 },
    'ValidationException',
    aboveLimit('timeout', 0, 'Member must have value greater than or equal to 1'),
  ],
  'ephemeral storage below 512 MB': [
    { EphemeralStorage: { Size: 511 } },
    'ValidationException',
    aboveLimit('ephemeralStorage.size', 511, 'Member must have value greater than or equal to 512'),
  ],
  'a description of 257 characters': [
    { Description: 'd'.repeat(257) },
    'ValidationException',
    aboveLimit('description', 'd'.repeat(257), 'Member must have length less than or equal to 256'),
  ],
  'a name of 65 characters': [
    { FunctionName: 'n'.repeat(65) },
    'InvalidParameterValueException',
    aboveLimit('functionName', 'n'.repeat(65), 'Member must have length less than or equal to 64'),
  ],
  'a role that is no ARN': [
    { Role: 'my-role' },
    'ValidationException',
    aboveLimit(
      'role',
      'my-role',
      'Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+',
    ),
  ],
  'a handler with a space': [
    { Handler: 'index. handler' },
    'ValidationException',
    aboveLimit('handler', 'index. handler', 'Member must satisfy regular expression pattern: [^\\s]+'),
  ],
  'no runtime': [
    { Runtime: undefined },
    'InvalidParameterValueException',
    'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
  ],
  'no handler': [
    { Handler: undefined },
    'InvalidParameterValueException',
    'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
  ],
  'a runtime that nobody knows': [
    { Runtime: 'cobol' as never },
    'InvalidParameterValueException',
    /^Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[nodejs20\.x, .*\] or be a valid ARN$/,
  ],
  'a runtime of the past': [
    { Runtime: 'python3.6' },
    'InvalidParameterValueException',
    'The runtime parameter of python3.6 is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.',
  ],
  'two architectures': [
    { Architectures: ['x86_64', 'arm64'] },
    'ValidationException',
    aboveLimit('architectures', '[x86_64, arm64]', 'Member must have length less than or equal to 1'),
  ],
  'reserved variables': [
    { Environment: { Variables: { AWS_REGION: 'x', MINE: 'y', LAMBDA_TASK_ROOT: 'z' } } },
    'InvalidParameterValueException',
    'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT',
  ],
  'variables of more than 4 KB': [
    { Environment: { Variables: TOO_MANY_VARIABLES } },
    'InvalidParameterValueException',
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(TOO_MANY_VARIABLES)}`,
  ],
  'a variable with a name that no shell knows': [
    { Environment: { Variables: { '1st': 'x' } } },
    'ValidationException',
    /Value '\{1st=x\}' at 'environment\.variables' failed to satisfy constraint: Map keys must satisfy constraint: \[Member must satisfy regular expression pattern: \[a-zA-Z\]\(\[a-zA-Z0-9_\]\)\+\]/,
  ],
  'no code': [{ Code: {} }, 'InvalidParameterValueException', 'Please provide a source for function code.'],
  'an empty zip file': [
    { Code: { ZipFile: craftedZip([]) } },
    'InvalidParameterValueException',
    'Uploaded file must be a non-empty zip',
  ],
  'code that is no zip': [
    { Code: { ZipFile: Buffer.from('exports.handler = 1') } },
    'InvalidParameterValueException',
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  ],
  'a zip that leaves its directory': [
    { Code: { ZipFile: craftedZip([{ name: '../evil', content: 'x' }]) } },
    'InvalidParameterValueException',
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  ],
  'a zip of more than 250 MB unpacked': [
    { Code: { ZipFile: craftedZip([{ name: 'big', content: 'x', deflate: true, saidBytes: 262_144_001 }]) } },
    'InvalidParameterValueException',
    'Unzipped size must be smaller than 262144000 bytes',
  ],
  '51 tags': [
    { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${index}`, 'x'])) },
    'InvalidParameterValueException',
    'Number of tags exceeds resource tag limit.',
  ],
  "a tag with AWS's prefix": [
    { Tags: { 'aws:mine': 'x' } },
    'InvalidParameterValueException',
    'An error occurred and the request cannot be processed.',
  ],
  'a layer that does not exist': [
    { Layers: [layer('absent')] },
    'InvalidParameterValueException',
    `Layer version ${layer('absent')} does not exist.`,
  ],
  'a layer of another region': [
    { Layers: [layer('far', 'eu-west-1')] },
    'InvalidParameterValueException',
    'Layers are not in the same region as the function. Layers are expected to be in region us-east-1.',
  ],
  'six layers': [
    { Layers: ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => layer(name)) },
    'InvalidParameterValueException',
    'Cannot reference more than 5 layers.',
  ],
  'subnets without security groups': [
    { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: [] } },
    'InvalidParameterValueException',
    'SubnetIds and SecurityIds must coexist or be both empty list.',
  ],
  'a file system without a VPC': [
    {
      FileSystemConfigs: [
        {
          Arn: `arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-${'0'.repeat(17)}`,
          LocalMountPath: '/mnt/a',
        },
      ],
    },
    'InvalidParameterValueException',
    /^Function must be configured to execute in a VPC to reference access point arn:aws:elasticfilesystem/,
  ],
  'log levels with text logs': [
    { LoggingConfig: { LogFormat: 'Text', SystemLogLevel: 'WARN' } },
    'InvalidParameterValueException',
    /log level/,
  ],
};

for (const [what, [input, name, message]] of Object.entries(REFUSED)) {
  test(`CreateFunction refuses ${what}`, async () => {
    await assert.rejects(create(functionNamed('refused', input)), refusal(name, message));
  });
}

test('CreateFunction takes variables of 4 KB exactly', async () => {
  const Variables = { AA: 'a'.repeat(4_087) };
  assert.equal(Buffer.byteLength(JSON.stringify(Variables)), 4_096);
  const { Environment } = await create(functionNamed('brim', { Environment: { Variables } }));
  assert.deepEqual(Environment, { Variables });
});

const UNSUPPORTED: Readonly<Record<string, [Partial<CreateFunctionCommandInput>, string]>> = {
  'a key for the code': [
    { Code: { ZipFile: CODE, SourceKMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/a' } },
    'SourceKMSKeyArn',
  ],
  'a key for an image': [
    {
      Runtime: undefined,
      Handler: undefined,
      PackageType: 'Image',
      Code: { ImageUri: '127.0.0.1:1/a', SourceKMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/a' },
    },
    'SourceKMSKeyArn',
  ],
  'active tracing': [{ TracingConfig: { Mode: 'Active' } }, 'TracingConfig (Mode Active)'],
};

for (const [what, [input, part]] of Object.entries(UNSUPPORTED)) {
  test(`CreateFunction does not pretend to know ${what}`, async () => {
    await assert.rejects(
      create(functionNamed('unsupported', input)),
      refusal('NotImplemented', `lambda:CreateFunction does not implement ${part} yet.`, 501),
    );
  });
}

const NO_PACKAGE = { Runtime: undefined, Handler: undefined };
const IMAGE_REFUSALS: Readonly<Record<string, [Partial<CreateFunctionCommandInput>, string | RegExp]>> = {
  'an image without a name': [
    { ...NO_PACKAGE, PackageType: 'Image', Code: { ZipFile: CODE } },
    'Please provide ImageUri when creating a function with packageType Image.',
  ],
  'an image for a zip': [
    { Code: { ImageUri: '127.0.0.1:1/a' } },
    "Please don't provide ImageUri when creating a function with packageType Zip.",
  ],
  'a runtime with an image': [
    { PackageType: 'Image', Code: { ImageUri: '127.0.0.1:1/a' } },
    "Please don't provide handler or runtime or layer when the intended function PackageType is Image.",
  ],
  'settings of an image with a zip': [
    { ImageConfig: { Command: ['a'] } },
    "Please don't provide ImageConfig when the intended function PackageType is Zip.",
  ],
  'what is no name of an image': [
    { ...NO_PACKAGE, PackageType: 'Image', Code: { ImageUri: 'image' } },
    /^Source image image is not valid\. Provide a valid source image\./,
  ],
};

for (const [what, [input, message]] of Object.entries(IMAGE_REFUSALS)) {
  test(`CreateFunction refuses ${what}`, async () => {
    await assert.rejects(
      create(functionNamed('refused', input)),
      refusal('InvalidParameterValueException', message),
    );
  });
}

test('a VPC and a file system are kept and returned, and an invocation that would need them says so', async () => {
  const VpcConfig = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] };
  const fileSystem = {
    Arn: `arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-${'0'.repeat(17)}`,
    LocalMountPath: '/mnt/data',
  };
  const answer = await create(functionNamed('networked', { VpcConfig, FileSystemConfigs: [fileSystem] }));
  assert.deepEqual(answer.VpcConfig, { ...VpcConfig, VpcId: '', Ipv6AllowedForDualStack: false });
  assert.deepEqual(answer.FileSystemConfigs, [fileSystem]);
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'networked' })), {
    name: 'NotImplemented',
    message: 'lambda:Invoke does not implement VpcConfig yet.',
  });
});

test('a function refused leaves nothing in the list', async () => {
  const { Functions } = await lambda.send(new ListFunctionsCommand({}));
  const names = Functions!.map(({ FunctionName }) => FunctionName);
  assert.deepEqual([...names].sort(), names);
  for (const name of ['refused', 'unsupported']) assert.ok(!names.includes(name), name);
});
