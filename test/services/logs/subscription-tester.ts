/** A platform with clients of CloudWatch Logs and Kinesis, for tests over the wire. */
import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/r';

export interface SubscriptionData {
  readonly messageType: string;
  readonly owner: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly subscriptionFilters: readonly string[];
  readonly logEvents: readonly {
    readonly id: string;
    readonly timestamp: number;
    readonly message: string;
  }[];
}

export function decoded(compressed: Uint8Array): SubscriptionData {
  return JSON.parse(gunzipSync(compressed).toString()) as SubscriptionData;
}

export class SubscriptionTester {
  readonly platform: Platform;
  readonly logs: CloudWatchLogsClient;
  readonly kinesis: KinesisClient;

  private constructor(platform: Platform) {
    this.platform = platform;
    this.logs = new CloudWatchLogsClient(clientSettings(platform));
    this.kinesis = new KinesisClient(clientSettings(platform));
  }

  static async open(): Promise<SubscriptionTester> {
    return new SubscriptionTester(await openPlatform({ frozenClock: true, isolation: 'process' }));
  }

  async close(): Promise<void> {
    this.logs.destroy();
    this.kinesis.destroy();
    await this.platform.close();
  }

  /** The name of a new group with the stream `s`. */
  async group(): Promise<string> {
    const logGroupName = `g-${randomUUID()}`;
    await this.logs.send(new CreateLogGroupCommand({ logGroupName }));
    await this.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 's' }));
    return logGroupName;
  }

  async put(logGroupName: string, ...messages: readonly string[]): Promise<void> {
    const timestamp = this.platform.clock.now();
    await this.logs.send(
      new PutLogEventsCommand({
        logGroupName,
        logStreamName: 's',
        logEvents: messages.map((message) => ({ timestamp, message })),
      }),
    );
  }

  /** The ARN of a new stream with one shard. */
  async stream(StreamName: string): Promise<string> {
    await this.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await this.platform.clock.advance(1_000);
    await waitUntilStreamExists({ client: this.kinesis, maxWaitTime: 10, minDelay: 1 }, { StreamName });
    return `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
  }

  /** All that has been put to a stream, with partition keys; what is under way is waited for. */
  async records(StreamName: string): Promise<(SubscriptionData & { readonly key: string })[]> {
    await this.platform.clock.advance(1);
    const { ShardIterator } = await this.kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records } = await this.kinesis.send(new GetRecordsCommand({ ShardIterator }));
    return Records!.map(({ Data, PartitionKey }) => ({ ...decoded(Data!), key: PartitionKey! }));
  }
}
