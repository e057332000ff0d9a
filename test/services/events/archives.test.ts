/** Archives and replays. Shapes and words as recorded for "TestArchive" and "TestReplay", else those that users quote from AWS. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CancelReplayCommand,
  CreateArchiveCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListArchivesCommand,
  ListReplaysCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge';
import { openPlatform } from '../../kit/started-platform.ts';
import { EventsTester, failure } from './events-tester.ts';

const OWNER = 'arn:aws:events:us-east-1:000000000000:';
const DAY_MS = 86_400_000;

function time(text: string): Date {
  return new Date(`2026-01-01T${text}Z`);
}

/** Of a bus, from 01:00 to 03:00; its name is that of the archive. */
function replay(bus: string, archive: string, more: object = {}) {
  return new StartReplayCommand({
    ReplayName: archive,
    EventSourceArn: `${OWNER}archive/${archive}`,
    EventStartTime: time('01:00:00'),
    EventEndTime: time('03:00:00'),
    Destination: { Arn: `${OWNER}event-bus/${bus}` },
    ...more,
  });
}

test('an archive is made, described, changed, listed and deleted', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const bus = await events.bus();
  const ArchiveName = events.unique('archive');
  const EventSourceArn = `${OWNER}event-bus/${bus}`;
  const archive = { ArchiveName, EventSourceArn, EventPattern: '{"source":["test"]}', RetentionDays: 1 };
  const { $metadata: _, CreationTime, ...made } = await client.send(new CreateArchiveCommand(archive));
  assert.deepEqual(made, { ArchiveArn: `${OWNER}archive/${ArchiveName}`, State: 'ENABLED' });
  assert.deepEqual(await failure(client.send(new CreateArchiveCommand(archive))), [
    'ResourceAlreadyExistsException',
    `Archive ${ArchiveName} already exists.`,
  ]);
  await client.send(new UpdateArchiveCommand({ ArchiveName, Description: 'mine', RetentionDays: 2 }));
  const { $metadata: __, ...described } = await client.send(new DescribeArchiveCommand({ ArchiveName }));
  assert.deepEqual(described, {
    ...made,
    ...archive,
    CreationTime,
    Description: 'mine',
    RetentionDays: 2,
    EventCount: 0,
    SizeBytes: 0,
  });
  const { Archives } = await client.send(new ListArchivesCommand({ EventSourceArn }));
  assert.deepEqual(
    Archives!.map((one) => one.ArchiveName),
    [ArchiveName],
  );
  await client.send(new DeleteArchiveCommand({ ArchiveName }));
  assert.deepEqual(await failure(client.send(new DescribeArchiveCommand({ ArchiveName }))), [
    'ResourceNotFoundException',
    `Archive ${ArchiveName} does not exist.`,
  ]);
  const nowhere = { ArchiveName, EventSourceArn: `${OWNER}event-bus/nowhere` };
  for (const command of [new CreateArchiveCommand(nowhere), new ListArchivesCommand(nowhere)])
    assert.deepEqual(await failure(client.send(command as CreateArchiveCommand)), [
      'ResourceNotFoundException',
      'Event bus nowhere does not exist.',
    ]);
});

test('a replay sends the events of its time once more, to the rules that it names', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const bus = await events.bus();
  const queue = await events.queue('replayed');
  const other = await events.queue('other');
  const rule = await events.rule(bus, { Arn: queue });
  await events.rule(bus, { Arn: other });
  const ArchiveName = events.unique('kept');
  const EventSourceArn = `${OWNER}event-bus/${bus}`;
  const EventPattern = '{"detail":{"kept":[true]}}';
  await client.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn, EventPattern }));
  const Detail = '{"kept":true}';
  const [, second, third] = await events.put(
    bus,
    { Detail, Time: time('00:59:59') },
    { Detail, Time: time('01:00:00') },
    { Detail, Time: time('02:59:59') },
    { Detail, Time: time('03:00:00') },
    { Detail: '{"kept":false}', Time: time('02:00:00') },
  );
  assert.equal((await events.messages(queue)).length, 5);
  assert.equal((await events.messages(other)).length, 5);
  const FilterArns = [rule];
  const { State, ReplayArn } = await client.send(
    replay(bus, ArchiveName, { Destination: { Arn: EventSourceArn, FilterArns } }),
  );
  assert.deepEqual([State, ReplayArn], ['STARTING', `${OWNER}replay/${ArchiveName}`]);
  await events.platform.clock.advance(1_000);
  const replayed = (await events.bodies(queue)).map((body) => JSON.parse(body));
  assert.deepEqual(new Set(replayed.map(({ id }) => id)), new Set([second, third]));
  assert.deepEqual(new Set(replayed.map((event) => event['replay-name'])), new Set([ArchiveName]));
  assert.deepEqual(await events.bodies(other), []);
  const done = await client.send(new DescribeReplayCommand({ ReplayName: ArchiveName }));
  assert.equal(done.State, 'COMPLETED');
  assert.deepEqual(done.Destination, { Arn: EventSourceArn, FilterArns });
  assert.deepEqual(done.EventLastReplayedTime, time('02:59:59'));
  assert.ok(done.ReplayEndTime instanceof Date);
  const { EventCount, SizeBytes } = await client.send(new DescribeArchiveCommand({ ArchiveName }));
  assert.equal(EventCount, 4, 'what is replayed is not kept again');
  assert.ok(SizeBytes! > 800);
  const list = new ListReplaysCommand({ EventSourceArn: `${OWNER}archive/${ArchiveName}` });
  assert.equal((await client.send(list)).Replays!.length, 1);
});

test('a replay can be cancelled while it is under way', async (context) => {
  const events = await EventsTester.start(context);
  const { client } = events;
  const bus = await events.bus();
  const queue = await events.queue('cancelled');
  await events.rule(bus, { Arn: queue });
  const ArchiveName = events.unique('cancelled');
  await client.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn: `${OWNER}event-bus/${bus}` }));
  await events.put(bus, { Time: time('02:00:00') });
  assert.equal((await events.messages(queue)).length, 1);
  await client.send(replay(bus, ArchiveName));
  const cancel = new CancelReplayCommand({ ReplayName: ArchiveName });
  assert.equal((await client.send(cancel)).State, 'CANCELLING');
  await events.platform.clock.advance(1_000);
  const { State } = await client.send(new DescribeReplayCommand({ ReplayName: ArchiveName }));
  assert.equal(State, 'CANCELLED');
  assert.deepEqual(await events.bodies(queue), []);
  assert.deepEqual(await failure(client.send(cancel)), [
    'IllegalStatusException',
    `Replay ${ArchiveName} is not in a valid state for this operation.`,
  ]);
});

test('an archive can be deleted while its events expire', async (context) => {
  const events = await EventsTester.alone(context);
  const { client } = events;
  const bus = await events.bus();
  const archive = { ArchiveName: 'a', EventSourceArn: `${OWNER}event-bus/${bus}`, RetentionDays: 1 };
  await client.send(new CreateArchiveCommand(archive));
  for (let put = 0; put < 12; put += 1) await events.put(bus, ...Array(10).fill({}));
  const { EventCount } = await client.send(new DescribeArchiveCommand(archive));
  assert.equal(EventCount, 120);
  const expired = events.platform.clock.advance(2 * DAY_MS);
  await client.send(new DeleteArchiveCommand(archive));
  await expired;
  await client.send(new CreateArchiveCommand(archive));
});

test('replays that cannot be are refused', async (context) => {
  const events = await EventsTester.alone(context);
  const { client } = events;
  const bus = await events.bus();
  const ArchiveName = events.unique('refused');
  await client.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn: `${OWNER}event-bus/${bus}` }));
  const refused = async (more: object) => failure(client.send(replay(bus, ArchiveName, more)));
  const reason = (name: string, text: string) => [
    'ValidationException',
    `Parameter ${name} is not valid. Reason: ${text}`,
  ];
  assert.deepEqual(
    await refused({ EventEndTime: time('01:00:00') }),
    reason('EventEndTime', 'EventStartTime must be before EventEndTime.'),
  );
  assert.deepEqual(
    await refused({ EventSourceArn: `${OWNER}archive/nowhere` }),
    reason('EventSourceArn', 'Archive nowhere does not exist.'),
  );
  assert.deepEqual(
    await refused({ Destination: { Arn: `${OWNER}event-bus/default` } }),
    reason('Destination.Arn', 'Cross event bus replay is not permitted.'),
  );
  for (let count = 0; count < 10; count += 1)
    await client.send(replay(bus, ArchiveName, { ReplayName: `r${count}` }));
  assert.deepEqual(await refused({ ReplayName: 'r0' }), [
    'ResourceAlreadyExistsException',
    'Replay r0 already exists.',
  ]);
  assert.deepEqual(await refused({}), [
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  ]);
});

test('events are kept for the days of their archive, and a replay goes on after a restart', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-archives-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = await openPlatform({ frozenClock: true, dataDir });
  const before = EventsTester.on(context, first);
  const bus = await before.bus();
  const queue = await before.queue('restarted');
  await before.rule(bus, { Arn: queue });
  const archive = { ArchiveName: 'a', EventSourceArn: `${OWNER}event-bus/${bus}`, RetentionDays: 2 };
  await before.client.send(new CreateArchiveCommand(archive));
  const nowMs = first.clock.now();
  const [early] = await before.put(bus, { Time: new Date(nowMs - DAY_MS) });
  const [late] = await before.put(bus, { Time: new Date(nowMs) });
  assert.equal((await before.messages(queue)).length, 2);
  const range = { EventStartTime: new Date(nowMs - 2 * DAY_MS), EventEndTime: new Date(nowMs + DAY_MS) };
  await before.client.send(replay(bus, 'a', range));
  await first.close();

  const after = await EventsTester.alone(context, { dataDir });
  await after.platform.clock.advance(1_000);
  const ids = async () => (await after.bodies(queue)).map((body) => JSON.parse(body).id);
  assert.deepEqual(new Set(await ids()), new Set([early, late]));
  await after.platform.clock.advance(1.5 * DAY_MS);
  await after.client.send(replay(bus, 'a', { ...range, ReplayName: 'b' }));
  await after.platform.clock.advance(1_000);
  assert.deepEqual(await ids(), [late]);
});
