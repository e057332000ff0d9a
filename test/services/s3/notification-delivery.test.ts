import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { ObjectTable } from '../../../src/ports/object-table.ts';
import { NotificationDelivery } from '../../../src/services/s3/notification-delivery.ts';
import { openSqliteObjectTable } from '../../../src/storage/objects/object-table.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const TARGET = JSON.stringify({ arn: 'queue', bucketArn: 'bucket', accountId: '000000000000' });

interface Opened {
  readonly delivery: NotificationDelivery;
  readonly clock: ServiceClock;
  /** Bodies that have arrived. */
  readonly arrived: string[];
  keep(body: string): Promise<void>;
}

/** `between` stands between the delivery and its table. */
async function opened(
  context: TestContext,
  between: (objects: ObjectTable) => Partial<ObjectTable> = () => ({}),
): Promise<Opened> {
  const file = join(await scratchDirectory(context), 'o.db');
  const objects = await openSqliteObjectTable({ file, log });
  await objects.putBucket({ name: 'b', record: '{}' });
  const clock = new ServiceClock({
    offsetMs: 0,
    saveOffset: async () => {},
    onTaskError: assert.ifError,
    frozen: true,
  });
  const arrived: string[] = [];
  const delivery = new NotificationDelivery({
    objects: { ...objects, ...between(objects) },
    deliver: async (_arn, { body }) => void arrived.push(body),
    clock,
    log,
  });
  context.after(async () => {
    await delivery.close();
    clock.close();
    await objects.close();
  });
  let sequence = 0;
  const keep = async (body: string): Promise<void> => {
    sequence += 1;
    const version = {
      ...{ bucket: 'b', key: body, versionId: 'null', sequence, isDeleteMarker: false, modifiedMs: 0 },
      ...{ etag: '', sizeBytes: 0, attributes: '{}', settings: '{}', content: Buffer.alloc(0) },
    };
    const notifications = [{ target: TARGET, body, dueMs: clock.now() }];
    await objects.put({ version, notifications });
  };
  return { delivery, clock, arrived, keep };
}

test('what is kept while the last look ends is delivered', async (context) => {
  // As many turns as an answer of the table may take to whoever has asked.
  for (let turns = 0; turns < 8; turns += 1) {
    let asked: Promise<void> | undefined;
    const { delivery, clock, arrived, keep } = await opened(context, (objects) => ({
      nextNotificationMs: async () => {
        const next = await objects.nextNotificationMs();
        if (asked !== undefined) return next;
        await keep('late');
        asked = afterTurns(turns, () => delivery.begin());
        return next;
      },
    }));
    await keep('early');
    delivery.begin();
    await clock.advance(0);
    await asked;
    await clock.advance(0);
    assert.deepEqual(arrived, ['early', 'late'], `after ${turns} turns`);
  }
});

async function afterTurns(turns: number, task: () => void): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await undefined;
  task();
}

test('a table that cannot be read for a while is asked again', async (context) => {
  let failures = 1;
  const { delivery, clock, arrived, keep } = await opened(context, (objects) => ({
    notifications: async (untilMs, limit) => {
      failures -= 1;
      if (failures >= 0) throw new Error('the disk failed');
      return objects.notifications(untilMs, limit);
    },
  }));
  await keep('event');
  delivery.begin();
  await clock.advance(0);
  assert.deepEqual(arrived, []);
  await clock.advance(15 * 60 * 1_000);
  assert.deepEqual(arrived, ['event']);
});
