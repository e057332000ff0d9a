/** A disk that refuses for a while: nothing that is due is lost, and nothing is done that is not stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreateScheduleCommandInput } from '@aws-sdk/client-scheduler';
import type { RequestContext } from '../../../src/ports/service.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { openScheduler } from '../../../src/services/scheduler/scheduler.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { MemoryState } from '../../polling/memory-state.ts';
import { SettableClock } from '../settable-clock.ts';

const NOW_MS = Date.parse('2026-11-24T16:00:00Z');
const MINUTE = 60_000;
const CALLER = { accountId: '000000000000', region: 'us-east-1' } as RequestContext;

const schedule = (Name: string, ScheduleExpression: string): CreateScheduleCommandInput => ({
  Name,
  ScheduleExpression,
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: 'arn:aws:sqs:us-east-1:000000000000:q',
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    Input: '<aws.scheduler.scheduled-time>',
  },
});

async function opened() {
  const memory = new MemoryState();
  const disk = { refuses: false };
  const state: StateStore = {
    get: (table, key) => memory.get(table, key),
    list: (table, range) => memory.list(table, range),
    commit: async (writes) => {
      if (disk.refuses) throw new Error('the disk is full');
      return memory.commit(writes);
    },
  };
  const clock = new SettableClock(NOW_MS);
  const random = new SeededRandom();
  const sent: string[] = [];
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const scheduler = await openScheduler({
    state,
    clock,
    ids: { uuid: () => 'id', hex: () => String(random.next()), random: () => 0 },
    log: { debug: note, info: note, warn: note, error: note },
    isCallable: () => true,
    callAs: async (_caller, _service, _operation, input) => {
      sent.push((input as { MessageBody: string }).MessageBody);
    },
  });
  scheduler.begin();
  return { ...scheduler.service.operations, disk, clock, sent, logged };
}

test('a schedule that cannot be stored is not there', async () => {
  const { disk, clock, sent, CreateSchedule, GetSchedule } = await opened();
  disk.refuses = true;
  const once = schedule('once', 'at(2026-11-24T16:01:00)');
  const request = { ...once, ClientToken: 'token' };
  await assert.rejects(CreateSchedule!(request, CALLER), /the disk is full/);
  await assert.rejects(GetSchedule!({ Name: 'once' }, CALLER), { name: 'ResourceNotFoundException' });
  disk.refuses = false;
  await clock.advance(30_000);
  await CreateSchedule!(request, CALLER);
  await clock.advance(MINUTE);
  assert.deepEqual(sent, ['2026-11-24T16:01:00Z']);
});

test('a due time that cannot be stored is met once it can be', async () => {
  const { disk, clock, sent, logged, CreateSchedule } = await opened();
  await CreateSchedule!(schedule('minutely', 'cron(* * * * ? *)'), CALLER);
  await clock.advance(MINUTE);
  assert.equal(sent.length, 2, 'at 16:00 and 16:01');
  disk.refuses = true;
  await clock.advance(2 * MINUTE);
  assert.equal(sent.length, 2, 'nothing is done that is not stored');
  assert.ok(logged.includes('A due time of a schedule could not be stored.'));
  disk.refuses = false;
  await clock.advance(30_000);
  assert.deepEqual(sent.slice(2), ['2026-11-24T16:02:00Z', '2026-11-24T16:03:00Z']);
});
