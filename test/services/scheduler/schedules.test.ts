import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { ROLE, SchedulerTester } from './scheduler-tester.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const FAR = 'cron(0 0 1 1 ? 2199)';
const BASE = { ScheduleExpression: FAR, FlexibleTimeWindow: { Mode: 'OFF' } } as const;

test('a schedule is shown with what was left out filled in', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const startMs = Math.ceil(scheduler.nowMs / 1_000) * 1_000;
  const name = await scheduler.schedule(
    'shown',
    FAR,
    { Arn: QUEUE, Input: 'x' },
    {
      Description: 'd',
      StartDate: new Date(startMs),
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
    },
  );
  const { CreationDate, LastModificationDate, $metadata, ...shown } = await scheduler.get(name);
  assert.deepEqual(CreationDate, LastModificationDate);
  assert.deepEqual(shown, {
    Arn: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${name}`,
    GroupName: 'default',
    Name: name,
    Description: 'd',
    ScheduleExpression: FAR,
    ScheduleExpressionTimezone: 'UTC',
    StartDate: new Date(startMs),
    State: 'ENABLED',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
    Target: {
      Arn: QUEUE,
      RoleArn: ROLE,
      Input: 'x',
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    },
    ActionAfterCompletion: 'NONE',
  });
});

test('an update leaves nothing of what was there but the date of creation', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const name = await scheduler.schedule(
    'updated',
    FAR,
    { Arn: QUEUE },
    { Description: 'old', State: 'DISABLED' },
  );
  const before = await scheduler.get(name);
  await scheduler.platform.clock.advance(60_000);
  const target = { Arn: `${QUEUE}2`, RoleArn: ROLE };
  await scheduler.client.send(new UpdateScheduleCommand({ ...BASE, Name: name, Target: target }));
  const after = await scheduler.get(name);
  assert.equal(after.Description, undefined);
  assert.equal(after.State, 'ENABLED');
  assert.equal(after.Target!.Arn, `${QUEUE}2`);
  assert.deepEqual(after.CreationDate, before.CreationDate);
  assert.ok(after.LastModificationDate! > before.LastModificationDate!);
});

test('a name is taken once in a group; what is not there is not found, in AWS’s words', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const name = await scheduler.schedule('twice', FAR, { Arn: QUEUE });
  await assert.rejects(scheduler.schedule('twice', FAR, { Arn: QUEUE }), {
    name: 'ConflictException',
    message: `Schedule ${name} already exists.`,
  });
  const missing = { name: 'ResourceNotFoundException', message: 'Schedule missing does not exist.' };
  await assert.rejects(scheduler.get('missing'), missing);
  await assert.rejects(scheduler.client.send(new DeleteScheduleCommand({ Name: 'missing' })), missing);
  const Target = { Arn: QUEUE, RoleArn: ROLE };
  await assert.rejects(
    scheduler.client.send(new UpdateScheduleCommand({ ...BASE, Name: 'missing', Target })),
    missing,
  );
  await assert.rejects(scheduler.schedule('nowhere', FAR, { Arn: QUEUE }, { GroupName: 'none' }), {
    name: 'ResourceNotFoundException',
    message: 'Schedule group none does not exist.',
  });
});

test('a request that comes again with its token is answered again; another one with it is refused', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const Name = scheduler.unique('token');
  const Target = { Arn: QUEUE, RoleArn: ROLE };
  const request = { ...BASE, Name, Target, ClientToken: scheduler.unique('t') };
  const first = await scheduler.client.send(new CreateScheduleCommand(request));
  const again = await scheduler.client.send(new CreateScheduleCommand(request));
  assert.equal(again.ScheduleArn, first.ScheduleArn);
  await assert.rejects(
    scheduler.client.send(new CreateScheduleCommand({ ...request, Description: 'other' })),
    { name: 'ConflictException' },
  );
  await scheduler.platform.clock.advance(2 * 60 * 60_000);
  await assert.rejects(scheduler.client.send(new CreateScheduleCommand(request)), {
    name: 'ConflictException',
    message: `Schedule ${Name} already exists.`,
  });
  const deletion = { Name, ClientToken: scheduler.unique('d') };
  await scheduler.client.send(new DeleteScheduleCommand(deletion));
  await scheduler.client.send(new DeleteScheduleCommand(deletion));
  await assert.rejects(scheduler.client.send(new DeleteScheduleCommand({ Name })), {
    name: 'ResourceNotFoundException',
  });
});

test('lists are filtered and come in pages', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const GroupName = scheduler.unique('listed');
  await scheduler.client.send(new CreateScheduleGroupCommand({ Name: GroupName }));
  for (const name of ['a1', 'a2', 'a3', 'b1'])
    await scheduler.schedule(
      name,
      FAR,
      { Arn: QUEUE },
      {
        GroupName,
        State: name === 'a2' ? 'DISABLED' : 'ENABLED',
      },
    );
  const list = async (more: object) => {
    const answer = await scheduler.client.send(new ListSchedulesCommand({ GroupName, ...more }));
    return { names: answer.Schedules!.map(({ Name }) => Name!.slice(0, 2)), next: answer.NextToken };
  };
  assert.deepEqual((await list({})).names, ['a1', 'a2', 'a3', 'b1']);
  assert.deepEqual((await list({ NamePrefix: 'a', State: 'ENABLED' })).names, ['a1', 'a3']);
  const first = await list({ MaxResults: 3 });
  assert.deepEqual(first.names, ['a1', 'a2', 'a3']);
  assert.deepEqual((await list({ MaxResults: 3, NextToken: first.next })).names, ['b1']);
  await assert.rejects(list({ NextToken: 'nonsense!' }), { name: 'ValidationException' });
  const { ScheduleGroups } = await scheduler.client.send(
    new ListScheduleGroupsCommand({ NamePrefix: 'listed' }),
  );
  assert.deepEqual(
    ScheduleGroups!.map(({ Name, State }) => [Name, State]),
    [[GroupName, 'ACTIVE']],
  );
});

test('a group has tags, and goes with its schedules; the default one stays', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const { client } = scheduler;
  const Name = scheduler.unique('group');
  const { ScheduleGroupArn: ResourceArn } = await client.send(
    new CreateScheduleGroupCommand({ Name, Tags: [{ Key: 'a', Value: '1' }] }),
  );
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'b', Value: '2' }] }));
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a'] }));
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn }));
  assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);
  await assert.rejects(client.send(new CreateScheduleGroupCommand({ Name })), {
    name: 'ConflictException',
    message: `Schedule group ${Name} already exists.`,
  });
  const queue = await scheduler.queue('grouped');
  const schedule = await scheduler.schedule(
    'in',
    scheduler.atIn(60_000),
    { Arn: queue, Input: 'x' },
    {
      GroupName: Name,
    },
  );
  await client.send(new DeleteScheduleGroupCommand({ Name }));
  await scheduler.platform.clock.advance(120_000);
  assert.deepEqual(await scheduler.bodies(queue), []);
  const gone = { name: 'ResourceNotFoundException', message: `Schedule group ${Name} does not exist.` };
  await assert.rejects(scheduler.get(schedule, Name), gone);
  await assert.rejects(client.send(new GetScheduleGroupCommand({ Name })), gone);
  assert.equal((await client.send(new GetScheduleGroupCommand({ Name: 'default' }))).State, 'ACTIVE');
  await assert.rejects(client.send(new DeleteScheduleGroupCommand({ Name: 'default' })), {
    name: 'ValidationException',
  });
});

const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:f';
const BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
const universal = (action: string): string => `arn:aws:scheduler:::aws-sdk:${action}`;

const REFUSED: readonly (readonly [what: string, change: object, problem: RegExp])[] = [
  [
    'a past start',
    { StartDate: new Date(0) },
    /^The StartDate you specify cannot be earlier than 5 minutes ago\.$/,
  ],
  ['an end before the start', { EndDate: new Date(1_000) }, /EndDate/],
  ['a zone of nowhere', { ScheduleExpressionTimezone: 'Mars/Olympus' }, /Timezone Mars\/Olympus/],
  ['a window without minutes', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, /MaximumWindowInMinutes/],
  ['minutes without a window', { FlexibleTimeWindow: { Mode: 'OFF', MaximumWindowInMinutes: 1 } }, /OFF/],
  [
    'a target that is no ARN',
    { Target: { Arn: 'x', RoleArn: ROLE } },
    /^Provided Arn is not in correct format\.$/,
  ],
  ['a target that takes nothing', { Target: { Arn: 'arn:aws:s3:::b', RoleArn: ROLE } }, /correct format/],
  [
    'an action that reads',
    { Target: { Arn: universal('sqs:getQueueUrl'), RoleArn: ROLE } },
    /not a supported target/,
  ],
  [
    'an action in capitals',
    { Target: { Arn: universal('sqs:SendMessage'), RoleArn: ROLE } },
    /correct format/,
  ],
  [
    'input that is no JSON',
    { Target: { Arn: universal('sqs:sendMessage'), RoleArn: ROLE, Input: 'x' } },
    /JSON/,
  ],
  ['a bus without a source', { Target: { Arn: BUS, RoleArn: ROLE } }, /EventBridgeParameters/],
  ['a FIFO queue without a group', { Target: { Arn: `${QUEUE}.fifo`, RoleArn: ROLE } }, /MessageGroupId/],
  [
    'a stream without a key',
    { Target: { Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', RoleArn: ROLE } },
    /KinesisParameters/,
  ],
  [
    'parameters of another target',
    { Target: { Arn: LAMBDA, RoleArn: ROLE, SqsParameters: { MessageGroupId: 'g' } } },
    /SqsParameters/,
  ],
  ['a role that is none', { Target: { Arn: LAMBDA, RoleArn: 'x' } }, /target\.roleArn/],
];

test('what makes no schedule is refused, and says why', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const create = (change: object) =>
    scheduler.client.send(
      new CreateScheduleCommand({
        ...BASE,
        Name: 'refused',
        Target: { Arn: QUEUE, RoleArn: ROLE },
        ...change,
      }),
    );
  for (const [what, change, problem] of REFUSED)
    await assert.rejects(create(change), { name: 'ValidationException', message: problem }, what);
  for (const ScheduleExpression of [
    'rate(10)',
    ' rate(1 day)',
    'at(2021-12-31)',
    'at(2021-12-31T00:00:00)',
    'cron(0 0 ? * ? *)',
  ])
    await assert.rejects(create({ ScheduleExpression }), {
      name: 'ValidationException',
      message: `Invalid Schedule Expression ${ScheduleExpression}.`,
    });
  const KmsKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/k';
  await assert.rejects(create({ KmsKeyArn }), { name: 'NotImplemented', message: /KmsKeyArn/ });
  for (const [Arn, message] of [
    [universal('glacier:uploadArchive'), /glacier:UploadArchive/],
    ['arn:aws:states:us-east-1:000000000000:stateMachine:m', /stepfunctions:StartExecution/],
  ] as const)
    await assert.rejects(create({ Target: { Arn, RoleArn: ROLE } }), { name: 'NotImplemented', message });
  const ecs = { Arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/c', RoleArn: ROLE };
  await assert.rejects(create({ Target: ecs }), { name: 'NotImplemented', message: /ecs/ });
});
