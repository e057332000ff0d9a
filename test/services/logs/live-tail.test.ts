import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogGroupRecord } from '../../../src/services/logs/groups.ts';
import { LiveTail } from '../../../src/services/logs/live-tail.ts';
import { ACCOUNT, address, NOW_MS, openTestLogs, REGION, requestContext } from './opened-logs.ts';

const GROUP = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:g`;

test('a live tail begins with its session, sends what matches, and ends with its client', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  const client = new AbortController();
  const caller = requestContext(client.signal);
  await operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  const input = { logGroupIdentifiers: [GROUP], logStreamNamePrefixes: ['a'], logEventFilterPattern: 'yes' };
  const { responseStream } = await operations.StartLiveTail(input, caller);
  const stream = responseStream![Symbol.asyncIterator]();
  const { sessionId, requestId, ...session } = (await stream.next()).value.sessionStart;
  assert.match(sessionId, /^[0-9a-f-]{36}$/);
  assert.equal(requestId, caller.requestId);
  assert.deepEqual(session, {
    logGroupIdentifiers: [GROUP],
    logStreamNames: [],
    logStreamNamePrefixes: ['a'],
    logEventFilterPattern: 'yes',
  });
  const event = (message: string) => [{ timestampMs: NOW_MS, message }];
  sink.append(address('g', 'ab'), event('yes, this'));
  sink.append(address('g', 'ab'), event('not this'));
  sink.append(address('g', 'b'), event('yes, but another stream'));
  sink.append(address('other', 'a'), event('yes, but another group'));
  assert.deepEqual((await stream.next()).value.sessionUpdate, {
    sessionMetadata: { sampled: false },
    sessionResults: [
      {
        logStreamName: 'ab',
        logGroupIdentifier: `${ACCOUNT}:g`,
        message: 'yes, this',
        timestamp: NOW_MS,
        ingestionTime: NOW_MS,
      },
    ],
  });
  const waiting = stream.next();
  client.abort();
  assert.deepEqual(await waiting, { value: undefined, done: true });
});

test('a live tail of more than 500 events a second is a sample', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  const client = new AbortController();
  const caller = requestContext(client.signal);
  context.after(() => client.abort());
  await operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  const { responseStream } = await operations.StartLiveTail({ logGroupIdentifiers: [GROUP] }, caller);
  const stream = responseStream![Symbol.asyncIterator]();
  await stream.next();
  const events = Array.from({ length: 1_200 }, (_, index) => ({
    timestampMs: NOW_MS,
    message: String(index),
  }));
  sink.append(address('g', 's'), events);
  const { sessionMetadata, sessionResults } = (await stream.next()).value.sessionUpdate;
  assert.equal(sessionMetadata.sampled, true);
  assert.equal(sessionResults.length, 500);
  assert.ok(Number(sessionResults.at(-1).message) > 1_190);
});

test('a live tail of a group that does not exist is refused', async (context) => {
  const { operations } = await openTestLogs(context);
  await assert.rejects(operations.StartLiveTail({ logGroupIdentifiers: [GROUP] }, requestContext()), {
    code: 'ResourceNotFoundException',
  });
});

test('a live tail whose client does not read holds the latest events, within bounds', () => {
  const tail = new LiveTail();
  const session = tail.open({ groupIds: new Set(['id']), wantsStream: () => true, matches: () => true });
  const group = { id: 'id', accountId: ACCOUNT, name: 'g' } as LogGroupRecord;
  const offer = (message: string) => tail.publish(group, 's', [{ timestampMs: NOW_MS, message }], NOW_MS);
  for (let count = 0; count < 100_000; count += 1) offer(String(count));
  const many = session.take();
  assert.equal(many.sampled, true);
  assert.equal(many.events.length, 500);
  assert.ok(Number(many.events[0]!.message) >= 90_000, 'the oldest are forgotten');
  const large = 'x'.repeat(1024 * 1024);
  for (let count = 0; count < 100; count += 1) offer(large);
  const few = session.take();
  assert.equal(few.sampled, true);
  assert.equal(few.events.length, 16, 'characters are bounded too');
  offer('one');
  const { sampled, events } = session.take();
  assert.equal(sampled, false);
  assert.deepEqual(
    events.map(({ message }) => message),
    ['one'],
  );
  tail.close(session);
  offer('nobody listens');
  assert.equal(session.take().events.length, 0);
});

test('live tails end when the server does', async (context) => {
  const { operations, endLiveTails } = await openTestLogs(context);
  const caller = requestContext();
  await operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  const { responseStream } = await operations.StartLiveTail({ logGroupIdentifiers: [GROUP] }, caller);
  const stream = responseStream![Symbol.asyncIterator]();
  await stream.next();
  const waiting = stream.next();
  endLiveTails();
  assert.deepEqual(await waiting, { value: undefined, done: true });
});
