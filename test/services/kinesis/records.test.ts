import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { FIRST_SHARD, KinesisTester, textsOf } from './kinesis-tester.ts';

/** Words of errors, unless said otherwise, as kinesalite quotes them from AWS. */
const ACCOUNT = '000000000000';

test('records go where their keys are taken, with numbers of 56 digits that rise in each shard', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s', 2);
  // MD5 of `a` begins with 0c, of `b` with 92: as `printf a | md5sum` says.
  const [a, b] = [await kinesis.put(name, 'one', 'a'), await kinesis.put(name, 'two', 'b')];
  assert.deepEqual([a.ShardId, b.ShardId], [FIRST_SHARD, 'shardId-000000000001']);
  const explicit = await kinesis.put(name, 'three', 'a', 2n ** 128n - 1n);
  assert.equal(explicit.ShardId, 'shardId-000000000001');
  const numbers = [];
  for (let count = 0; count < 5; count += 1)
    numbers.push((await kinesis.put(name, 'x', 'a')).SequenceNumber!);
  assert.ok(numbers.every((number) => /^49\d{54}$/.test(number)));
  assert.deepEqual(numbers, [...numbers].sort());
  assert.equal(new Set(numbers).size, 5);
});

test('a batch tells of each record where it went', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s', 2);
  const entries = ['a', 'b', 'a'].map((key, index) => ({ PartitionKey: key, Data: Buffer.from(`${index}`) }));
  const answer = await kinesis.client.send(new PutRecordsCommand({ StreamName, Records: entries }));
  assert.equal(answer.FailedRecordCount, 0);
  assert.deepEqual(
    answer.Records!.map(({ ShardId }) => ShardId),
    [FIRST_SHARD, 'shardId-000000000001', FIRST_SHARD],
  );
  const { Records } = await kinesis.get(await kinesis.iterator(StreamName, 'TRIM_HORIZON'));
  assert.deepEqual(
    Records!.map(({ SequenceNumber, PartitionKey }) => [SequenceNumber, PartitionKey]),
    [
      [answer.Records![0]!.SequenceNumber, 'a'],
      [answer.Records![2]!.SequenceNumber, 'a'],
    ],
  );
});

test('a shard takes a thousand records a second; of a batch those beyond are refused', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  const entry = { PartitionKey: 'k', Data: Buffer.from('x') };
  const batch = (count: number) =>
    kinesis.client.send(new PutRecordsCommand({ StreamName, Records: Array(count).fill(entry) }));
  await batch(500);
  await batch(499);
  const last = await batch(2);
  assert.equal(last.FailedRecordCount, 1);
  assert.ok(last.Records![0]!.SequenceNumber);
  assert.deepEqual(last.Records![1], {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: `Rate exceeded for shard ${FIRST_SHARD} in stream ${StreamName} under account ${ACCOUNT}.`,
  });
  await assert.rejects(kinesis.put(StreamName, 'x'), {
    name: 'ProvisionedThroughputExceededException',
    message: `Rate exceeded for shard ${FIRST_SHARD} in stream ${StreamName} under account ${ACCOUNT}.`,
  });
  await kinesis.platform.clock.advance(10);
  await batch(10);
  await assert.rejects(kinesis.put(StreamName, 'x'), { name: 'ProvisionedThroughputExceededException' });
});

test('a shard takes a MiB a second', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  const half = 'x'.repeat(512 * 1024 - 1);
  await kinesis.put(name, half, 'k');
  await kinesis.put(name, half, 'k');
  await assert.rejects(kinesis.put(name, 'x', 'k'), { name: 'ProvisionedThroughputExceededException' });
  await kinesis.platform.clock.advance(500);
  await kinesis.put(name, half, 'k');
});

test('a shard is read five times a second', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  const iterator = await kinesis.iterator(name, 'TRIM_HORIZON');
  for (let count = 0; count < 5; count += 1) await kinesis.get(iterator);
  await assert.rejects(kinesis.get(iterator), {
    name: 'ProvisionedThroughputExceededException',
    message: `Rate exceeded for shard ${FIRST_SHARD} in stream ${name} under account ${ACCOUNT}.`,
  });
  await kinesis.platform.clock.advance(200);
  await kinesis.get(iterator);
});

test('a read of more than two MiB makes those after it wait', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  for (let count = 0; count < 4; count += 1) {
    await kinesis.put(name, 'x'.repeat(1024 * 1024 - 1), 'k');
    await kinesis.platform.clock.advance(1000);
  }
  const { Records, NextShardIterator } = await kinesis.get(await kinesis.iterator(name, 'TRIM_HORIZON'));
  assert.equal(Records!.length, 4);
  await assert.rejects(kinesis.get(NextShardIterator!), { name: 'ProvisionedThroughputExceededException' });
  await kinesis.platform.clock.advance(900);
  await assert.rejects(kinesis.get(NextShardIterator!), { name: 'ProvisionedThroughputExceededException' });
  await kinesis.platform.clock.advance(200);
  await kinesis.get(NextShardIterator!);
});

test('each type of iterator begins where it says', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  await kinesis.put(name, 'one');
  await kinesis.platform.clock.advance(1000);
  const at = new Date(kinesis.platform.clock.now());
  const { SequenceNumber } = await kinesis.put(name, 'two');
  const latest = await kinesis.iterator(name, 'LATEST');
  await kinesis.put(name, 'three');
  const iterators = [
    await kinesis.iterator(name, 'TRIM_HORIZON'),
    await kinesis.iterator(name, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: SequenceNumber }),
    await kinesis.iterator(name, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: SequenceNumber }),
    await kinesis.iterator(name, 'AT_TIMESTAMP', { Timestamp: at }),
    latest,
  ];
  const read = [];
  for (const iterator of iterators) read.push(textsOf((await kinesis.get(iterator)).Records));
  assert.deepEqual(read, [['one', 'two', 'three'], ['two', 'three'], ['three'], ['two', 'three'], ['three']]);
});

test('a reader goes on with the next iterator and hears how far behind it is', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  await kinesis.put(name, 'one');
  await kinesis.platform.clock.advance(3000);
  await kinesis.put(name, 'two');
  const first = await kinesis.get(await kinesis.iterator(name, 'TRIM_HORIZON'), 1);
  assert.deepEqual([textsOf(first.Records), first.MillisBehindLatest], [['one'], 3000]);
  const second = await kinesis.get(first.NextShardIterator!);
  assert.deepEqual([textsOf(second.Records), second.MillisBehindLatest], [['two'], 0]);
  const third = await kinesis.get(second.NextShardIterator!);
  assert.deepEqual([third.Records, third.MillisBehindLatest], [[], 0]);
});

test('an iterator is good for five minutes, and only as it was given', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s');
  const iterator = await kinesis.iterator(name, 'TRIM_HORIZON');
  await kinesis.platform.clock.advance(300_000);
  await kinesis.get(iterator);
  await kinesis.platform.clock.advance(1);
  await assert.rejects(kinesis.get(iterator), {
    name: 'ExpiredIteratorException',
    message:
      /^Iterator expired\. The iterator was created at time \w{3} \w{3} \d\d [\d:]{8} UTC \d{4} while right now it is \w{3} \w{3} \d\d [\d:]{8} UTC \d{4} which is further in the future than the tolerated delay of 300000 milliseconds\.$/,
  });
  await assert.rejects(kinesis.get('abc'), {
    name: 'InvalidArgumentException',
    message: 'Invalid ShardIterator.',
  });
});

test('what an iterator cannot begin at is refused in AWS’s words', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const name = await kinesis.stream('s', 2);
  const { SequenceNumber: ofFirst } = await kinesis.put(name, 'x', 'a');
  const { SequenceNumber: ofSecond } = await kinesis.put(name, 'x', 'b');
  const where = `on shard ${FIRST_SHARD} in stream ${name} under account ${ACCOUNT}`;
  await kinesis.platform.clock.advance(1000);
  const other = await kinesis.stream('other');
  const { SequenceNumber: ofOther } = await kinesis.put(other, 'x');
  const rules =
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified';
  const cases = [
    ['LATEST', ofFirst, `${rules} LATEST and also a StartingSequenceNumber.`],
    ['AT_SEQUENCE_NUMBER', undefined, `${rules} AT_SEQUENCE_NUMBER and no StartingSequenceNumber.`],
    ['AT_SEQUENCE_NUMBER', '123', `StartingSequenceNumber 123 used in GetShardIterator ${where} is invalid.`],
    [
      'AT_SEQUENCE_NUMBER',
      ofSecond,
      `Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with ${FIRST_SHARD}`,
    ],
    [
      'AFTER_SEQUENCE_NUMBER',
      ofOther,
      `StartingSequenceNumber ${ofOther} used in GetShardIterator ${where} is invalid because it did not come from this stream.`,
    ],
  ] as const;
  for (const [type, number, message] of cases) {
    await assert.rejects(
      kinesis.iterator(name, type, number === undefined ? {} : { StartingSequenceNumber: number }),
      { name: 'InvalidArgumentException', message },
    );
  }
  const future = new Date(kinesis.platform.clock.now() + 1000);
  await assert.rejects(kinesis.iterator(name, 'AT_TIMESTAMP', { Timestamp: future }), {
    name: 'InvalidArgumentException',
    message: /^The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. /,
  });
  await assert.rejects(kinesis.iterator(name, 'LATEST', { ShardId: 'shardId-000000000002' }), {
    name: 'ResourceNotFoundException',
    message: `Shard shardId-000000000002 in stream ${name} under account ${ACCOUNT} does not exist`,
  });
});

test('what cannot be put is refused in AWS’s words', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const StreamName = await kinesis.stream('s');
  const record = { StreamName, PartitionKey: 'k', Data: Buffer.from('x') };
  await assert.rejects(kinesis.put(StreamName, 'x', 'k', 2n ** 128n), {
    name: 'InvalidArgumentException',
    message: `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${2n ** 128n}`,
  });
  await assert.rejects(
    kinesis.client.send(new PutRecordCommand({ ...record, SequenceNumberForOrdering: '5' })),
    {
      name: 'InvalidArgumentException',
      message: `ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream ${StreamName} in account ${ACCOUNT} is invalid.`,
    },
  );
  const { SequenceNumber } = await kinesis.put(StreamName, 'x');
  const next = await kinesis.client.send(
    new PutRecordCommand({ ...record, SequenceNumberForOrdering: SequenceNumber }),
  );
  assert.ok(next.SequenceNumber! > SequenceNumber!);
  await assert.rejects(kinesis.client.send(new PutRecordCommand({ ...record, PartitionKey: '' })), {
    name: 'ValidationException',
    message:
      "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
  });
  await assert.rejects(kinesis.put('missing', 'x'), {
    name: 'ResourceNotFoundException',
    message: `Stream missing under account ${ACCOUNT} not found.`,
  });
});

test('what was put is there when the server has started again', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-kinesis-'));
  context.after(() => rm(dataDir, { recursive: true, force: true }));
  const first = await KinesisTester.alone(context, { dataDir });
  const name = await first.stream('s');
  const { SequenceNumber } = await first.put(name, 'before');
  await first.client.send(new CreateStreamCommand({ StreamName: 'making', ShardCount: 1 }));
  await first.stream('gone');
  await first.put('gone', 'x');
  await first.client.send(new DeleteStreamCommand({ StreamName: 'gone' }));
  await first.platform.close();
  const second = await KinesisTester.alone(context, { dataDir });
  await second.settle();
  const later = await second.put(name, 'after');
  assert.ok(later.SequenceNumber! > SequenceNumber!);
  assert.deepEqual(await second.texts(name), ['before', 'after']);
  assert.equal((await second.summary('making')).StreamStatus, 'ACTIVE');
  await assert.rejects(second.summary('gone'), { name: 'ResourceNotFoundException' });
});
