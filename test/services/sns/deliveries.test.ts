import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import { Deliveries } from '../../../src/services/sns/deliveries.ts';
import { SigningKey } from '../../../src/services/sns/signing-key.ts';
import { Subscriptions } from '../../../src/services/sns/subscriptions.ts';
import { Topics } from '../../../src/services/sns/topics.ts';
import { openSqliteEventQueue } from '../../../src/storage/event-queue/event-queue.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { queueArn } from './sns-tester.ts';

const TOPIC = 'arn:aws:sns:us-east-1:000000000000:line.fifo';

test('a group goes on in order, where a message comes before what an earlier process has left', async (context) => {
  const directory = await scratchDirectory(context);
  const log = new RecordedLog();
  const state = await openSqliteStateStore({ file: join(directory, 'records.db'), log });
  context.after(() => state.close());
  const queue = await openSqliteEventQueue({ file: join(directory, 'events.db'), log });
  context.after(() => queue.close());
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  context.after(() => clock.close());
  const [topics, subscriptions] = [await Topics.open(state), await Subscriptions.open(state)];
  const unused = (): never => assert.fail('raw deliveries are not signed');
  const signingKey = new SigningKey({ file: { read: unused, write: unused }, clock, ids: randomIds });
  const shared = { topics, subscriptions, signingKey, queue, clock, ids: randomIds, log, origin: unused };
  const subscription = await subscriptions.save({
    arn: `${TOPIC}:s`,
    topicArn: TOPIC,
    accountId: '000000000000',
    protocol: 'sqs',
    endpoint: queueArn('line.fifo'),
    principal: 'arn:aws:iam::000000000000:root',
    attributes: { RawMessageDelivery: 'true' },
    tokenMs: 0,
    wasAuthenticated: true,
    authenticatesUnsubscribe: false,
  });
  const send = (deliveries: Deliveries, text: string) =>
    deliveries.send(subscription, {
      type: 'Notification',
      messageId: text,
      topicArn: TOPIC,
      publishedMs: clock.now(),
      attributes: {},
      signatureVersion: '1',
      groupId: 'g',
      deduplicationId: text,
      sequenceNumber: text,
      text,
    });

  const earlier = new Deliveries({
    ...shared,
    deliver: async () => {
      throw new Error('not now');
    },
  });
  await earlier.resume();
  await send(earlier, 'first');
  await clock.advance(0);
  await earlier.close();

  const arrived: string[] = [];
  const deliveries = new Deliveries({
    ...shared,
    deliver: async (_arn, { body }) => void arrived.push(body),
  });
  await send(deliveries, 'second');
  await deliveries.resume();
  await send(deliveries, 'third');
  await clock.advance(0);
  assert.deepEqual(arrived, ['first', 'second', 'third']);
  assert.deepEqual(await queue.waiting(), []);

  await deliveries.close();
  await send(deliveries, 'fourth');
  await clock.advance(0);
  assert.equal(arrived.length, 3, 'what comes after the end is for the next process');
  assert.equal((await queue.waiting()).length, 1);
});
