/** A platform with an S3 client, for tests over the wire. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

/** One for all tests of a file: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

export class S3Tester {
  readonly platform: Platform;
  readonly client: S3Client;
  /** A bucket that is there, and empty. */
  readonly bucket: string;

  private constructor(platform: Platform, bucket: string) {
    this.platform = platform;
    this.client = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
    this.bucket = bucket;
  }

  static async start(context: TestContext): Promise<S3Tester> {
    shared ??= openPlatform({ frozenClock: true });
    return S3Tester.with(context, await shared);
  }

  /** With a platform of its own, for tests that end it or look at all of it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<S3Tester> {
    return S3Tester.with(context, await startedPlatform(context, { frozenClock: true, ...options }));
  }

  static async with(
    context: TestContext,
    platform: Platform,
    bucket: string = newBucketName(),
  ): Promise<S3Tester> {
    const tester = new S3Tester(platform, bucket);
    context.after(() => tester.client.destroy());
    await tester.client.send(new CreateBucketCommand({ Bucket: tester.bucket }));
    return tester;
  }

  async versioned(status: 'Enabled' | 'Suspended' = 'Enabled'): Promise<void> {
    const VersioningConfiguration = { Status: status };
    await this.client.send(new PutBucketVersioningCommand({ Bucket: this.bucket, VersioningConfiguration }));
  }

  put(key: string, body: string | Uint8Array = key, more: Partial<PutObjectCommandInput> = {}) {
    return this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body, ...more }));
  }

  get(key: string, more: object = {}) {
    return this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key, ...more }));
  }

  async text(key: string, more: object = {}): Promise<string> {
    return (await this.get(key, more)).Body!.transformToString();
  }

  async keys(more: object = {}): Promise<string[]> {
    const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.bucket, ...more }));
    return (page.Contents ?? []).map(({ Key }) => Key!);
  }

  /** A request as it is, without any SDK. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.platform.origin}/${this.bucket}${path}`, init);
  }
}

export function newBucketName(): string {
  return `bucket-${randomUUID().slice(0, 8)}`;
}

/** What the SDK throws, as far as S3 says it. */
export async function failure(
  call: Promise<unknown>,
): Promise<{ code: string; status: number; message: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    return { code: error.name, status: error.$metadata.httpStatusCode ?? 0, message: error.message };
  }
  throw new Error('the call did not fail');
}
