import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreatePipeCommand,
  DeletePipeCommand,
  ListPipesCommand,
  ListTagsForResourceCommand,
  StartPipeCommand,
  StopPipeCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePipeCommand,
} from '@aws-sdk/client-pipes';
import { PipesTester, ROLE } from './pipes-tester.ts';

const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

test('a pipe is created, and shown with what was left out filled in', async (context) => {
  const pipes = await PipesTester.start(context);
  const [Source, Target] = [await pipes.queue('s'), await pipes.queue('t')];
  const Name = pipes.unique('shown');
  const { $metadata, CreationTime, LastModifiedTime, ...created } = await pipes.client.send(
    new CreatePipeCommand({ Name, Source, Target, RoleArn: ROLE, Description: 'd', Tags: { a: '1' } }),
  );
  const Arn = `arn:aws:pipes:us-east-1:000000000000:pipe/${Name}`;
  assert.deepEqual(created, { Arn, Name, DesiredState: 'RUNNING', CurrentState: 'CREATING' });
  assert.deepEqual(CreationTime, LastModifiedTime);
  assert.equal(await pipes.settled(Name), 'RUNNING');
  const {
    $metadata: _,
    CreationTime: shownTime,
    LastModifiedTime: modified,
    ...shown
  } = await pipes.describe(Name);
  assert.deepEqual([shownTime, modified], [CreationTime, CreationTime]);
  assert.deepEqual(shown, {
    Arn,
    Name,
    Description: 'd',
    DesiredState: 'RUNNING',
    CurrentState: 'RUNNING',
    Source,
    SourceParameters: { SqsQueueParameters: { BatchSize: 10, MaximumBatchingWindowInSeconds: 0 } },
    Target,
    RoleArn: ROLE,
    Tags: { a: '1' },
  });
});

test('a pipe stops and starts: messages wait meanwhile', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('stop-s'), await pipes.queue('stop-t')];
  const Name = await pipes.pipe('stopping', source, target, {
    TargetParameters: { InputTemplate: '<$.body>' },
  });
  const stopped = await pipes.client.send(new StopPipeCommand({ Name }));
  assert.deepEqual([stopped.DesiredState, stopped.CurrentState], ['STOPPED', 'STOPPING']);
  assert.equal(await pipes.settled(Name), 'STOPPED');
  await pipes.send(source, 'later');
  await pipes.platform.clock.advance(60_000);
  assert.deepEqual(await pipes.arrived(target), []);
  const started = await pipes.client.send(new StartPipeCommand({ Name }));
  assert.deepEqual([started.DesiredState, started.CurrentState], ['RUNNING', 'STARTING']);
  assert.deepEqual(await pipes.bodies(target), ['later']);
});

test('an update changes what it names; what it leaves out stays', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, first, second] = [
    await pipes.queue('u-s'),
    await pipes.queue('u-1'),
    await pipes.queue('u-2'),
  ];
  const filter = { Filters: [{ Pattern: '{"body":{"ok":[true]}}' }] };
  const Name = await pipes.pipe('updated', source, first, {
    Description: 'kept',
    SourceParameters: { FilterCriteria: filter, SqsQueueParameters: { BatchSize: 3 } },
  });
  const { CurrentState } = await pipes.client.send(
    new UpdatePipeCommand({
      Name,
      RoleArn: ROLE,
      Target: second,
      TargetParameters: { InputTemplate: 'new' },
    }),
  );
  assert.equal(CurrentState, 'UPDATING');
  await pipes.settled(Name);
  const shown = await pipes.describe(Name);
  assert.deepEqual(shown.SourceParameters, {
    FilterCriteria: filter,
    SqsQueueParameters: { BatchSize: 3, MaximumBatchingWindowInSeconds: 0 },
  });
  assert.deepEqual([shown.Description, shown.Target], ['kept', second]);
  await pipes.send(source, '{"ok":true}');
  assert.deepEqual(await pipes.bodies(second), ['new']);
});

test('a deleted pipe takes nothing more, and its name is free', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('d-s'), await pipes.queue('d-t')];
  const Name = await pipes.pipe('deleted', source, target);
  await assert.rejects(
    pipes.client.send(new CreatePipeCommand({ Name, Source: source, Target: target, RoleArn: ROLE })),
    {
      name: 'ConflictException',
      message: `Pipe ${Name} already exists.`,
    },
  );
  const deleted = await pipes.client.send(new DeletePipeCommand({ Name }));
  assert.deepEqual([deleted.DesiredState, deleted.CurrentState], ['DELETED', 'DELETING']);
  await assert.rejects(pipes.settled(Name), {
    name: 'NotFoundException',
    message: `Pipe ${Name} does not exist.`,
  });
  await pipes.send(source, 'x');
  await pipes.platform.clock.advance(60_000);
  assert.deepEqual(await pipes.arrived(target), []);
  await pipes.pipe('deleted', source, target);
  await pipes.bodies(target);
});

test('a pipe whose source is not there says why it could not be created, and can be started later', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [arn(pipes.unique('later')), await pipes.queue('of-later')];
  const Name = await pipes.pipe('sourceless', source, target);
  const failed = await pipes.describe(Name);
  assert.deepEqual(
    [failed.CurrentState, failed.StateReason],
    ['CREATE_FAILED', `The source ${source} does not exist.`],
  );
  await pipes.queue('later');
  await pipes.client.send(new StartPipeCommand({ Name }));
  assert.equal(await pipes.settled(Name), 'RUNNING');
});

test('lists are filtered and come in pages', async (context) => {
  const pipes = await PipesTester.start(context);
  const [source, target] = [await pipes.queue('l-s'), await pipes.queue('l-t')];
  for (const name of ['list-1', 'list-2', 'list-3'])
    await pipes.pipe(name, source, target, { DesiredState: name === 'list-2' ? 'STOPPED' : 'RUNNING' });
  const list = async (more: object) => {
    const answer = await pipes.client.send(new ListPipesCommand({ SourcePrefix: source, ...more }));
    return { names: answer.Pipes!.map(({ Name }) => Name!.slice(0, 6)), next: answer.NextToken };
  };
  assert.deepEqual((await list({})).names, ['list-1', 'list-2', 'list-3']);
  assert.deepEqual((await list({ CurrentState: 'STOPPED' })).names, ['list-2']);
  assert.deepEqual((await list({ DesiredState: 'RUNNING', TargetPrefix: target })).names, [
    'list-1',
    'list-3',
  ]);
  const first = await list({ Limit: 2 });
  assert.deepEqual(first.names, ['list-1', 'list-2']);
  assert.deepEqual((await list({ Limit: 2, NextToken: first.next })).names, ['list-3']);
});

test('a pipe has tags', async (context) => {
  const pipes = await PipesTester.start(context);
  const name = await pipes.pipe('tagged', await pipes.queue('g-s'), await pipes.queue('g-t'), {
    Tags: { a: '1' },
  });
  const resourceArn = `arn:aws:pipes:us-east-1:000000000000:pipe/${name}`;
  await pipes.client.send(new TagResourceCommand({ resourceArn, tags: { b: '2' } }));
  await pipes.client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
  const { tags } = await pipes.client.send(new ListTagsForResourceCommand({ resourceArn }));
  assert.deepEqual(tags, { b: '2' });
});

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:f';

const REFUSED: readonly (readonly [what: string, change: object, problem: RegExp])[] = [
  ['a source that is none', { Source: 'arn:aws:s3:::b' }, /not a source/],
  ['a target that is none', { Target: 'arn:aws:s3:::b' }, /not a target/],
  [
    'more than the target takes',
    { SourceParameters: { SqsQueueParameters: { BatchSize: 11 } } },
    /BatchSize/,
  ],
  [
    'a pattern that is none',
    { SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{' }] } } },
    /filter pattern/,
  ],
  [
    'parameters of another source',
    { SourceParameters: { KinesisStreamParameters: { StartingPosition: 'LATEST' } } },
    /does not apply/,
  ],
  ['parameters of another target', { TargetParameters: { LambdaFunctionParameters: {} } }, /does not apply/],
  ['a stream without a start', { Source: STREAM }, /StartingPosition is required/],
  ['a stream as the target without a key', { Target: STREAM }, /PartitionKey/],
  ['a FIFO queue without a group', { Target: arn('t.fifo') }, /MessageGroupId/],
  [
    'a group of logs without a stream',
    { Target: 'arn:aws:logs:us-east-1:000000000000:log-group:g' },
    /LogStreamName/,
  ],
];

const UNWRITTEN: readonly (readonly [what: RegExp, change: object])[] = [
  [/targets of states/, { Target: 'arn:aws:states:us-east-1:000000000000:stateMachine:m' }],
  [/API destinations/, { Target: 'arn:aws:events:us-east-1:000000000000:api-destination/d/1' }],
  [/sources of kafka/, { Source: 'arn:aws:kafka:us-east-1:000000000000:cluster/c/1' }],
  [/self-managed Kafka/, { Source: 'smk://broker:9092' }],
  [/enrichment by states/, { Enrichment: 'arn:aws:states:us-east-1:000000000000:stateMachine:m' }],
  [/LogConfiguration/, { LogConfiguration: { Level: 'ERROR' } }],
  [/KmsKeyIdentifier/, { KmsKeyIdentifier: 'alias/k' }],
];

test('what makes no pipe is refused and says why; what is not written yet says so by name', async (context) => {
  const pipes = await PipesTester.start(context);
  const create = (change: object) =>
    pipes.client.send(
      new CreatePipeCommand({
        Name: 'refused',
        Source: arn('s'),
        Target: FUNCTION,
        RoleArn: ROLE,
        ...change,
      }),
    );
  for (const [what, change, problem] of REFUSED)
    await assert.rejects(
      create({ Target: arn('t'), ...change }),
      { name: 'ValidationException', message: problem },
      what,
    );
  for (const [message, change] of UNWRITTEN)
    await assert.rejects(create(change), { name: 'NotImplemented', message });
});
