import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import { Deliveries } from '../../../src/services/events/deliveries.ts';
import type { BridgeEvent } from '../../../src/services/events/event.ts';
import { openSqliteEventQueue } from '../../../src/storage/event-queue/event-queue.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

test('an event that is accepted once deliveries are closed waits for the next start', async (context) => {
  const log = new RecordedLog();
  const queue = await openSqliteEventQueue({ file: join(await scratchDirectory(context), 'events.db'), log });
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  context.after(async () => {
    clock.close();
    await queue.close();
  });
  const arrived: string[] = [];
  const open = () =>
    new Deliveries({
      queue,
      clock,
      log,
      deliver: async () => {},
      targets: {
        placeMs: (_target, nowMs) => nowMs,
        deliver: async ({ event }) => void arrived.push(event.id),
      },
    });
  const bus = { accountId: '000000000000', region: 'us-east-1', name: 'default' };
  const target = { Id: 't', Arn: 'arn:aws:sqs:us-east-1:000000000000:q' };
  const rule = { bus, name: 'r', state: 'ENABLED', targets: [target] } as const;
  const event = { id: 'late' } as BridgeEvent;

  const first = open();
  await first.resume();
  await first.close();
  await first.send(rule, target, event);
  await clock.advance(0);
  assert.deepEqual(arrived, []);

  const second = open();
  await second.resume();
  await clock.advance(0);
  assert.deepEqual(arrived, ['late']);
  await second.close();
});
