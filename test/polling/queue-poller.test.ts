import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { AwsError } from '../../src/core/errors.ts';
import { ServiceClock } from '../../src/platform/service-clock.ts';
import type { QueuePollerDependencies, QueuePolling } from '../../src/polling/queue-poller.ts';
import { QueuePoller } from '../../src/polling/queue-poller.ts';
import type { EventSource } from '../../src/ports/event-source.ts';
import { RecordedLog } from '../storage/recorded-log.ts';

const RECORD = { handle: 'h', itemId: 'i', record: {} };
const SOURCE: EventSource = {
  describe: async () => ({ isOrdered: false, visibilityTimeoutSeconds: 30 }),
  pull: async () => [RECORD],
  acknowledge: async () => {},
  release: async () => {},
};
const POLLING: QueuePolling = {
  sourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
  batchSize: 1,
  windowSeconds: 0,
  maximumConcurrency: 2,
  logFields: {},
};

/** What a poller needs, but for its source and what handles its batches. */
function surroundings(context: TestContext) {
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  context.after(() => clock.close());
  return { clock, log: new RecordedLog() };
}

test('a poller that has met failures stops without a rest, also while it waits for a place', async (context) => {
  const runs: PromiseWithResolvers<never>[] = [];
  const begun = new EventTarget();
  const handle = () => {
    const run = Promise.withResolvers<never>();
    if (runs.push(run) === 2) begun.dispatchEvent(new Event('both'));
    return run.promise;
  };
  const poller = new QueuePoller({ ...surroundings(context), source: SOURCE, handle }, POLLING);
  const both = once(begun, 'both');
  poller.start();
  await both;
  const refusal = new AwsError('TooManyRequestsException', 'Rate Exceeded.');
  // One failure halves the places: the other batch has the only one left, and both lanes wait.
  runs[0]!.reject(refusal);
  await new Promise(setImmediate);
  const stopped = poller.stop();
  runs[1]!.reject(refusal);
  await stopped;
  assert.equal(runs.length, 2);
});

test('two provisioned pollers handle twenty batches at once, and no more', async (context) => {
  const run = Promise.withResolvers<[]>();
  let begun = 0;
  const handle = () => {
    begun += 1;
    return run.promise;
  };
  const { maximumConcurrency: _none, ...polling } = POLLING;
  const provisionedPollers = { minimum: 2, maximum: 2 };
  const shared = surroundings(context);
  const poller = new QueuePoller({ ...shared, source: SOURCE, handle }, { ...polling, provisionedPollers });
  poller.start();
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  assert.equal(begun, 20);
  const stopped = poller.stop();
  run.resolve([]);
  await stopped;
});

test('what a source cannot store of a batch fails nothing but that, also while a batch is handled', async (context) => {
  const shared = surroundings(context);
  const run = Promise.withResolvers<never>();
  const begun = Promise.withResolvers<void>();
  const mixed = [RECORD, { ...RECORD, handle: 'filtered', record: { body: '{"wanted":false}' } }];
  const pulls = [mixed];
  const source: EventSource = {
    ...SOURCE,
    pull: async (_arn, { signal }) => {
      const next = pulls.shift();
      if (next === undefined) await once(signal, 'abort');
      return next ?? [];
    },
    acknowledge: async () => {
      throw new Error('the disk is full');
    },
  };
  const handle = () => {
    begun.resolve();
    return run.promise;
  };
  const filters = ['{"body":[{"exists":false}]}'];
  const poller = new QueuePoller({ ...shared, source, handle }, { ...POLLING, filters, batchSize: 10 });
  poller.start();
  await begun.promise;
  // The refusal has come by now; nobody would have seen to it before it has been handled.
  await new Promise(setImmediate);
  run.reject(new AwsError('TooManyRequestsException', 'Rate Exceeded.'));
  await poller.stop();
  assert.match(JSON.stringify(shared.log.warningFields), /the disk is full/);
});

test('what comes after a failure in a queue that keeps order is given back unseen', async (context) => {
  // Two of them are more than an event may hold.
  const body = 'x'.repeat(4_000_000);
  const records = ['first', 'second'].map((handle) => ({ handle, itemId: handle, record: { body } }));
  for (const isOrdered of [true, false]) {
    const pulls = [records];
    const released: string[] = [];
    const handled: string[] = [];
    const source: EventSource = {
      ...SOURCE,
      describe: async () => ({ isOrdered, visibilityTimeoutSeconds: 30 }),
      pull: async (_arn, { signal }) => {
        const next = pulls.shift();
        if (next === undefined) await once(signal, 'abort');
        return next ?? [];
      },
      release: async (_arn, handles) => void released.push(...handles),
    };
    const begun = Promise.withResolvers<void>();
    const handle: QueuePollerDependencies['handle'] = async (batch) => {
      handled.push(...batch.records.map((record) => record.handle));
      begun.resolve();
      return [];
    };
    const poller = new QueuePoller(
      { ...surroundings(context), source, handle },
      { ...POLLING, batchSize: 10 },
    );
    poller.start();
    await begun.promise;
    await poller.stop();
    const expected = isOrdered ? [['first'], ['second']] : [['first', 'second'], []];
    assert.deepEqual([handled, released], expected);
  }
});
