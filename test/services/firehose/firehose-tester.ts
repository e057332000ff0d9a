/** A platform with clients of Firehose and S3, for tests over the wire. */
import type { TestContext } from 'node:test';
import type {
  CreateDeliveryStreamCommandInput,
  ExtendedS3DestinationConfiguration,
} from '@aws-sdk/client-firehose';
import { CreateDeliveryStreamCommand, FirehoseClient, PutRecordCommand } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/r';
export const BUCKET = 'bucket';

export class FirehoseTester {
  readonly platform: Platform;
  readonly client: FirehoseClient;
  readonly s3: S3Client;

  private constructor(platform: Platform) {
    this.platform = platform;
    this.client = new FirehoseClient(clientSettings(platform));
    this.s3 = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
  }

  /** With a bucket. */
  static async start(context: TestContext, options: StartOptions = {}): Promise<FirehoseTester> {
    const tester = new FirehoseTester(await startedPlatform(context, { frozenClock: true, ...options }));
    context.after(() => {
      tester.client.destroy();
      tester.s3.destroy();
    });
    await tester.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    return tester;
  }

  async create(
    DeliveryStreamName: string,
    settings: Partial<ExtendedS3DestinationConfiguration> = {},
    more: Partial<CreateDeliveryStreamCommandInput> = {},
  ): Promise<string> {
    const command = new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      ExtendedS3DestinationConfiguration: {
        RoleARN: ROLE,
        BucketARN: `arn:aws:s3:::${BUCKET}`,
        ...settings,
      },
      ...more,
    });
    return (await this.client.send(command)).DeliveryStreamARN!;
  }

  async put(DeliveryStreamName: string, text: string): Promise<void> {
    await this.client.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: Buffer.from(text) } }));
  }

  /** Contents by key, in the order of their keys. */
  async objects(Prefix = ''): Promise<{ readonly key: string; readonly bytes: Uint8Array }[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }));
    const objects = [];
    for (const { Key } of Contents) {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      objects.push({ key: Key!, bytes: await Body!.transformToByteArray() });
    }
    return objects;
  }

  async texts(prefix?: string): Promise<string[]> {
    return (await this.objects(prefix)).map(({ bytes }) => Buffer.from(bytes).toString());
  }

  advanceSeconds(seconds: number): Promise<void> {
    return this.platform.clock.advance(seconds * 1_000);
  }
}
