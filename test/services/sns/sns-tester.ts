/** A platform with clients of SNS and SQS, for tests over the wire. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

/** One for all tests of a file: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

export class SnsTester {
  readonly platform: Platform;
  readonly client: SNSClient;
  readonly queues: SQSClient;
  /** What different tests make has different names. */
  private readonly suffix: string;

  private constructor(platform: Platform, suffix: string) {
    this.platform = platform;
    this.suffix = suffix;
    this.client = new SNSClient(clientSettings(platform));
    this.queues = new SQSClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<SnsTester> {
    shared ??= openPlatform({ frozenClock: true });
    return SnsTester.of(context, await shared, `-${randomUUID().slice(0, 8)}`);
  }

  /** With a platform of its own, for tests that end it or look at all of it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<SnsTester> {
    return SnsTester.of(context, await startedPlatform(context, { frozenClock: true, ...options }), '');
  }

  /** On a platform that the test has started. */
  static on(context: TestContext, platform: Platform): SnsTester {
    return SnsTester.of(context, platform, '');
  }

  private static of(context: TestContext, platform: Platform, suffix: string): SnsTester {
    const tester = new SnsTester(platform, suffix);
    context.after(() => {
      tester.client.destroy();
      tester.queues.destroy();
    });
    return tester;
  }

  /** The ARN of a new topic. */
  async topic(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const fifo = name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
    const command = new CreateTopicCommand({
      Name: this.unique(name),
      Attributes: { ...fifo, ...attributes },
    });
    return (await this.client.send(command)).TopicArn!;
  }

  /** The ARN of a new queue, which any topic may send to. */
  async queue(name: string): Promise<string> {
    const arn = await this.closedQueue(name);
    await this.letTopicsSend(arn);
    return arn;
  }

  /** One that no topic may send to, as it has no policy. */
  async closedQueue(name: string): Promise<string> {
    const Attributes = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    const QueueName = this.unique(name);
    await this.queues.send(new CreateQueueCommand({ QueueName, Attributes }));
    return queueArn(QueueName);
  }

  letTopicsSend(queue: string, change: object = {}) {
    const command = { QueueUrl: this.urlOf(queue), Attributes: { Policy: topicsMaySend(queue, change) } };
    return this.queues.send(new SetQueueAttributesCommand(command));
  }

  /** The ARN of a new subscription. */
  async subscribe(
    topic: string,
    endpoint: string,
    attributes: Record<string, string> = {},
    protocol = 'sqs',
  ): Promise<string> {
    const command = new SubscribeCommand({
      TopicArn: topic,
      Protocol: protocol,
      Endpoint: endpoint,
      Attributes: attributes,
      ReturnSubscriptionArn: true,
    });
    return (await this.client.send(command)).SubscriptionArn!;
  }

  publish(topic: string, message: string, more: Partial<PublishCommandInput> = {}) {
    return this.client.send(new PublishCommand({ TopicArn: topic, Message: message, ...more }));
  }

  /** The next messages of a queue, which are waited for, with all their attributes. */
  async receive(queue: string): Promise<Message[]> {
    return this.messages(queue, 20);
  }

  /** What is in a queue once all that is under way has arrived. */
  async arrived(queue: string): Promise<Message[]> {
    await this.platform.clock.advance(1);
    return this.messages(queue, 0);
  }

  async bodies(queue: string): Promise<string[]> {
    return (await this.arrived(queue)).map(({ Body }) => Body!);
  }

  async topicAttributes(arn: string): Promise<Record<string, string>> {
    return (await this.client.send(new GetTopicAttributesCommand({ TopicArn: arn }))).Attributes!;
  }

  async subscriptionAttributes(arn: string): Promise<Record<string, string>> {
    const command = new GetSubscriptionAttributesCommand({ SubscriptionArn: arn });
    return (await this.client.send(command)).Attributes!;
  }

  urlOf(queue: string): string {
    return `${this.platform.origin}/${ACCOUNT}/${queue.split(':').at(-1)}`;
  }

  unique(name: string): string {
    return name.replace(/(\.fifo)?$/, `${this.suffix}$1`);
  }

  private async messages(queue: string, waitSeconds: number): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.urlOf(queue),
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return (await this.queues.send(command)).Messages ?? [];
  }
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
}

/** A queue's policy as AWS's guides give it, for all topics of the account; `change` is another member of its statement. */
export function topicsMaySend(queue: string, change: object = {}): string {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queue,
    Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:sns:${REGION}:${ACCOUNT}:*` } },
    ...change,
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
