/**
 * Capacity providers, and functions of them as settings. AWS's words for refusals are known of tags only (recorded); the
 * constraints are those of "Lambda Managed Instances" in the developer guide.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateCapacityProviderCommand,
  CreateFunctionCommand,
  DeleteCapacityProviderCommand,
  DeleteFunctionCommand,
  GetCapacityProviderCommand,
  GetFunctionConfigurationCommand,
  GetFunctionScalingConfigCommand,
  InvokeCommand,
  ListFunctionVersionsByCapacityProviderCommand,
  ListTagsCommand,
  PublishVersionCommand,
  PutFunctionScalingConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
  paginateListCapacityProviders,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateCapacityProviderCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  ACCOUNT,
  functionNamed,
  lambdaServer,
  ROLE,
  refusal,
  untilUpdated,
} from '../control/lambda-server.ts';

const { lambda } = await lambdaServer();

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:${ACCOUNT}:capacity-provider:${name}`;

function provider(CapacityProviderName: string, rest = {}) {
  return new CreateCapacityProviderCommand({
    CapacityProviderName,
    VpcConfig: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
    ...rest,
  });
}

function managed(name: string, rest: Partial<CreateFunctionCommandInput> = {}): CreateFunctionCommandInput {
  return functionNamed(name, {
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: arnOf('kept') },
    },
    ...rest,
  });
}

await lambda.send(provider('kept'));

test('a capacity provider is created, shown, listed, changed and deleted', async () => {
  const created = await lambda.send(
    provider('one', {
      InstanceRequirements: { Architectures: ['arm64'], AllowedInstanceTypes: ['m7g.large'] },
      CapacityProviderScalingConfig: { MaxVCpuCount: 12 },
      Tags: { stage: 'test' },
    }),
  );
  assert.equal(created.$metadata.httpStatusCode, 202);
  const shown = (await lambda.send(new GetCapacityProviderCommand({ CapacityProviderName: 'one' })))
    .CapacityProvider!;
  assert.deepEqual(shown, created.CapacityProvider);
  const { LastModified, ...rest } = shown;
  assert.match(LastModified!, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, {
    CapacityProviderArn: arnOf('one'),
    State: 'Active',
    VpcConfig: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
    PermissionsConfig: { CapacityProviderOperatorRoleArn: ROLE },
    InstanceRequirements: { Architectures: ['arm64'], AllowedInstanceTypes: ['m7g.large'] },
    CapacityProviderScalingConfig: { MaxVCpuCount: 12, ScalingMode: 'Auto' },
  });

  const updated = await lambda.send(
    new UpdateCapacityProviderCommand({
      CapacityProviderName: arnOf('one'),
      CapacityProviderScalingConfig: { MaxVCpuCount: 30 },
    }),
  );
  assert.equal(updated.CapacityProvider?.CapacityProviderScalingConfig?.MaxVCpuCount, 30);

  const arns: (string | undefined)[] = [];
  for await (const { CapacityProviders } of paginateListCapacityProviders(
    { client: lambda, pageSize: 1 },
    {},
  ))
    arns.push(...(CapacityProviders ?? []).map(({ CapacityProviderArn }) => CapacityProviderArn));
  assert.deepEqual(arns, [arnOf('kept'), arnOf('one')]);

  const { CapacityProvider } = await lambda.send(
    new DeleteCapacityProviderCommand({ CapacityProviderName: 'one' }),
  );
  assert.equal(CapacityProvider?.State, 'Deleting');
  await assert.rejects(
    lambda.send(new GetCapacityProviderCommand({ CapacityProviderName: 'one' })),
    refusal('ResourceNotFoundException', `Capacity provider not found: ${arnOf('one')}`, 404),
  );
});

test('a name is taken once', async () => {
  await assert.rejects(
    lambda.send(provider('kept')),
    refusal('ResourceConflictException', `Capacity provider already exists: ${arnOf('kept')}`, 409),
  );
});

test('capacity providers have tags', async () => {
  await lambda.send(provider('tagged', { Tags: { a: '1' } }));
  const Resource = arnOf('tagged');
  await lambda.send(new TagResourceCommand({ Resource, Tags: { b: '2' } }));
  await lambda.send(new UntagResourceCommand({ Resource, TagKeys: ['a'] }));
  const { Tags } = await lambda.send(new ListTagsCommand({ Resource }));
  assert.deepEqual(Tags, { b: '2' });
});

for (const [part, rest] of Object.entries({
  KmsKeyArn: { KmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/a' },
  TelemetryConfig: { TelemetryConfig: { LoggingConfig: { SystemLogLevel: 'INFO' } } },
  'PropagateTags (Mode Explicit)': { PropagateTags: { Mode: 'Explicit', ExplicitTags: { a: 'b' } } },
  'CapacityProviderScalingConfig (ScalingMode Manual)': {
    CapacityProviderScalingConfig: { ScalingMode: 'Manual' },
  },
})) {
  test(`CreateCapacityProvider does not pretend to know ${part}`, async () => {
    await assert.rejects(
      lambda.send(provider('unsupported', rest)),
      refusal('NotImplemented', `lambda:CreateCapacityProvider does not implement ${part} yet.`, 501),
    );
  });
}

const REFUSED: Record<string, [Partial<CreateFunctionCommandInput>, string]> = {
  'too little memory': [
    { MemorySize: 1024 },
    'MemorySize must be at least 2048 MB for functions with a capacity provider.',
  ],
  'logs as text': [
    { LoggingConfig: { LogFormat: 'Text' } },
    'LogFormat must be JSON for functions with a capacity provider.',
  ],
  'another architecture': [
    { Architectures: ['arm64'] },
    'The architecture of the function must be that of the capacity provider: x86_64.',
  ],
  'a runtime that AWS does not have there': [
    { Runtime: 'nodejs20.x' },
    'nodejs20.x is not supported for functions with a capacity provider.',
  ],
  'an older custom runtime': [
    { Runtime: 'provided.al2' },
    'provided.al2 is not supported for functions with a capacity provider.',
  ],
  tenants: [
    { TenancyConfig: { TenantIsolationMode: 'PER_TENANT' } },
    'TenancyConfig is not supported for functions with a capacity provider.',
  ],
};
for (const [what, [rest, message]] of Object.entries(REFUSED)) {
  test(`a function on managed instances cannot have ${what}`, async () => {
    await assert.rejects(
      lambda.send(new CreateFunctionCommand(managed('refused', rest))),
      refusal('InvalidParameterValueException', message, 400),
    );
  });
}

test('a function needs a capacity provider that is there, and keeps it from being deleted', async () => {
  const CapacityProviderConfig = {
    LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: arnOf('absent') },
  };
  await assert.rejects(
    lambda.send(new CreateFunctionCommand(managed('homeless', { CapacityProviderConfig }))),
    refusal('ResourceNotFoundException', `Capacity provider not found: ${arnOf('absent')}`, 404),
  );
  await lambda.send(provider('used'));
  CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig.CapacityProviderArn = arnOf('used');
  await lambda.send(new CreateFunctionCommand(managed('user', { CapacityProviderConfig })));
  await assert.rejects(lambda.send(new DeleteCapacityProviderCommand({ CapacityProviderName: 'used' })), {
    name: 'ResourceConflictException',
  });
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'user' }));
  await lambda.send(new DeleteCapacityProviderCommand({ CapacityProviderName: 'used' }));
});

test('ordinary functions keep their limits, and cannot become managed ones', async () => {
  await lambda.send(new CreateFunctionCommand(functionNamed('ordinary')));
  await untilUpdated(lambda, 'ordinary');
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'ordinary', MemorySize: 20_000 })),
    { name: 'ValidationException' },
  );
  const { CapacityProviderConfig } = managed('ordinary');
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'ordinary', CapacityProviderConfig })),
    refusal(
      'InvalidParameterValueException',
      'CapacityProviderConfig cannot be added to an existing function.',
      400,
    ),
  );
  await assert.rejects(
    lambda.send(new PublishVersionCommand({ FunctionName: 'ordinary', PublishTo: 'LATEST_PUBLISHED' })),
    { name: 'InvalidParameterValueException' },
  );
});

test('only published versions of a managed function run, $LATEST.PUBLISHED where none is named', async () => {
  const FunctionName = 'managed';
  await lambda.send(new CreateFunctionCommand(managed(FunctionName, { Timeout: 5_400, MemorySize: 4_096 })));
  await untilUpdated(lambda, FunctionName);
  const latest = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  assert.equal(latest.State, 'ActiveNonInvocable');
  assert.equal(latest.LoggingConfig?.LogFormat, 'JSON');
  assert.deepEqual(latest.CapacityProviderConfig?.LambdaManagedInstancesCapacityProviderConfig, {
    CapacityProviderArn: arnOf('kept'),
    // 64 for each of its two vCPUs.
    PerExecutionEnvironmentMaxConcurrency: 128,
  });
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName })),
    refusal(
      'ResourceNotFoundException',
      `Function not found: arn:aws:lambda:us-east-1:${ACCOUNT}:function:managed:$LATEST.PUBLISHED`,
      404,
    ),
  );
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName, Qualifier: '$LATEST' })), {
    name: 'ResourceConflictException',
    message: /in the following state: ActiveNonInvocable$/,
  });

  const published = await lambda.send(
    new PublishVersionCommand({ FunctionName, PublishTo: 'LATEST_PUBLISHED' }),
  );
  assert.equal(published.Version, '$LATEST.PUBLISHED');
  const Qualifier = '$LATEST.PUBLISHED';
  assert.deepEqual(
    (await lambda.send(new GetFunctionScalingConfigCommand({ FunctionName, Qualifier })))
      .AppliedFunctionScalingConfig,
    { MinExecutionEnvironments: 3 },
  );
  const { ExecutedVersion, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: '{"as":"sent"}' }),
  );
  assert.deepEqual([ExecutedVersion, Buffer.from(Payload!).toString()], [Qualifier, '{"as":"sent"}']);

  const { FunctionVersions } = await lambda.send(
    new ListFunctionVersionsByCapacityProviderCommand({ CapacityProviderName: 'kept' }),
  );
  assert.deepEqual(FunctionVersions, [{ FunctionArn: published.FunctionArn, State: 'Active' }]);

  const scale = (MinExecutionEnvironments: number, MaxExecutionEnvironments: number) =>
    lambda.send(
      new PutFunctionScalingConfigCommand({
        FunctionName,
        Qualifier,
        FunctionScalingConfig: { MinExecutionEnvironments, MaxExecutionEnvironments },
      }),
    );
  await assert.rejects(scale(2, 1), { name: 'InvalidParameterValueException' });
  assert.equal((await scale(0, 0)).FunctionState, 'Deactivated');
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName })), {
    name: 'ResourceConflictException',
    message: /in the following state: Deactivated$/,
  });
  assert.equal((await scale(1, 1)).FunctionState, 'Pending');
  assert.equal((await lambda.send(new InvokeCommand({ FunctionName }))).StatusCode, 200);
});

test('a numbered version has environments and a scaling of its own, and nothing provisioned', async () => {
  const FunctionName = 'numbered';
  await lambda.send(new CreateFunctionCommand(managed(FunctionName, { Publish: true })));
  const { ExecutedVersion } = await lambda.send(new InvokeCommand({ FunctionName, Qualifier: '1' }));
  assert.equal(ExecutedVersion, '1');
  await assert.rejects(
    lambda.send(
      new PutProvisionedConcurrencyConfigCommand({
        FunctionName,
        Qualifier: '1',
        ProvisionedConcurrentExecutions: 1,
      }),
    ),
    { name: 'InvalidParameterValueException', message: /capacity provider/ },
  );
  await assert.rejects(lambda.send(new InvokeCommand({ FunctionName, Qualifier: '1', LogType: 'Tail' })), {
    name: 'NotImplemented',
  });
});
