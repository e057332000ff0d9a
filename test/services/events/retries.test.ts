/** Targets that are busy for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import { clientSettings } from '../../kit/started-platform.ts';
import { EventsTester } from './events-tester.ts';

const MINUTE_MS = 60_000;

test('a target that is busy is tried again, or given up as the rule says', async (context) => {
  const events = await EventsTester.alone(context);
  const bus = await events.bus();
  const [dead, arrived] = [await events.queue('dead'), await events.queue('arrived')];
  const kinesis = new KinesisClient(clientSettings(events.platform));
  context.after(() => kinesis.destroy());
  await kinesis.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }));
  await events.platform.clock.advance(MINUTE_MS);
  const full = { StreamName: 's', PartitionKey: 'p', Data: Buffer.alloc(1_000_000) };
  await kinesis.send(new PutRecordCommand(full));
  const Arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
  const given = { Arn, RoleArn: 'arn:aws:iam::000000000000:role/r', DeadLetterConfig: { Arn: dead } };
  const rule = await events.rule(
    bus,
    { ...given, Id: 'patient' },
    { ...given, Id: 'hasty', RetryPolicy: { MaximumRetryAttempts: 0 } },
    { Arn: arrived, Id: 'other' },
  );
  const [id] = await events.put(bus, { Detail: JSON.stringify({ text: 'x'.repeat(100_000) }) });
  assert.equal((await events.messages(arrived)).length, 1, 'no target waits for another');
  const [letter, ...others] = await events.messages(dead);
  assert.equal(others.length, 0);
  const told = Object.entries(letter!.MessageAttributes!).map(([name, value]) => [name, value.StringValue]);
  const { ERROR_MESSAGE: _, ...attributes } = Object.fromEntries(told);
  assert.deepEqual(attributes, {
    ERROR_CODE: 'THROTTLING',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    RETRY_ATTEMPTS: '0',
    RULE_ARN: rule,
    TARGET_ARN: Arn,
  });
  await events.platform.clock.advance(MINUTE_MS);
  const read = {
    StreamName: 's',
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  } as const;
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(read));
  const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  const received = Records!
    .slice(1)
    .map(({ PartitionKey, Data }) => [PartitionKey, JSON.parse(Buffer.from(Data!).toString()).id]);
  assert.deepEqual(received, [[id, id]], 'the partition key is the id of the event');
  assert.deepEqual(await events.messages(dead), []);
});
