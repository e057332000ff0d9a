/** A platform with a Kinesis client, for tests over the wire: the client of the SDK as it is, which speaks HTTP/2. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type {
  _Record,
  GetShardIteratorCommandInput,
  Shard,
  ShardIteratorType,
} from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

/** One for all tests of a file: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

/** Longer than any state lasts that is not to stay. */
const SETTLING_MS = 1000;

export const FIRST_SHARD = 'shardId-000000000000';

export class KinesisTester {
  readonly platform: Platform;
  readonly client: KinesisClient;
  /** Streams of different tests have different names. */
  private readonly suffix: string;

  private constructor(platform: Platform, suffix: string) {
    this.platform = platform;
    this.suffix = suffix;
    this.client = new KinesisClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<KinesisTester> {
    shared ??= openPlatform({ frozenClock: true });
    const tester = new KinesisTester(await shared, `-${randomUUID().slice(0, 8)}`);
    context.after(() => tester.client.destroy());
    return tester;
  }

  /** With a platform of its own, for tests that end it or look at all of it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<KinesisTester> {
    const tester = new KinesisTester(await startedPlatform(context, { frozenClock: true, ...options }), '');
    context.after(() => tester.client.destroy());
    return tester;
  }

  name(base: string): string {
    return `${base}${this.suffix}`;
  }

  /** Lets what is changing become what it will be. */
  settle(): Promise<void> {
    return this.platform.clock.advance(SETTLING_MS);
  }

  /** The name of a new stream that is active. */
  async stream(base: string, shardCount = 1): Promise<string> {
    const StreamName = this.name(base);
    await this.client.send(new CreateStreamCommand({ StreamName, ShardCount: shardCount }));
    await this.settle();
    return StreamName;
  }

  async summary(name: string) {
    const { StreamDescriptionSummary } = await this.client.send(
      new DescribeStreamSummaryCommand({ StreamName: name }),
    );
    return StreamDescriptionSummary!;
  }

  async shards(name: string): Promise<Shard[]> {
    return (await this.client.send(new ListShardsCommand({ StreamName: name }))).Shards!;
  }

  put(name: string, data: string, key = 'key', hashKey?: bigint) {
    return this.client.send(
      new PutRecordCommand({
        StreamName: name,
        PartitionKey: key,
        Data: Buffer.from(data),
        ...(hashKey === undefined ? {} : { ExplicitHashKey: String(hashKey) }),
      }),
    );
  }

  async iterator(
    name: string,
    type: ShardIteratorType,
    more: Partial<GetShardIteratorCommandInput> = {},
  ): Promise<string> {
    const command = new GetShardIteratorCommand({
      StreamName: name,
      ShardId: FIRST_SHARD,
      ShardIteratorType: type,
      ...more,
    });
    return (await this.client.send(command)).ShardIterator!;
  }

  get(iterator: string, limit?: number) {
    return this.client.send(
      new GetRecordsCommand({ ShardIterator: iterator, ...(limit === undefined ? {} : { Limit: limit }) }),
    );
  }

  /** Everything that one read gives from the beginning of a shard. */
  async texts(name: string, shard = FIRST_SHARD): Promise<string[]> {
    const { Records } = await this.get(await this.iterator(name, 'TRIM_HORIZON', { ShardId: shard }));
    return textsOf(Records);
  }
}

export function textsOf(records: readonly _Record[] = []): string[] {
  return records.map(({ Data }) => Buffer.from(Data!).toString());
}
