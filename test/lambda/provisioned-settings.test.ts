/** What can be provisioned and what cannot. Words are recorded from AWS unless a test says otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  ListProvisionedConcurrencyConfigsCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, untilActive, untilUpdated } from './control/lambda-server.ts';
import {
  provision,
  provisioned,
  publishedFunction,
  serve,
  untilProvisioned,
} from './provisioned-functions.ts';

const { lambda } = await lambdaServer();

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';

/** Creates a function with versions 1 to `versions`. */
async function withVersions(FunctionName: string, versions: number): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  for (let number = 1; number <= versions; number += 1) {
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: `${number}` }));
    await untilUpdated(lambda, FunctionName);
    await lambda.send(new PublishVersionCommand({ FunctionName }));
  }
}

const noConfig = refusal(
  'ProvisionedConcurrencyConfigNotFoundException',
  'No Provisioned Concurrency Config found for this function',
  404,
);

test('the account limits what is provisioned, with what other functions have', async () => {
  await withVersions('limited', 1);
  await assert.rejects(
    provision(lambda, 'limited', '1', 1_001),
    refusal(
      'InvalidParameterValueException',
      "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
      400,
    ),
  );
  const below =
    "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
  await assert.rejects(
    provision(lambda, 'limited', '1', 1_000),
    refusal('InvalidParameterValueException', below, 400),
  );
  await withVersions('reserving', 0);
  const FunctionName = 'reserving';
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 899 }));
  await assert.rejects(
    provision(lambda, 'limited', '1', 2),
    refusal('InvalidParameterValueException', below, 400),
  );
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
});

test('only published versions and aliases of them can be provisioned', async () => {
  const FunctionName = 'published';
  await withVersions(FunctionName, 1);
  // Not recorded; so AWS's users quote it.
  const unpublished = refusal(
    'InvalidParameterValueException',
    'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
    400,
  );
  await assert.rejects(provision(lambda, FunctionName, '$LATEST', 1), unpublished);
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'latest', FunctionVersion: '$LATEST' }));
  await assert.rejects(provision(lambda, FunctionName, 'latest', 1), unpublished);
  await assert.rejects(
    provision(lambda, FunctionName, '7', 1),
    refusal('ResourceNotFoundException', `Function not found: ${ARN}:published:7`, 404),
  );
  await assert.rejects(
    provision(lambda, FunctionName, 'nowhere', 1),
    refusal('ResourceNotFoundException', `Cannot find alias arn: ${ARN}:published:nowhere`, 404),
  );
  await assert.rejects(
    provision(lambda, 'nobody', '1', 1),
    refusal('ResourceNotFoundException', `Function not found: ${ARN}:nobody:1`, 404),
  );
  await assert.rejects(
    provision(lambda, FunctionName, '1', 0),
    refusal('ValidationException', /at 'provisionedConcurrentExecutions' failed to satisfy constraint/, 400),
  );
  for (const command of [
    new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: '$LATEST' }),
    new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: '$LATEST' }),
  ]) {
    await assert.rejects(
      lambda.send(command as GetProvisionedConcurrencyConfigCommand),
      refusal(
        'InvalidParameterValueException',
        'The function resource provided must be an alias or a published version.',
        400,
      ),
    );
  }
  await assert.rejects(provisioned(lambda, FunctionName, '1'), noConfig);
  const deleted = await lambda.send(
    new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: '1' }),
  );
  assert.equal(deleted.$metadata.httpStatusCode, 204);
});

test('a version is provisioned by its number or by an alias, not by both', async () => {
  const FunctionName = 'once';
  await withVersions(FunctionName, 2);
  for (const [Name, FunctionVersion] of [
    ['one', '1'],
    ['two', '2'],
  ] as const)
    await lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion }));
  // Not recorded; so AWS's users quote it.
  await provision(lambda, FunctionName, '1', 1);
  await assert.rejects(
    provision(lambda, FunctionName, 'one', 1),
    refusal(
      'ResourceConflictException',
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
      409,
    ),
  );
  await provision(lambda, FunctionName, 'two', 1);
  await assert.rejects(
    provision(lambda, FunctionName, '2', 1),
    refusal('ResourceConflictException', 'Version is pointed by a Provisioned Concurrency alias', 409),
  );
  const RoutingConfig = { AdditionalVersionWeights: { '1': 0.5 } };
  await lambda.send(
    new CreateAliasCommand({ FunctionName, Name: 'both', FunctionVersion: '2', RoutingConfig }),
  );
  await assert.rejects(
    provision(lambda, FunctionName, 'both', 1),
    refusal('InvalidParameterValueException', 'Invalid alias configuration for Provisioned Concurrency', 400),
  );
});

test('an alias that is provisioned cannot be moved to where it could not have been provisioned', async () => {
  const FunctionName = 'moved';
  await withVersions(FunctionName, 2);
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  await provision(lambda, FunctionName, 'live', 1);
  await provision(lambda, FunctionName, '2', 1);
  const move = (FunctionVersion: string) =>
    lambda.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion }));
  await assert.rejects(move('$LATEST'), { name: 'InvalidParameterValueException' });
  await assert.rejects(move('2'), { name: 'ResourceConflictException' });
  await lambda.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: '2' }));
  await move('2');
  await lambda.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: 'live' }));
  await move('$LATEST');
});

test('a function that isolates its tenants cannot be provisioned', async () => {
  const FunctionName = 'isolated';
  const TenancyConfig = { TenantIsolationMode: 'PER_TENANT' } as const;
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName, { TenancyConfig, Publish: true })));
  // That AWS refuses it is documented, its words are not.
  await assert.rejects(provision(lambda, FunctionName, '1', 1), { name: 'InvalidParameterValueException' });
});

test('configurations are listed by the ARNs of what they are for, in pages, and go with their aliases', async () => {
  const FunctionName = 'listed';
  await withVersions(FunctionName, 2);
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }));
  await provision(lambda, FunctionName, '1', 1);
  await provision(lambda, FunctionName, 'live', 2);
  const list = async (MaxItems?: number, Marker?: string) =>
    lambda.send(new ListProvisionedConcurrencyConfigsCommand({ FunctionName, MaxItems, Marker }));
  const all = await list();
  assert.deepEqual(
    all.ProvisionedConcurrencyConfigs?.map((config) => [
      config.FunctionArn,
      config.RequestedProvisionedConcurrentExecutions,
    ]),
    [
      [`${ARN}:listed:1`, 1],
      [`${ARN}:listed:live`, 2],
    ],
  );
  assert.equal(all.NextMarker, undefined);
  const first = await list(1);
  const second = await list(1, first.NextMarker);
  assert.deepEqual(
    [first, second].map((page) => page.ProvisionedConcurrencyConfigs?.[0]?.FunctionArn),
    [`${ARN}:listed:1`, `${ARN}:listed:live`],
  );
  await lambda.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }));
  assert.equal((await list()).ProvisionedConcurrencyConfigs?.length, 1);
  // The alias that comes again has nothing of the old one.
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }));
  await assert.rejects(provisioned(lambda, FunctionName, 'live'), noConfig);
});

test('an alias that begins to split its invocations splits its environments alike', async () => {
  const FunctionName = 'split';
  await publishedFunction(lambda, FunctionName);
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'second' }));
  await untilUpdated(lambda, FunctionName);
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  await provision(lambda, FunctionName, 'live', 4);
  await untilProvisioned(lambda, FunctionName, 'live');
  const RoutingConfig = { AdditionalVersionWeights: { '2': 0.25 } };
  await lambda.send(new UpdateAliasCommand({ FunctionName, Name: 'live', RoutingConfig }));
  const { AllocatedProvisionedConcurrentExecutions } = await untilProvisioned(lambda, FunctionName, 'live');
  assert.equal(AllocatedProvisionedConcurrentExecutions, 4);
  for (const version of ['1', '2'])
    assert.equal((await serve(lambda, FunctionName, version)).type, 'provisioned-concurrency');
});
