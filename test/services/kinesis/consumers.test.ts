import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { StartingPosition, SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import {
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  ListStreamConsumersCommand,
  ListTagsForResourceCommand,
  MergeShardsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import type { AwsError } from '../../../src/core/errors.ts';
import { Subscriptions } from '../../../src/services/kinesis/subscription.ts';
import { FIRST_SHARD, KinesisTester, textsOf } from './kinesis-tester.ts';

async function consumer(kinesis: KinesisTester, stream: string, ConsumerName = 'c'): Promise<string> {
  const { StreamARN } = await kinesis.summary(stream);
  const { Consumer } = await kinesis.client.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }),
  );
  await kinesis.settle();
  return Consumer!.ConsumerARN!;
}

test('a subscription that is five seconds old is taken over by another, and hears so', () => {
  const subscriptions = new Subscriptions();
  const first = subscriptions.begin('consumer shard', 0);
  assert.throws(() => subscriptions.begin('consumer shard', 4999), { code: 'ResourceInUseException' });
  const second = subscriptions.begin('consumer shard', 5000);
  assert.equal((first.end.signal.reason as AwsError).code, 'ResourceInUseException');
  // The end of the first is not that of the second.
  subscriptions.finish('consumer shard', first);
  assert.throws(() => subscriptions.begin('consumer shard', 5001), { code: 'ResourceInUseException' });
  subscriptions.finish('consumer shard', second);
  subscriptions.begin('consumer shard', 5001);
});

class Subscription {
  private readonly events: AsyncIterator<{ SubscribeToShardEvent?: SubscribeToShardEvent }>;

  private constructor(events: AsyncIterable<{ SubscribeToShardEvent?: SubscribeToShardEvent }>) {
    this.events = events[Symbol.asyncIterator]();
  }

  static async open(
    context: TestContext,
    kinesis: KinesisTester,
    ConsumerARN: string,
    StartingPosition: StartingPosition,
  ): Promise<Subscription> {
    const command = new SubscribeToShardCommand({ ConsumerARN, ShardId: FIRST_SHARD, StartingPosition });
    const { EventStream } = await kinesis.client.send(command);
    const subscription = new Subscription(EventStream!);
    context.after(() => subscription.end());
    return subscription;
  }

  /** The next event that has records, or is the last. */
  async next(): Promise<SubscribeToShardEvent | undefined> {
    for (;;) {
      const { value, done } = await this.events.next();
      if (done) return undefined;
      const event = (value as { SubscribeToShardEvent?: SubscribeToShardEvent }).SubscribeToShardEvent!;
      if (event.Records!.length > 0 || event.ChildShards !== undefined) return event;
    }
  }

  async end(): Promise<void> {
    await this.events.return?.();
  }
}

test('a consumer is being made, then active, then being deleted, then gone', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s');
  const { StreamARN } = await kinesis.summary(stream);
  const { Consumer } = await kinesis.client.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c', Tags: { a: '1' } }),
  );
  const created = Math.floor(Consumer!.ConsumerCreationTimestamp!.getTime() / 1000);
  const ConsumerARN = `${StreamARN}/consumer/c:${created}`;
  assert.deepEqual([Consumer!.ConsumerARN, Consumer!.ConsumerStatus], [ConsumerARN, 'CREATING']);
  await kinesis.settle();
  const described = await kinesis.client.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
  assert.equal(described.ConsumerDescription!.ConsumerStatus, 'ACTIVE');
  assert.equal(described.ConsumerDescription!.StreamARN, StreamARN);
  assert.equal((await kinesis.summary(stream)).ConsumerCount, 1);
  const tags = await kinesis.client.send(new ListTagsForResourceCommand({ ResourceARN: ConsumerARN }));
  assert.deepEqual(tags.Tags, [{ Key: 'a', Value: '1' }]);
  await assert.rejects(consumer(kinesis, stream), { name: 'ResourceInUseException' });
  await assert.rejects(kinesis.client.send(new DeleteStreamCommand({ StreamName: stream })), {
    name: 'ResourceInUseException',
  });
  await kinesis.client.send(new DeregisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c' }));
  const leaving = await kinesis.client.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
  assert.equal(leaving.ConsumerDescription!.ConsumerStatus, 'DELETING');
  await kinesis.settle();
  await assert.rejects(kinesis.client.send(new DescribeStreamConsumerCommand({ ConsumerARN })), {
    name: 'ResourceNotFoundException',
  });
});

test('consumers are listed by name, a page at a time, and go with their stream', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s');
  const { StreamARN } = await kinesis.summary(stream);
  const [first] = [await consumer(kinesis, stream, 'b'), await consumer(kinesis, stream, 'a')];
  const page = await kinesis.client.send(new ListStreamConsumersCommand({ StreamARN, MaxResults: 1 }));
  assert.deepEqual(
    page.Consumers!.map(({ ConsumerName }) => ConsumerName),
    ['a'],
  );
  const { NextToken } = page;
  const rest = await kinesis.client.send(new ListStreamConsumersCommand({ StreamARN, NextToken }));
  assert.deepEqual(
    rest.Consumers!.map(({ ConsumerName }) => ConsumerName),
    ['b'],
  );
  await kinesis.client.send(new DeleteStreamCommand({ StreamName: stream, EnforceConsumerDeletion: true }));
  await kinesis.settle();
  await assert.rejects(kinesis.client.send(new DescribeStreamConsumerCommand({ ConsumerARN: first })), {
    name: 'ResourceNotFoundException',
  });
});

test('a subscription gives what is there and then what comes, until its shard ends', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s', 2);
  const arn = await consumer(kinesis, stream);
  const { SequenceNumber } = await kinesis.put(stream, 'one', 'k', 0n);
  const subscription = await Subscription.open(context, kinesis, arn, { Type: 'TRIM_HORIZON' });
  const first = await subscription.next();
  assert.deepEqual(textsOf(first!.Records), ['one']);
  assert.deepEqual(
    [first!.ContinuationSequenceNumber, first!.MillisBehindLatest, first!.Records![0]!.PartitionKey],
    [SequenceNumber, 0, 'k'],
  );
  await kinesis.put(stream, 'two', 'k', 0n);
  assert.deepEqual(textsOf((await subscription.next())!.Records), ['two']);
  await kinesis.client.send(
    new MergeShardsCommand({
      StreamName: stream,
      ShardToMerge: FIRST_SHARD,
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  );
  await kinesis.settle();
  const last = await subscription.next();
  assert.deepEqual(
    last!.ChildShards!.map(({ ShardId }) => ShardId),
    ['shardId-000000000002'],
  );
  assert.equal(await subscription.next(), undefined);
});

test('a subscription goes on after the number another one ended with', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s');
  const arn = await consumer(kinesis, stream);
  const { SequenceNumber } = await kinesis.put(stream, 'one');
  await kinesis.put(stream, 'two');
  const subscription = await Subscription.open(context, kinesis, arn, {
    Type: 'AFTER_SEQUENCE_NUMBER',
    SequenceNumber: SequenceNumber!,
  });
  assert.deepEqual(textsOf((await subscription.next())!.Records), ['two']);
  await assert.rejects(Subscription.open(context, kinesis, arn, { Type: 'LATEST' }), {
    name: 'ResourceInUseException',
  });
});

test('a subscription is told that its consumer is gone', async (context) => {
  const kinesis = await KinesisTester.start(context);
  const stream = await kinesis.stream('s');
  const arn = await consumer(kinesis, stream);
  const subscription = await Subscription.open(context, kinesis, arn, { Type: 'LATEST' });
  await kinesis.client.send(new DeregisterStreamConsumerCommand({ ConsumerARN: arn }));
  await kinesis.settle();
  await assert.rejects(subscription.next(), { name: 'ResourceNotFoundException' });
});
