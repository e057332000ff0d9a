/** A server that is killed at random while log events come: each that was acknowledged reaches the subscriber. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import { decoded, ROLE } from './subscription-tester.ts';

const KILLS = 20;
/** The server lives that long at most before it is killed, milliseconds. */
const LONGEST_LIFE_MS = 300;
const TARGET = { logGroupName: 'g', logStreamName: 's' };

test(`log events that were acknowledged reach a subscriber after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const logs = new CloudWatchLogsClient(settings);
  const kinesis = new KinesisClient(settings);
  context.after(() => {
    logs.destroy();
    kinesis.destroy();
  });
  await kinesis.send(new CreateStreamCommand({ StreamName: 'k', ShardCount: 1 }));
  for (const summary = new DescribeStreamSummaryCommand({ StreamName: 'k' }); ; ) {
    const { StreamDescriptionSummary } = await kinesis.send(summary);
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') break;
    await server.advance(1);
  }
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
  await logs.send(new CreateLogStreamCommand(TARGET));
  await logs.send(
    new PutSubscriptionFilterCommand({
      ...{ logGroupName: 'g', filterName: 'f', filterPattern: '', roleArn: ROLE },
      destinationArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/k',
    }),
  );

  const acknowledged: string[] = [];
  let next = 0;
  const put = async () => {
    const message = `event ${next++}`;
    await logs.send(new PutLogEventsCommand({ ...TARGET, logEvents: [{ timestamp: Date.now(), message }] }));
    acknowledged.push(message);
  };
  await killUnder(server, random, { count: KILLS, longestLifeMs: LONGEST_LIFE_MS }, [put, put, put]);

  // The clock waits for deliveries under way.
  await server.advance(1);
  const arrived = await arrivals(kinesis);
  for (const message of acknowledged) {
    assert.ok(arrived.includes(message), `${message} was acknowledged and has not arrived`);
  }
  const repeats = arrived.length - new Set(arrived).size;
  console.log(`${acknowledged.length} log events acknowledged, ${repeats} delivered again`);
  assert.ok(acknowledged.length > KILLS, 'the server was at work when it was killed');
});

async function arrivals(kinesis: KinesisClient): Promise<string[]> {
  const { ShardIterator: first } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: 'k',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const messages: string[] = [];
  for (let ShardIterator = first; ; ) {
    const { Records, NextShardIterator } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    if (Records!.length === 0) return messages;
    for (const { Data } of Records!) {
      messages.push(...decoded(Data!).logEvents.map(({ message }) => message));
    }
    ShardIterator = NextShardIterator;
  }
}
