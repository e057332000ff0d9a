/** A platform with an SQS client, for tests over the wire. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { Message, ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

/** One for all tests of a file: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

export class SqsTester {
  readonly platform: Platform;
  readonly client: SQSClient;
  /** Queues of different tests have different names. */
  private readonly suffix: string;

  private constructor(platform: Platform, suffix: string) {
    this.platform = platform;
    this.suffix = suffix;
    this.client = new SQSClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<SqsTester> {
    shared ??= openPlatform({ frozenClock: true });
    const tester = new SqsTester(await shared, `-${randomUUID().slice(0, 8)}`);
    context.after(() => tester.client.destroy());
    return tester;
  }

  /** With a platform of its own, for tests that end it or look at all of it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<SqsTester> {
    const tester = new SqsTester(await startedPlatform(context, { frozenClock: true, ...options }), '');
    context.after(() => tester.client.destroy());
    return tester;
  }

  /** The URL of a new queue. */
  async queue(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const unique = name.replace(/(\.fifo)?$/, `${this.suffix}$1`);
    const command = new CreateQueueCommand({ QueueName: unique, Attributes: { ...fifo, ...attributes } });
    return (await this.client.send(command)).QueueUrl!;
  }

  send(url: string, body: string, more: Partial<SendMessageCommandInput> = {}) {
    return this.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more }));
  }

  /** Up to ten messages at once, with all their attributes. */
  async receive(url: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...more,
    });
    return (await this.client.send(command)).Messages ?? [];
  }

  async bodies(url: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<string[]> {
    return (await this.receive(url, more)).map(({ Body }) => Body!);
  }

  async delete(url: string, message: Message): Promise<void> {
    await this.client.send(
      new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle! }),
    );
  }

  async attributes(url: string): Promise<Record<string, string>> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
    return (await this.client.send(command)).Attributes ?? {};
  }

  /** How many messages are available, in flight, delayed. */
  async counts(url: string): Promise<number[]> {
    const attributes = await this.attributes(url);
    return ['', 'NotVisible', 'Delayed'].map((kind) =>
      Number(attributes[`ApproximateNumberOfMessages${kind}`]),
    );
  }
}

export function arnOf(url: string): string {
  return `arn:aws:sqs:us-east-1:000000000000:${url.slice(url.lastIndexOf('/') + 1)}`;
}
