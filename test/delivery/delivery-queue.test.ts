import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Outcome } from '../../src/delivery/delivery-queue.ts';
import { DeliveryQueue } from '../../src/delivery/delivery-queue.ts';
import { ServiceClock } from '../../src/platform/service-clock.ts';
import type { EventQueue, QueuedEvent } from '../../src/ports/event-queue.ts';
import { openSqliteEventQueue } from '../../src/storage/event-queue/event-queue.ts';
import { RecordedLog } from '../storage/recorded-log.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

interface Tester {
  readonly clock: ServiceClock;
  /** Refuses as many removals as this says. */
  readonly disk: { refusals: number };
  readonly queue: EventQueue;
  /** Texts, in the order of their attempts. */
  readonly attempts: string[];
  /** A queue whose attempts end so; `done` where nothing is said. */
  deliveries(isOrdered: boolean, outcome?: (event: QueuedEvent) => Promise<Outcome>): DeliveryQueue;
  send(deliveries: DeliveryQueue, text: string): Promise<void>;
}

async function tester(context: TestContext): Promise<Tester> {
  const log = new RecordedLog();
  const stored = await openSqliteEventQueue({
    file: join(await scratchDirectory(context), 'events.db'),
    log,
  });
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  const disk = { refusals: 0 };
  const queue: EventQueue = {
    ...stored,
    async remove(name, position) {
      if (disk.refusals > 0) {
        disk.refusals -= 1;
        throw new Error('the disk is full');
      }
      await stored.remove(name, position);
    },
  };
  const attempts: string[] = [];
  const open: DeliveryQueue[] = [];
  context.after(async () => {
    for (const one of open) await one.close();
    clock.close();
    await stored.close();
  });
  return {
    clock,
    disk,
    queue,
    attempts,
    deliveries(isOrdered, outcome = async () => ({ end: 'done' })) {
      const made = new DeliveryQueue('q', isOrdered, {
        clock,
        queue,
        log,
        async attempt(event) {
          attempts.push(Buffer.from(event.payload).toString());
          return outcome(event);
        },
        idle: () => {},
      });
      open.push(made);
      return made;
    },
    async send(deliveries, text) {
      const event = {
        queue: 'q',
        dueMs: deliveries.nextDueMs(),
        attributes: '{}',
        payload: Buffer.from(text),
      };
      const id = await queue.append(event);
      deliveries.accept({ ...event, id, note: '' });
    },
  };
}

test('a disk that refuses what became of deliveries is asked again, and their receiver is not', async (context) => {
  const { clock, disk, queue, attempts, ...kit } = await tester(context);
  const deliveries = kit.deliveries(false);
  // More than may be under way at once: those that are not stored must not be in the way of others for good.
  const texts = Array.from({ length: 30 }, (_, index) => `m${index}`);
  disk.refusals = texts.length;
  for (const text of texts) await kit.send(deliveries, text);
  await clock.advance(0);
  assert.equal(attempts.length, 20);
  await clock.advance(5 * SECOND_MS);
  assert.deepEqual(attempts, texts, 'each once');
  assert.deepEqual(await queue.waiting(), []);
});

for (const isOrdered of [false, true])
  test(`a delivery that fails by a fault does not stop ${isOrdered ? 'its group for good' : 'others'}`, async (context) => {
    const { clock, queue, attempts, ...kit } = await tester(context);
    let isFaulty = true;
    const deliveries = kit.deliveries(isOrdered, async ({ payload }) => {
      if (isFaulty && Buffer.from(payload).toString() === 'first') throw new TypeError('a fault');
      return { end: 'done' };
    });
    await kit.send(deliveries, 'first');
    await kit.send(deliveries, 'second');
    await clock.advance(0);
    assert.deepEqual(attempts, isOrdered ? ['first'] : ['first', 'second']);
    isFaulty = false;
    await clock.advance(MINUTE_MS);
    assert.deepEqual(attempts, isOrdered ? ['first', 'first', 'second'] : ['first', 'second', 'first']);
    assert.deepEqual(await queue.waiting(), []);
  });
