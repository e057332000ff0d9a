/** Provisioned concurrency scaled by Application Auto Scaling. Source: Lambda developer guide, "Managing provisioned concurrency with Application Auto Scaling". */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  ApplicationAutoScalingClient,
  DeleteScalingPolicyCommand,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  ListTagsForResourceCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  CreateFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const MINUTE_MS = 60_000;
const TARGET = {
  ServiceNamespace: 'lambda',
  ResourceId: 'function:scaled:1',
  ScalableDimension: 'lambda:function:ProvisionedConcurrency',
} as const;

async function opened(context: TestContext, dataDir?: string) {
  const platform = await openPlatform({
    pooledEnvironments: 0,
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  const [lambda, scaling] = [
    new LambdaClient(clientSettings(platform)),
    new ApplicationAutoScalingClient(clientSettings(platform)),
  ];
  const close = async (): Promise<void> => {
    lambda.destroy();
    scaling.destroy();
    await platform.close();
  };
  context.after(close);
  const capacity = async (): Promise<number> => {
    const name = { FunctionName: 'scaled', Qualifier: '1' };
    return lambda.send(new GetProvisionedConcurrencyConfigCommand(name)).then(
      (config) => config.RequestedProvisionedConcurrentExecutions!,
      (error: Error) => {
        assert.equal(error.name, 'ProvisionedConcurrencyConfigNotFoundException');
        return 0;
      },
    );
  };
  return { platform, lambda, scaling, close, capacity };
}

async function createFunction(lambda: LambdaClient): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'scaled',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async () => 1;' }) },
    }),
  );
  const waiting = { client: lambda, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  await waitUntilFunctionActiveV2(waiting, { FunctionName: 'scaled' });
  await lambda.send(new PublishVersionCommand({ FunctionName: 'scaled' }));
}

test('a scheduled action sets the limits at its time, over a restart, and the capacity follows', async (context) => {
  const dataDir = await scratchDirectory(context);
  const first = await opened(context, dataDir);
  await createFunction(first.lambda);
  await first.scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 0, MaxCapacity: 1 }));
  for (const [ScheduledActionName, minutes, capacity] of [
    ['up', 60, 2],
    ['down', 120, 0],
  ] as const) {
    const at = new Date(first.platform.clock.now() + minutes * MINUTE_MS).toISOString().slice(0, 19);
    await first.scaling.send(
      new PutScheduledActionCommand({
        ...TARGET,
        ScheduledActionName,
        Schedule: `at(${at})`,
        ScalableTargetAction: { MinCapacity: capacity, MaxCapacity: capacity },
      }),
    );
  }
  await first.platform.clock.advance(30 * MINUTE_MS);
  assert.equal(await first.capacity(), 0);
  await first.close();
  const second = await opened(context, dataDir);
  await second.platform.clock.advance(31 * MINUTE_MS);
  assert.equal(await second.capacity(), 2);
  const { ScalableTargets } = await second.scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'lambda' }),
  );
  assert.deepEqual(
    ScalableTargets!.map(({ MinCapacity, MaxCapacity, ResourceId }) => [
      ResourceId,
      MinCapacity,
      MaxCapacity,
    ]),
    [['function:scaled:1', 2, 2]],
  );
  await second.platform.clock.advance(60 * MINUTE_MS);
  assert.equal(await second.capacity(), 0);
  const { ScalingActivities } = await second.scaling.send(
    new DescribeScalingActivitiesCommand({ ServiceNamespace: 'lambda' }),
  );
  assert.deepEqual(
    ScalingActivities!.map(({ StatusCode, Description }) => [StatusCode, Description]),
    [
      ['Successful', 'Setting provisioned concurrency to 0.'],
      ['Successful', 'Setting provisioned concurrency to 2.'],
    ],
  );
  // Before its directory goes.
  await second.close();
});

test('scheduled actions of one moment are all done', async (context) => {
  const { platform, scaling } = await opened(context);
  await scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 0, MaxCapacity: 1 }));
  const at = new Date(platform.clock.now() + 60 * MINUTE_MS).toISOString().slice(0, 19);
  for (const [ScheduledActionName, ScalableTargetAction] of [
    ['more', { MaxCapacity: 9 }],
    ['least', { MinCapacity: 3 }],
  ] as const)
    await scaling.send(
      new PutScheduledActionCommand({
        ...TARGET,
        ScheduledActionName,
        Schedule: `at(${at})`,
        ScalableTargetAction,
      }),
    );
  await platform.clock.advance(61 * MINUTE_MS);
  const { ScalableTargets } = await scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'lambda' }),
  );
  assert.deepEqual(
    ScalableTargets!.map(({ MinCapacity, MaxCapacity }) => [MinCapacity, MaxCapacity]),
    [[3, 9]],
  );
});

test('target tracking adds capacity after three minutes above the target, and takes it away after fifteen below', async (context) => {
  const { platform, lambda, scaling, capacity } = await opened(context);
  await createFunction(lambda);
  await scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 1, MaxCapacity: 3 }));
  const scheduled = async (ScheduledActionName: string, wanted: number): Promise<void> => {
    const at = new Date(platform.clock.now() + MINUTE_MS).toISOString().slice(0, 19);
    await scaling.send(
      new PutScheduledActionCommand({
        ...TARGET,
        ScheduledActionName,
        Schedule: `at(${at})`,
        ScalableTargetAction: { MinCapacity: wanted },
      }),
    );
    await platform.clock.advance(MINUTE_MS);
    assert.equal(await capacity(), wanted);
  };
  await scheduled('begin', 1);
  const ready = async (): Promise<void> => {
    for (;;) {
      const { Status } = await lambda.send(
        new GetProvisionedConcurrencyConfigCommand({ FunctionName: 'scaled', Qualifier: '1' }),
      );
      if (Status === 'READY') return;
    }
  };
  await ready();
  await scaling.send(
    new PutScalingPolicyCommand({
      ...TARGET,
      PolicyName: 'track',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 0.7,
        PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
        ScaleInCooldown: 3_600,
      },
    }),
  );
  const minute = async (): Promise<void> => {
    await lambda.send(new InvokeCommand({ FunctionName: 'scaled:1' }));
    await platform.clock.advance(MINUTE_MS);
  };
  // The one environment is busy with each invocation: all that is provisioned is used.
  await minute();
  await minute();
  assert.equal(await capacity(), 1);
  await minute();
  await minute();
  assert.equal(await capacity(), 2);
  await scheduled('grow', 3);
  await ready();
  await scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 1, MaxCapacity: 3 }));
  // One of three is busy: a third is used.
  for (let n = 0; n < 14; n += 1) await minute();
  assert.equal(await capacity(), 3);
  await minute();
  await minute();
  assert.equal(await capacity(), 2, 'a third of 3 over 0.7 is 1.4, and so much is kept');
});

test('a target that Lambda refuses to scale has an activity that says so', async (context) => {
  const { platform, scaling } = await opened(context);
  const { ScalableTargetARN } = await scaling.send(
    new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 0, MaxCapacity: 5, Tags: { a: '1' } }),
  );
  await scaling.send(
    new PutScheduledActionCommand({
      ...TARGET,
      ScheduledActionName: 'often',
      Schedule: 'rate(1 hour)',
      ScalableTargetAction: { MinCapacity: 3 },
    }),
  );
  await platform.clock.advance(61 * MINUTE_MS);
  const { ScalingActivities } = await scaling.send(
    new DescribeScalingActivitiesCommand({ ServiceNamespace: 'lambda', ResourceId: TARGET.ResourceId }),
  );
  assert.equal(ScalingActivities![0]!.StatusCode, 'Failed');
  assert.match(ScalingActivities![0]!.StatusMessage!, /Function not found/);
  await scaling.send(new TagResourceCommand({ ResourceARN: ScalableTargetARN, Tags: { b: '2' } }));
  await scaling.send(new UntagResourceCommand({ ResourceARN: ScalableTargetARN, TagKeys: ['a'] }));
  const { Tags } = await scaling.send(new ListTagsForResourceCommand({ ResourceARN: ScalableTargetARN }));
  assert.deepEqual(Tags, { b: '2' });
});

test('what cannot be is refused, and what is taken away is gone', async (context) => {
  const { scaling } = await opened(context);
  const invalid = (message: RegExp) => ({ name: 'ValidationException', message });
  const notFound = { name: 'ObjectNotFoundException', message: /function:scaled:1/ };
  const action = {
    ...TARGET,
    ScheduledActionName: 'a',
    Schedule: 'rate(1 day)',
    ScalableTargetAction: { MinCapacity: 1 },
  };
  await assert.rejects(scaling.send(new PutScheduledActionCommand(action)), notFound);
  await assert.rejects(
    scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 1 })),
    invalid(/required to register/),
  );
  await assert.rejects(
    scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 2, MaxCapacity: 1 })),
    invalid(/cannot be less than/),
  );
  await assert.rejects(
    scaling.send(
      new RegisterScalableTargetCommand({
        ...TARGET,
        ServiceNamespace: 'ecs',
        MinCapacity: 1,
        MaxCapacity: 1,
      }),
    ),
    { name: 'NotImplemented', message: /ServiceNamespace ecs/ },
  );
  await scaling.send(new RegisterScalableTargetCommand({ ...TARGET, MinCapacity: 0, MaxCapacity: 1 }));
  await assert.rejects(
    scaling.send(new PutScheduledActionCommand({ ...action, Schedule: 'cron(0 0 * * * *)' })),
    invalid(/Schedule expression is not valid: one of day of the month/),
  );
  const policy = (TargetValue: number) =>
    new PutScalingPolicyCommand({
      ...TARGET,
      PolicyName: 'p',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue,
        PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
      },
    });
  await assert.rejects(scaling.send(policy(70)), invalid(/between 0.1 and 0.9/));
  await scaling.send(policy(0.7));
  await scaling.send(new PutScheduledActionCommand(action));
  const lists = async (): Promise<number[]> => {
    const [actions, policies] = await Promise.all([
      scaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace: 'lambda' })),
      scaling.send(new DescribeScalingPoliciesCommand({ ServiceNamespace: 'lambda' })),
    ]);
    return [actions.ScheduledActions!.length, policies.ScalingPolicies!.length];
  };
  assert.deepEqual(await lists(), [1, 1]);
  await scaling.send(new DeleteScheduledActionCommand(action));
  await scaling.send(new DeleteScalingPolicyCommand({ ...TARGET, PolicyName: 'p' }));
  assert.deepEqual(await lists(), [0, 0]);
  await scaling.send(new DeregisterScalableTargetCommand(TARGET));
  await assert.rejects(scaling.send(new DeregisterScalableTargetCommand(TARGET)), notFound);
});
