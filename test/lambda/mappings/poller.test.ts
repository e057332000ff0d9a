import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import { Poller } from '../../../src/lambda/mappings/poller.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';

test('a poller that has met failures stops without a rest, also while it waits for a place', async (context) => {
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  context.after(() => clock.close());
  const runs: PromiseWithResolvers<never>[] = [];
  const begun = new EventTarget();
  const poller = new Poller(
    {
      clock,
      ids: randomIds,
      log: new RecordedLog(),
      source: {
        describe: () => ({ isOrdered: false, visibilityTimeoutSeconds: 30 }),
        pull: async () => [{ handle: 'h', itemId: 'i', record: {} }],
        acknowledge: async () => {},
        release: async () => {},
      },
      invoker: {
        run: () => {
          const run = Promise.withResolvers<never>();
          if (runs.push(run) === 2) begun.dispatchEvent(new Event('both'));
          return run.promise;
        },
      },
    },
    {
      uuid: 'u',
      accountId: '000000000000',
      region: 'us-east-1',
      functionName: 'f',
      eventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
      enabled: true,
      batchSize: 1,
      windowSeconds: 0,
      reportsItemFailures: false,
      maximumConcurrency: 2,
      tags: {},
      lastModifiedMs: 0,
    },
  );
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
