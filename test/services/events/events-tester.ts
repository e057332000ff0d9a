/** A platform with clients of EventBridge and SQS, for tests over the wire. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { PutEventsRequestEntry, Target } from '@aws-sdk/client-eventbridge';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  EventBridgeServiceException,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

/** One for all tests of a file: starting one takes longer than most of them. */
let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

const OWNER = 'us-east-1:000000000000';

export class EventsTester {
  readonly platform: Platform;
  readonly client: EventBridgeClient;
  readonly queues: SQSClient;
  /** What different tests make has different names. */
  private readonly suffix = `-${randomUUID().slice(0, 8)}`;

  private constructor(platform: Platform) {
    this.platform = platform;
    this.client = new EventBridgeClient(clientSettings(platform));
    this.queues = new SQSClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<EventsTester> {
    shared ??= openPlatform({ frozenClock: true });
    return EventsTester.on(context, await shared);
  }

  /** With a platform of its own, for tests that move its clock far. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<EventsTester> {
    return EventsTester.on(context, await startedPlatform(context, { frozenClock: true, ...options }));
  }

  static on(context: TestContext, platform: Platform): EventsTester {
    const tester = new EventsTester(platform);
    context.after(() => {
      tester.client.destroy();
      tester.queues.destroy();
    });
    return tester;
  }

  unique(name: string): string {
    return name + this.suffix;
  }

  /** The name of a new bus. */
  async bus(name = 'bus'): Promise<string> {
    await this.client.send(new CreateEventBusCommand({ Name: this.unique(name) }));
    return this.unique(name);
  }

  /** The ARN of a new queue that EventBridge may send to. */
  async queue(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const QueueName = name.endsWith('.fifo') ? `${this.unique(name.slice(0, -5))}.fifo` : this.unique(name);
    const arn = `arn:aws:sqs:${OWNER}:${QueueName}`;
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: arn,
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await this.queues.send(new CreateQueueCommand({ QueueName, Attributes: { Policy, ...attributes } }));
    return arn;
  }

  /** A rule for events of the source `test`, with these targets; its ARN. */
  async rule(bus: string, ...targets: (Partial<Target> & { Arn: string })[]): Promise<string> {
    return this.ruleOf(bus, { source: ['test'] }, ...targets);
  }

  async ruleOf(
    bus: string,
    pattern: object,
    ...targets: (Partial<Target> & { Arn: string })[]
  ): Promise<string> {
    const Name = this.unique(`rule${randomUUID().slice(0, 4)}`);
    const rule = { Name, EventBusName: bus, EventPattern: JSON.stringify(pattern) };
    const { RuleArn } = await this.client.send(new PutRuleCommand(rule));
    const Targets = targets.map((target, index) => ({ Id: `t${index}`, ...target }));
    await this.client.send(new PutTargetsCommand({ Rule: Name, EventBusName: bus, Targets }));
    return RuleArn!;
  }

  /** The ids of the events. */
  async put(bus: string, ...entries: Partial<PutEventsRequestEntry>[]): Promise<string[]> {
    const Entries = entries.map((entry) => ({
      EventBusName: bus,
      Source: 'test',
      DetailType: 'Tested',
      Detail: '{}',
      ...entry,
    }));
    const { Entries: results } = await this.client.send(new PutEventsCommand({ Entries }));
    return results!.map(({ EventId, ErrorCode, ErrorMessage }) => EventId ?? `${ErrorCode}: ${ErrorMessage}`);
  }

  /** Takes the messages that are in a queue when all that is under way has been done; they are taken out of it. */
  async messages(queueArn: string): Promise<Message[]> {
    await this.platform.clock.advance(0);
    const [, , , , , name] = queueArn.split(':');
    const QueueUrl = `${this.platform.origin}/000000000000/${name}`;
    const found: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.queues.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['AWSTraceHeader'],
        }),
      );
      if (Messages.length === 0) return found;
      found.push(...Messages);
      for (const { ReceiptHandle } of Messages)
        await this.queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    }
  }

  async bodies(queueArn: string): Promise<string[]> {
    return (await this.messages(queueArn)).map(({ Body }) => Body!);
  }
}

/** What the SDK throws, as far as EventBridge says it. */
export async function failure(call: Promise<unknown>): Promise<[code: string, message: string]> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EventBridgeServiceException)) throw error;
    return [error.name, error.message];
  }
  throw new Error('the call did not fail');
}
