/**
 * A server that is killed at random while objects are written, copied, uploaded in parts and deleted: what it
 * answered holds, what it did not answer has happened whole or not at all, every object's event is told, and no
 * bytes stay that nothing refers to.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { killUnder } from '../../faults/kills.ts';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { TEST_REGION } from '../../kit/started-platform.ts';

const KILLS = 30;
const LONGEST_LIFE_MS = 400;
const WRITERS = 4;
/** A queue that had nothing so often, two seconds each time, has nothing more. */
const EMPTY_POLLS = 3;
const Bucket = 'objects';
/** One is kept with its record, the other in a file of its own. Bytes. */
const SIZES = [100, 100_000] as const;

interface BegunUpload {
  readonly UploadId: string;
  /** Of its only part, once that is stored. */
  readonly ETag: string | undefined;
  readonly text: string;
}

/** Changes two keys that nobody else changes, and holds what it reads against what it was told. */
class Writer {
  /** ETags of objects whose writing was acknowledged, and whose events must come. */
  readonly acknowledged: string[] = [];
  private readonly client: S3Client;
  private readonly random: SeededRandom;
  private readonly key: string;
  private readonly copyKey: string;
  /** What each key may hold: one value that is sure, and one more after an answer that was cut off. */
  private readonly held = new Map<string, (string | undefined)[]>();
  private upload: BegunUpload | undefined;
  private next = 0;

  constructor(client: S3Client, random: SeededRandom, name: string) {
    this.client = client;
    this.random = random;
    this.key = name;
    this.copyKey = `${name}-copy`;
  }

  async step(): Promise<void> {
    await this.check(this.key);
    await this.check(this.copyKey);
    const steps = [this.put, this.put, this.copy, this.uploadOn, this.uploadOn, this.remove];
    await this.random.of(steps).call(this);
  }

  /** Removes its objects; rejects where what is there is not what it should be. */
  async finish(): Promise<void> {
    for (const Key of [this.key, this.copyKey]) {
      await this.check(Key);
      await this.client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  }

  private async put(): Promise<void> {
    const text = this.newText();
    const command = new PutObjectCommand({ Bucket, Key: this.key, Body: this.bytes(text) });
    const { ETag } = await this.change(this.key, text, () => this.client.send(command));
    this.acknowledged.push(unquoted(ETag));
  }

  private async remove(): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket, Key: this.key });
    await this.change(this.key, undefined, () => this.client.send(command));
  }

  private async copy(): Promise<void> {
    const [text] = this.values(this.key);
    if (text === undefined) return;
    const command = new CopyObjectCommand({ Bucket, Key: this.copyKey, CopySource: `${Bucket}/${this.key}` });
    await this.change(this.copyKey, text, () => this.client.send(command));
  }

  /** The next step of an upload, which goes on where it was when the server was killed. */
  private async uploadOn(): Promise<void> {
    const at = { Bucket, Key: this.key };
    const { upload } = this;
    if (upload === undefined) {
      const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(at));
      this.upload = { UploadId: UploadId!, ETag: undefined, text: this.newText() };
      return;
    }
    const { UploadId, text } = upload;
    const part = { ...at, UploadId, PartNumber: 1 };
    if (upload.ETag === undefined) {
      const Body = this.bytes(text);
      const { ETag } = await this.client.send(new UploadPartCommand({ ...part, Body }));
      this.upload = { ...upload, ETag: ETag! };
      return;
    }
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: upload.ETag }] };
    const command = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload });
    this.upload = undefined;
    const { ETag } = await this.change(this.key, text, () => this.client.send(command));
    this.acknowledged.push(unquoted(ETag));
  }

  private async change<Answer>(
    key: string,
    value: string | undefined,
    send: () => Promise<Answer>,
  ): Promise<Answer> {
    this.held.set(key, [...this.values(key), value]);
    const answer = await send();
    this.held.set(key, [value]);
    return answer;
  }

  private async check(key: string): Promise<void> {
    const found = await this.read(key);
    const values = this.values(key);
    assert.ok(values.includes(found), `${key} holds ${found}, expected is one of ${values.join(', ')}`);
    this.held.set(key, [found]);
  }

  /** The text that an object repeats; undefined where there is none. */
  private async read(Key: string): Promise<string | undefined> {
    const got = await this.client.send(new GetObjectCommand({ Bucket, Key })).catch(ignoring('NoSuchKey'));
    if (got === undefined) return undefined;
    const bytes = Buffer.from(await got.Body!.transformToByteArray());
    const text = bytes.toString('latin1', 0, bytes.indexOf('.'));
    assert.ok(this.bytes(text).equals(bytes), `${Key} holds something else than ${text}`);
    return text;
  }

  private values(key: string): (string | undefined)[] {
    return this.held.get(key) ?? [undefined];
  }

  private newText(): string {
    this.next += 1;
    return `${this.key} ${this.next} ${this.random.of(SIZES)}`;
  }

  private bytes(text: string): Buffer {
    return Buffer.alloc(Number(text.split(' ')[2]), `${text}.`);
  }
}

function unquoted(etag: string | undefined): string {
  return etag!.replaceAll('"', '');
}

function ignoring(name: string) {
  return (error: Error): undefined => {
    if (error.name !== name) throw error;
  };
}

test(`what a server answered about objects holds after ${KILLS} kills`, async (context) => {
  const { server, random, directory, settings } = await killedService(context);
  const client = new S3Client({ ...settings, forcePathStyle: true });
  const sqs = new SQSClient(settings);
  context.after(() => {
    client.destroy();
    sqs.destroy();
  });
  const QueueUrl = await notifiedQueue(client, sqs);
  const writers = Array.from(
    { length: WRITERS },
    (_, index) => new Writer(client, new SeededRandom(random.seed + index), `writer${index}`),
  );
  const kills = { count: KILLS, longestLifeMs: LONGEST_LIFE_MS };
  await killUnder(
    server,
    random,
    kills,
    writers.map((writer) => () => writer.step()),
  );
  const acknowledged = writers.flatMap((writer) => writer.acknowledged);
  console.log(`${acknowledged.length} objects acknowledged`);
  assert.ok(acknowledged.length > 0, 'nothing was acknowledged');
  assert.deepEqual(await untold(sqs, QueueUrl, acknowledged), [], 'objects whose events are lost');
  for (const writer of writers) await writer.finish();
  await abortAll(client);
  const directories = await readdir(join(directory, 'contents'));
  for (const name of directories)
    assert.deepEqual(await readdir(join(directory, 'contents', name)), [], 'bytes that nothing refers to');
});

/** A queue that is told of every object of the bucket, which it makes. */
async function notifiedQueue(client: S3Client, sqs: SQSClient): Promise<string> {
  await client.send(new CreateBucketCommand({ Bucket }));
  const QueueArn = `arn:aws:sqs:${TEST_REGION}:000000000000:events`;
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: QueueArn,
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy } }),
  );
  const QueueConfigurations = [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }];
  const NotificationConfiguration = { QueueConfigurations };
  await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return QueueUrl!;
}

interface ToldEvent {
  readonly Records?: readonly [{ readonly s3: { readonly object: { readonly eTag: string } } }];
}

/** Those of the ETags that no event in the queue tells of. */
async function untold(sqs: SQSClient, QueueUrl: string, etags: readonly string[]): Promise<string[]> {
  const missing = new Set(etags);
  for (let empty = 0; missing.size > 0 && empty < EMPTY_POLLS; ) {
    const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 });
    const { Messages = [] } = await sqs.send(command);
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const { Body, ReceiptHandle } of Messages) {
      const { Records = [] } = JSON.parse(Body!) as ToldEvent;
      for (const { s3 } of Records) missing.delete(s3.object.eTag);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    }
  }
  return [...missing];
}

/** Uploads too whose beginning or end was cut off, so that no writer knows of them. */
async function abortAll(client: S3Client): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  for (const { Key, UploadId } of Uploads)
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: Key!, UploadId: UploadId! }));
}
