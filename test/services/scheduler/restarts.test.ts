import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { SchedulerTester } from './scheduler-tester.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function dataDirectory(context: { after(end: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-scheduler-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('what is due, and what is tried again, is after a restart as before', async (context) => {
  const dataDir = await dataDirectory(context);
  const first = await SchedulerTester.alone(context, { dataDir });
  const queue = await first.queue('q');
  const Input = '<aws.scheduler.scheduled-time>';
  const startMs = first.nowMs;
  await first.schedule('hourly', 'rate(1 hour)', { Arn: queue, Input });
  const missing = 'arn:aws:sqs:us-east-1:000000000000:late';
  await first.schedule('late', first.atIn(MINUTE), { Arn: missing, Input: 'late' });
  await first.platform.clock.advance(90 * MINUTE);
  await first.platform.close();

  const second = await SchedulerTester.alone(context, { dataDir });
  const late = await second.queue('late');
  await second.platform.clock.advance(2 * HOUR);
  const due = (await second.bodies(queue)).map((text) => (Date.parse(text) - startMs) / HOUR);
  assert.deepEqual(
    due.map((hours) => Math.abs(Math.round(hours))).sort(),
    [0, 1, 2, 3],
    'each due time once',
  );
  assert.deepEqual(await second.bodies(late), ['late']);
});

test('due times that passed while no server ran are made up for, but for those that are too old', async (context) => {
  const dataDir = await dataDirectory(context);
  const first = await SchedulerTester.alone(context, { dataDir });
  const [recent, aged, once] = [
    await first.queue('recent'),
    await first.queue('aged'),
    await first.queue('once'),
  ];
  const Input = '<aws.scheduler.scheduled-time>';
  const startMs = first.nowMs;
  await first.schedule('recent', 'rate(6 hours)', { Arn: recent, Input });
  const RetryPolicy = { MaximumEventAgeInSeconds: 3_600 };
  await first.schedule('aged', 'rate(30 minutes)', { Arn: aged, Input, RetryPolicy });
  await first.schedule('once', first.atIn(HOUR), { Arn: once, Input: 'late' });
  await first.platform.clock.advance(MINUTE);
  for (const queue of [recent, aged]) assert.equal((await first.bodies(queue)).length, 1, 'at once');
  await first.platform.close();
  await letTimePass(dataDir, 20 * HOUR);

  const second = await SchedulerTester.alone(context, { dataDir });
  const hours = async (queue: string): Promise<number[]> =>
    (await second.bodies(queue))
      .map((text) => Math.round(((Date.parse(text) - startMs) / HOUR) * 10) / 10)
      .sort((a, b) => a - b);
  assert.deepEqual(await hours(recent), [6, 12, 18]);
  assert.deepEqual(await hours(aged), [19.5, 20]);
  assert.deepEqual(await second.bodies(once), ['late']);
});

/** As if a server were started so much later. */
async function letTimePass(dataDir: string, ms: number): Promise<void> {
  const state = await openSqliteStateStore({ file: join(dataDir, 'records.db'), log: silent });
  const clock = await state.get<{ readonly offsetMs: number }>('platform', 'clock');
  await state.commit([{ table: 'platform', key: 'clock', value: { offsetMs: clock!.value.offsetMs + ms } }]);
  await state.close();
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
