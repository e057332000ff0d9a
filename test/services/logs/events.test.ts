import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, NOW_MS, openTestLogs, requestContext } from './opened-logs.ts';

const caller = requestContext();
const HOUR_MS = 3_600_000;
const TARGET = { logGroupName: 'g', logStreamName: 's' };

async function openWithStream(context: Parameters<typeof openTestLogs>[0]) {
  const logs = await openTestLogs(context);
  await logs.operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  await logs.operations.CreateLogStream(TARGET, caller);
  const put = (...events: readonly (readonly [timestamp: number, message: string])[]) =>
    logs.operations.PutLogEvents(
      { ...TARGET, logEvents: events.map(([timestamp, message]) => ({ timestamp, message })) },
      caller,
    );
  const messages = async (input: object = {}) =>
    (await logs.operations.GetLogEvents({ ...TARGET, ...input }, caller)).events!.map(
      (event) => event.message,
    );
  return { ...logs, put, messages };
}

test('events put are got with their times', async (context) => {
  const { operations, put } = await openWithStream(context);
  const answer = await put([NOW_MS - 5, 'first'], [NOW_MS, 'second ✓']);
  assert.match(answer.nextSequenceToken!, /^\d{56}$/);
  assert.equal(answer.rejectedLogEventsInfo, undefined);
  const { events } = await operations.GetLogEvents(TARGET, caller);
  assert.deepEqual(events, [
    { timestamp: NOW_MS - 5, message: 'first', ingestionTime: NOW_MS },
    { timestamp: NOW_MS, message: 'second ✓', ingestionTime: NOW_MS },
  ]);
});

test('a missing group or stream is named as AWS names it', async (context) => {
  const { operations, put } = await openWithStream(context);
  const group = { code: 'ResourceNotFoundException', message: 'The specified log group does not exist.' };
  const stream = { code: 'ResourceNotFoundException', message: 'The specified log stream does not exist.' };
  const logEvents = [{ timestamp: NOW_MS, message: 'x' }];
  await assert.rejects(operations.PutLogEvents({ ...TARGET, logGroupName: 'no', logEvents }, caller), group);
  await assert.rejects(
    operations.PutLogEvents({ ...TARGET, logStreamName: 'no', logEvents }, caller),
    stream,
  );
  await assert.rejects(operations.GetLogEvents({ ...TARGET, logStreamName: 'no' }, caller), stream);
  await assert.rejects(operations.FilterLogEvents({ logGroupName: 'no' }, caller), group);
  await operations.DeleteLogStream(TARGET, caller);
  await assert.rejects(operations.DeleteLogStream(TARGET, caller), stream);
  await assert.rejects(put([NOW_MS, 'x']), stream);
});

test('events too old or too new are left out and counted', async (context) => {
  const { operations, put, messages } = await openWithStream(context);
  const day = 24 * HOUR_MS;
  const answer = await put(
    [NOW_MS - 15 * day, 'too old'],
    [NOW_MS - 14 * day - 1, 'just too old'],
    [NOW_MS, 'fine'],
    [NOW_MS + 2 * HOUR_MS, 'just fine'],
    [NOW_MS + 2 * HOUR_MS + 1, 'too new'],
  );
  assert.deepEqual(answer.rejectedLogEventsInfo, { tooOldLogEventEndIndex: 2, tooNewLogEventStartIndex: 4 });
  assert.deepEqual(await messages(), ['fine', 'just fine']);
  await operations.PutRetentionPolicy({ logGroupName: 'g', retentionInDays: 1 }, caller);
  const second = await put([NOW_MS - 2 * day, 'expired']);
  assert.deepEqual(second.rejectedLogEventsInfo, { expiredLogEventEndIndex: 1 });
});

test('a batch out of order, too long in time, or too large is refused whole', async (context) => {
  const { put, messages } = await openWithStream(context);
  await assert.rejects(put([NOW_MS, 'a'], [NOW_MS - 1, 'b']), {
    code: 'InvalidParameterException',
    message: 'Log events in a single PutLogEvents request must be in chronological order.',
  });
  await assert.rejects(put([NOW_MS - 24 * HOUR_MS - 1, 'a'], [NOW_MS, 'b']), {
    message: 'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
  });
  const half = 'é'.repeat(262_144 - 13);
  await put([NOW_MS, half], [NOW_MS, half]);
  await assert.rejects(put([NOW_MS, half], [NOW_MS, `${half}x`]), {
    message: 'Upload too large: 1048577 bytes exceeds limit of 1048576',
  });
  assert.equal((await messages()).length, 2);
});

test('GetLogEvents gives the newest page unless asked for the head, always in ascending order', async (context) => {
  const { put, messages } = await openWithStream(context);
  await put([NOW_MS, '1'], [NOW_MS + 1, '2'], [NOW_MS + 2, '3']);
  assert.deepEqual(await messages({ limit: 2 }), ['2', '3']);
  assert.deepEqual(await messages({ limit: 2, startFromHead: true }), ['1', '2']);
  assert.deepEqual(await messages({ startTime: NOW_MS + 1, endTime: NOW_MS + 2 }), ['2']);
});

test('tokens of GetLogEvents walk both ways and stand still at the ends', async (context) => {
  const { operations, put } = await openWithStream(context);
  await put([NOW_MS, '1'], [NOW_MS, '2'], [NOW_MS + 1, '3'], [NOW_MS + 2, '4'], [NOW_MS + 3, '5']);
  const page = async (nextToken: string | undefined) => {
    const answer = await operations.GetLogEvents(
      { ...TARGET, limit: 2, startFromHead: true, nextToken },
      caller,
    );
    const text = answer.events!.map((event) => event.message).join('');
    return { text, forward: answer.nextForwardToken!, backward: answer.nextBackwardToken! };
  };
  const first = await page(undefined);
  const second = await page(first.forward);
  const third = await page(second.forward);
  const end = await page(third.forward);
  assert.deepEqual([first.text, second.text, third.text, end.text], ['12', '34', '5', '']);
  assert.match(first.forward, /^f\/\d{56}/);
  assert.equal(end.forward, third.forward);
  assert.equal((await page(end.forward)).forward, third.forward);
  assert.equal((await page(third.backward)).text, '34');
  assert.equal((await page(end.backward)).text, '45');
  const start = await page(first.backward);
  assert.deepEqual([start.text, start.backward], ['', first.backward]);
  assert.equal((await page(start.forward)).text, '12');
  await put([NOW_MS + 9, 'later']);
  assert.equal((await page(end.forward)).text, 'later');
  await assert.rejects(page('x'), {
    code: 'InvalidParameterException',
    message: 'The specified nextToken is invalid.',
  });
});

test('tokens from an empty stream find what comes later', async (context) => {
  const { operations, put } = await openWithStream(context);
  const empty = await operations.GetLogEvents(TARGET, caller);
  await put([NOW_MS, 'first']);
  const next = await operations.GetLogEvents({ ...TARGET, nextToken: empty.nextForwardToken }, caller);
  assert.deepEqual(
    next.events!.map((event) => event.message),
    ['first'],
  );
});

test('FilterLogEvents searches all streams in time order, with ids that tell events apart', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  const event = (offset: number, message: string) => ({ timestampMs: NOW_MS + offset, message });
  sink.append(address('g', 'a/1'), [event(0, 'ERROR one'), event(4, 'fine')]);
  sink.append(address('g', 'a/2'), [event(2, 'ERROR two'), event(2, 'ERROR three')]);
  sink.append(address('g', 'b'), [event(1, 'ERROR b')]);
  const filter = (input: object) => operations.FilterLogEvents({ logGroupName: 'g', ...input }, caller);
  const found = async (input: object) => (await filter(input)).events!.map((one) => one.message);
  const all = await filter({ filterPattern: 'ERROR', interleaved: true });
  assert.deepEqual(all.searchedLogStreams, []);
  assert.equal(all.nextToken, undefined);
  assert.deepEqual(
    all.events!.map((one) => [one.logStreamName, one.message]),
    [
      ['a/1', 'ERROR one'],
      ['b', 'ERROR b'],
      ['a/2', 'ERROR two'],
      ['a/2', 'ERROR three'],
    ],
  );
  assert.equal(new Set(all.events!.map((one) => one.eventId)).size, 4);
  assert.deepEqual(await found({ logStreamNamePrefix: 'a/', filterPattern: 'ERROR' }), [
    'ERROR one',
    'ERROR two',
    'ERROR three',
  ]);
  assert.deepEqual(await found({ logStreamNames: ['b'] }), ['ERROR b']);
  assert.deepEqual(await found({ startTime: NOW_MS + 1, endTime: NOW_MS + 2, filterPattern: '-b' }), [
    'ERROR two',
    'ERROR three',
  ]);
  assert.deepEqual(await found({ startFromHead: false, startTime: NOW_MS, limit: 2 }), [
    'fine',
    'ERROR three',
  ]);
  await assert.rejects(found({ logStreamNames: ['b'], logStreamNamePrefix: 'a' }), {
    code: 'InvalidParameterException',
  });
  await assert.rejects(found({ filterPattern: '{ $.x' }), { code: 'InvalidParameterException' });
});

test('FilterLogEvents pages by limit through every match once', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  const events = Array.from({ length: 5_000 }, (_, index) => ({
    timestampMs: NOW_MS + Math.floor(index / 10),
    message: `${index} ${index % 3 === 0 ? 'fizz' : ''}`,
  }));
  sink.append(address('g', 's'), events);
  const found: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const input = { logGroupName: 'g', filterPattern: 'fizz', limit: 700, nextToken };
    const page = await operations.FilterLogEvents(input, caller);
    assert.ok(page.events!.length <= 700);
    found.push(...page.events!.map((event) => event.message));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(
    found,
    events.map((event) => event.message).filter((message) => message.endsWith('fizz')),
  );
});
