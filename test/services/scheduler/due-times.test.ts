import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import { ROLE, SchedulerTester } from './scheduler-tester.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('a one-time schedule is due once, at its time, and stays', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('once');
  const name = await scheduler.schedule('once', scheduler.atIn(5 * MINUTE), { Arn: queue, Input: 'now' });
  await scheduler.platform.clock.advance(4 * MINUTE);
  assert.deepEqual(await scheduler.bodies(queue), []);
  await scheduler.platform.clock.advance(48 * HOUR);
  assert.deepEqual(await scheduler.bodies(queue), ['now']);
  assert.equal((await scheduler.get(name)).State, 'ENABLED');
});

test('a rate begins at once, or with the start date, and ends before the end date', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const [atOnce, dated] = [await scheduler.queue('at-once'), await scheduler.queue('dated')];
  const Input = '<aws.scheduler.scheduled-time>';
  const startMs = scheduler.nowMs;
  await scheduler.schedule('at-once', 'rate(10 minutes)', { Arn: atOnce, Input });
  await scheduler.schedule(
    'dated',
    'rate(10 minutes)',
    { Arn: dated, Input },
    {
      StartDate: new Date(startMs + HOUR),
      EndDate: new Date(startMs + 80 * MINUTE),
    },
  );
  await scheduler.platform.clock.advance(25 * MINUTE);
  const due = (minutes: number): string =>
    `${new Date(startMs + minutes * MINUTE).toISOString().slice(0, 19)}Z`;
  assert.deepEqual((await scheduler.bodies(atOnce)).sort(), [due(0), due(10), due(20)]);
  await scheduler.platform.clock.advance(2 * HOUR);
  const dates = (await scheduler.bodies(dated)).map((text) => Date.parse(text) - startMs);
  // Dates come over the wire in whole seconds.
  assert.deepEqual(
    dates.sort((a, b) => a - b).map((ms) => Math.round(ms / MINUTE)),
    [60, 70],
  );
});

test('cron follows the clock of its time zone over the change of summer time', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('berlin');
  const year = new Date(scheduler.nowMs).getUTCFullYear() + 1;
  const Input = '<aws.scheduler.scheduled-time>';
  await scheduler.schedule(
    'berlin',
    `cron(0 12 28-31 3 ? ${year})`,
    { Arn: queue, Input },
    {
      ScheduleExpressionTimezone: 'Europe/Berlin',
    },
  );
  await scheduler.platform.clock.advance(Date.UTC(year, 3, 1) - scheduler.nowMs);
  // In the last week of March the clock goes forward on a Sunday.
  const change = 31 - new Date(Date.UTC(year, 2, 31)).getUTCDay();
  const expected = [28, 29, 30, 31].map((day) => `${year}-03-${day}T${day < change ? 11 : 10}:00:00Z`);
  assert.deepEqual((await scheduler.bodies(queue)).sort(), expected);
});

test('a flexible window puts the invocation off, not the scheduled time', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('flexible');
  const Input = '<aws.scheduler.scheduled-time>';
  const sent: number[] = [];
  const base = scheduler.nowMs;
  for (let index = 0; index < 8; index += 1)
    await scheduler.schedule(
      `flexible-${index}`,
      scheduler.atIn(MINUTE),
      { Arn: queue, Input },
      {
        FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
      },
    );
  await scheduler.platform.clock.advance(62 * MINUTE);
  const messages = await scheduler.arrived(queue);
  for (const { Attributes } of messages) sent.push(Number(Attributes!['SentTimestamp']) - base);
  assert.equal(messages.length, 8);
  assert.equal(new Set(messages.map(({ Body }) => Body)).size, 1, 'one scheduled time');
  assert.ok(new Set(sent).size > 1, 'and different moments of the window');
  assert.ok(Math.min(...sent) >= 59_000 && Math.max(...sent) < 61 * MINUTE);
});

test('a disabled schedule is not due, and one that is enabled again goes on from then', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('paused');
  const expression = 'rate(1 hour)';
  const name = await scheduler.schedule(
    'paused',
    expression,
    { Arn: queue, Input: 'x' },
    { State: 'DISABLED' },
  );
  await scheduler.platform.clock.advance(3 * HOUR);
  assert.deepEqual(await scheduler.bodies(queue), []);
  await scheduler.client.send(
    new UpdateScheduleCommand({
      Name: name,
      ScheduleExpression: expression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: queue, RoleArn: ROLE, Input: 'y' },
    }),
  );
  await scheduler.platform.clock.advance(90 * MINUTE);
  assert.deepEqual(await scheduler.bodies(queue), ['y', 'y']);
});

test('a schedule is deleted once it is completed, where it says so', async (context) => {
  const scheduler = await SchedulerTester.start(context);
  const queue = await scheduler.queue('gone');
  const more = { ActionAfterCompletion: 'DELETE' } as const;
  const name = await scheduler.schedule('gone', scheduler.atIn(MINUTE), { Arn: queue, Input: 'x' }, more);
  await scheduler.platform.clock.advance(2 * MINUTE);
  assert.deepEqual(await scheduler.bodies(queue), ['x']);
  await assert.rejects(scheduler.get(name), {
    name: 'ResourceNotFoundException',
    message: `Schedule ${name} does not exist.`,
  });
});
