import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, address, NOW_MS, openTestLogs, REGION, requestContext } from './opened-logs.ts';

const caller = requestContext();
const ARN = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:`;

test('a log group is described as AWS describes it', async (context) => {
  const { operations } = await openTestLogs(context);
  await operations.CreateLogGroup({ logGroupName: '/aws/lambda/f' }, caller);
  assert.deepEqual(await operations.DescribeLogGroups({}, caller), {
    logGroups: [
      {
        logGroupName: '/aws/lambda/f',
        creationTime: NOW_MS,
        metricFilterCount: 0,
        arn: `${ARN}/aws/lambda/f:*`,
        storedBytes: 0,
        logGroupClass: 'STANDARD',
        logGroupArn: `${ARN}/aws/lambda/f`,
        deletionProtectionEnabled: false,
      },
    ],
  });
});

test('a log group exists once, per region', async (context) => {
  const { operations } = await openTestLogs(context);
  const again = () => operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  const outcomes = await Promise.allSettled([again(), again(), again()]);
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
  await assert.rejects(again(), {
    code: 'ResourceAlreadyExistsException',
    message: 'The specified log group already exists',
  });
  await operations.CreateLogGroup({ logGroupName: 'g' }, { ...caller, region: 'us-east-1' });
});

test('log groups are found by prefix, by part of the name, and in pages', async (context) => {
  const { operations } = await openTestLogs(context);
  const all = ['/aws/lambda/a', '/aws/lambda/b', '/aws/lambda/c', 'other/lambda'];
  for (const logGroupName of all.toReversed()) await operations.CreateLogGroup({ logGroupName }, caller);
  const names = async (input: Parameters<typeof operations.DescribeLogGroups>[0]) =>
    (await operations.DescribeLogGroups(input, caller)).logGroups?.map((group) => group.logGroupName);
  assert.deepEqual(await names({}), all);
  assert.deepEqual(await names({ logGroupNamePrefix: '/aws/lambda/' }), all.slice(0, 3));
  assert.deepEqual(await names({ logGroupNamePattern: 'lambda' }), all);
  assert.deepEqual(await names({ logGroupNamePattern: 'Lambda' }), []);
  const first = await operations.DescribeLogGroups({ limit: 3 }, caller);
  const second = await operations.DescribeLogGroups({ limit: 3, nextToken: first.nextToken }, caller);
  assert.deepEqual(
    second.logGroups?.map((group) => group.logGroupName),
    ['other/lambda'],
  );
  assert.equal(second.nextToken, undefined);
  await assert.rejects(names({ nextToken: 'mine' }), { code: 'InvalidParameterException' });
  await assert.rejects(names({ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' }), {
    message: 'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
  });
});

test('deleting a log group deletes its events, also those not stored yet', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  sink.append(address('g', 's'), [{ timestampMs: NOW_MS, message: 'stored' }]);
  await sink.flush();
  sink.append(address('g', 's'), [{ timestampMs: NOW_MS, message: 'on the way' }]);
  await operations.DeleteLogGroup({ logGroupName: 'g' }, caller);
  await assert.rejects(operations.DeleteLogGroup({ logGroupName: 'g' }, caller), {
    code: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
  await operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  await sink.flush();
  assert.deepEqual((await operations.DescribeLogStreams({ logGroupName: 'g' }, caller)).logStreams, []);
  assert.deepEqual((await operations.FilterLogEvents({ logGroupName: 'g' }, caller)).events, []);
});

test('a protected log group is not deleted', async (context) => {
  const { operations } = await openTestLogs(context);
  await operations.CreateLogGroup({ logGroupName: 'g', deletionProtectionEnabled: true }, caller);
  await assert.rejects(operations.DeleteLogGroup({ logGroupName: 'g' }, caller), {
    code: 'ValidationException',
  });
  const unprotected = { logGroupIdentifier: `${ARN}g`, deletionProtectionEnabled: false };
  await operations.PutLogGroupDeletionProtection(unprotected, caller);
  await operations.DeleteLogGroup({ logGroupName: 'g' }, caller);
});

test('a log stream exists once and is described with its times', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  await operations.CreateLogGroup({ logGroupName: 'g' }, caller);
  const create = () => operations.CreateLogStream({ logGroupName: 'g', logStreamName: 's' }, caller);
  await create();
  await assert.rejects(create(), {
    code: 'ResourceAlreadyExistsException',
    message: 'The specified log stream already exists',
  });
  const describe = async () =>
    (await operations.DescribeLogStreams({ logGroupName: 'g' }, caller)).logStreams;
  const empty = {
    logStreamName: 's',
    creationTime: NOW_MS,
    arn: `${ARN}g:log-stream:s`,
    storedBytes: 0,
  };
  assert.deepEqual(await describe(), [empty]);
  sink.append(address('g', 's'), [
    { timestampMs: NOW_MS - 50, message: 'a' },
    { timestampMs: NOW_MS, message: 'b' },
  ]);
  const [found] = (await describe())!;
  const { uploadSequenceToken, ...rest } = found!;
  assert.match(uploadSequenceToken!, /^\d{56}$/);
  assert.deepEqual(rest, {
    ...empty,
    firstEventTimestamp: NOW_MS - 50,
    lastEventTimestamp: NOW_MS,
    lastIngestionTime: NOW_MS,
  });
});

test('log streams are listed by name or last event, in pages', async (context) => {
  const { operations, sink } = await openTestLogs(context);
  for (const [index, stream] of ['c', 'a', 'b'].entries()) {
    sink.append(address('g', stream), [{ timestampMs: NOW_MS + index, message: 'x' }]);
  }
  const page = async (input: object) => {
    const { logStreams, nextToken } = await operations.DescribeLogStreams(
      { logGroupName: 'g', ...input },
      caller,
    );
    return { names: logStreams!.map((stream) => stream.logStreamName), nextToken };
  };
  assert.deepEqual((await page({})).names, ['a', 'b', 'c']);
  const newest = { orderBy: 'LastEventTime', descending: true, limit: 2 };
  const first = await page(newest);
  assert.deepEqual(first.names, ['b', 'a']);
  assert.deepEqual(await page({ ...newest, nextToken: first.nextToken }), {
    names: ['c'],
    nextToken: undefined,
  });
  assert.deepEqual((await page({ logStreamNamePrefix: 'a' })).names, ['a']);
  await assert.rejects(page({ orderBy: 'LastEventTime', logStreamNamePrefix: 'a' }), {
    message: 'Cannot order by LastEventTime with a logStreamNamePrefix.',
  });
  await assert.rejects(page({ logGroupIdentifier: 'g' }), {
    code: 'ValidationException',
    message: 'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
  });
});

test('tags are shared by the operations by ARN and those by name', async (context) => {
  const { operations } = await openTestLogs(context);
  await operations.CreateLogGroup({ logGroupName: 'g', tags: { env: 'one' } }, caller);
  await operations.TagResource({ resourceArn: `${ARN}g`, tags: { a: '1', b: '2' } }, caller);
  await operations.TagLogGroup({ logGroupName: 'g', tags: { c: '3' } }, caller);
  await operations.UntagResource({ resourceArn: `${ARN}g:*`, tagKeys: ['a'] }, caller);
  await operations.UntagLogGroup({ logGroupName: 'g', tags: ['env'] }, caller);
  const expected = { tags: { b: '2', c: '3' } };
  assert.deepEqual(await operations.ListTagsForResource({ resourceArn: `${ARN}g` }, caller), expected);
  assert.deepEqual(await operations.ListTagsLogGroup({ logGroupName: 'g' }, caller), expected);
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`k${index}`, 'v']));
  await assert.rejects(operations.TagLogGroup({ logGroupName: 'g', tags: many }, caller), {
    code: 'TooManyTagsException',
  });
  await assert.rejects(operations.ListTagsForResource({ resourceArn: `${ARN}none` }, caller), {
    code: 'ResourceNotFoundException',
  });
});

test('retention hides events when they expire and deletes them as the clock goes on', async (context) => {
  const { operations, sink, clock, streamLog } = await openTestLogs(context);
  sink.append(address('g', 's'), [{ timestampMs: NOW_MS, message: 'old' }]);
  await sink.flush();
  await assert.rejects(operations.PutRetentionPolicy({ logGroupName: 'g', retentionInDays: 2 }, caller), {
    code: 'InvalidParameterException',
    message: /Value '2' at 'retentionInDays' failed to satisfy constraint/,
  });
  await operations.PutRetentionPolicy({ logGroupName: 'g', retentionInDays: 1 }, caller);
  const shown = async () => {
    const input = { logGroupName: 'g', logStreamName: 's', startFromHead: true };
    return (await operations.GetLogEvents(input, caller)).events!.map((event) => event.message);
  };
  assert.deepEqual(await shown(), ['old']);
  await clock.advance(25 * 3_600_000);
  sink.append(address('g', 's'), [{ timestampMs: clock.now(), message: 'new' }]);
  assert.deepEqual(await shown(), ['new']);
  await clock.advance(6 * 3_600_000);
  assert.equal((await streamLog.listGroups())[0]?.storedBytes, 'new'.length);
  await operations.DeleteRetentionPolicy({ logGroupName: 'g' }, caller);
  await clock.advance(400 * 86_400_000);
  assert.deepEqual(await shown(), ['new']);
});

test('groups, their settings and their events are there after a restart', async (context) => {
  const first = await openTestLogs(context);
  await first.operations.CreateLogGroup({ logGroupName: 'kept', tags: { a: 'b' } }, caller);
  await first.operations.PutRetentionPolicy({ logGroupName: 'kept', retentionInDays: 7 }, caller);
  first.sink.append(address('on-demand', 's'), [{ timestampMs: NOW_MS, message: 'last words' }]);
  const before = await first.operations.DescribeLogGroups({}, caller);
  await first.close();
  const second = await first.reopen();
  const after = await second.operations.DescribeLogGroups({}, caller);
  assert.deepEqual(
    after.logGroups!.map((group) => ({ ...group, storedBytes: 0 })),
    before.logGroups!.map((group) => ({ ...group, storedBytes: 0 })),
  );
  const found = await second.operations.FilterLogEvents({ logGroupName: 'on-demand' }, caller);
  assert.deepEqual(
    found.events!.map((event) => event.message),
    ['last words'],
  );
});
