/** What becomes of deliveries that fail, and of a server that stops in the middle. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import { address, NOW_MS, openTestLogs, requestContext } from './opened-logs.ts';
import { decoded, ROLE } from './subscription-tester.ts';

const caller = requestContext();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Logs whose group `g` is subscribed by a stream, which takes what `answer` lets it. */
async function openSubscribed(context: TestContext) {
  const taken: string[] = [];
  const answer: { error?: Error | undefined } = {};
  const logs = await openTestLogs(context, {
    deliver: () => assert.fail('nothing is delivered to functions'),
    async call(_caller, _service, operation, input) {
      assert.equal(operation, 'PutRecord');
      if (answer.error) throw answer.error;
      const { logEvents } = decoded((input as { Data: Uint8Array }).Data);
      taken.push(logEvents.map(({ message }) => message).join());
    },
  });
  await logs.operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  await logs.operations.CreateLogStream({ logGroupName: 'g', logStreamName: 's' }, caller);
  logs.resume();
  const filter = {
    logGroupName: 'g',
    filterName: 'f',
    filterPattern: '',
    destinationArn: 'arn:aws:kinesis:eu-west-1:111111111111:stream/k',
    roleArn: ROLE,
  };
  await logs.operations.PutSubscriptionFilter(filter, caller);
  taken.length = 0;
  const put = async (message: string, { operations } = logs) => {
    const logEvents = [{ timestamp: NOW_MS, message }];
    await operations.PutLogEvents({ logGroupName: 'g', logStreamName: 's', logEvents }, caller);
    await logs.clock.advance(0);
  };
  return { ...logs, taken, answer, put };
}

const throttled = new AwsError('ProvisionedThroughputExceededException', 'Slow down.');
const refused = new AwsError('AccessDeniedException', 'No.');

test('throttled deliveries are tried again, in order, and nothing is lost', async (context) => {
  const { put, taken, answer, clock } = await openSubscribed(context);
  answer.error = throttled;
  await put('a');
  await clock.advance(23 * HOUR_MS);
  await put('b');
  answer.error = undefined;
  await clock.advance(5 * MINUTE_MS);
  assert.deepEqual(taken, ['a', 'b']);
});

test('after 24 hours a delivery is given up, and the next one begins', async (context) => {
  const { put, taken, answer, clock, log } = await openSubscribed(context);
  answer.error = throttled;
  await put('a');
  await put('b');
  await clock.advance(24 * HOUR_MS + 5 * MINUTE_MS);
  answer.error = undefined;
  await clock.advance(5 * MINUTE_MS);
  assert.deepEqual(taken, ['b']);
  assert.match(log.warnings.join(), /could not be delivered for 24 hours/);
});

test('a destination that refuses misses what comes within ten minutes', async (context) => {
  const { put, taken, answer, clock } = await openSubscribed(context);
  answer.error = refused;
  await put('a');
  answer.error = undefined;
  await clock.advance(9 * MINUTE_MS);
  await put('b');
  assert.deepEqual(taken, []);
  await clock.advance(MINUTE_MS);
  await put('c');
  assert.deepEqual(taken, ['c']);
});

test('the next start goes on where the last has come to', async (context) => {
  const logs = await openSubscribed(context);
  await logs.put('a');
  logs.answer.error = throttled;
  await logs.put('b');
  await logs.put('c');
  await logs.close();
  logs.answer.error = undefined;
  const reopened = await logs.reopen();
  reopened.resume();
  await logs.clock.advance(0);
  assert.deepEqual(logs.taken, ['a', 'b,c']);
});

test('what environments write is delivered once it is stored', async (context) => {
  const { sink, taken, clock } = await openSubscribed(context);
  sink.append(address('g', 'e'), [{ timestampMs: NOW_MS, message: 'from within' }]);
  await sink.flush();
  await clock.advance(0);
  assert.deepEqual(taken, ['from within']);
});

test('what does not fit into one message comes in several', async (context) => {
  const { put, sink, taken, clock } = await openSubscribed(context);
  const incompressible = () =>
    Array.from({ length: 50_000 }, () => Math.random().toString(36).slice(2, 12)).join('');
  const messages = [incompressible(), incompressible(), incompressible()];
  sink.append(
    address('g', 'e'),
    messages.map((message) => ({ timestampMs: NOW_MS, message })),
  );
  await sink.flush();
  await clock.advance(0);
  // Not `equal`, which would print them.
  assert.ok(taken.join() === messages.join());
  assert.ok(taken.length > 1);
  taken.length = 0;
  await put('small');
  assert.deepEqual(taken, ['small']);
});
