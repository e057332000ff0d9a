/** A platform with clients of Scheduler and SQS, for tests over the wire. Its clock stands still but for advances. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import type { CreateScheduleCommandInput, Target } from '@aws-sdk/client-scheduler';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/scheduled';

let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

export class SchedulerTester {
  readonly platform: Platform;
  readonly client: SchedulerClient;
  readonly queues: SQSClient;
  private readonly suffix: string;
  private readonly made: { readonly Name: string; readonly GroupName: string | undefined }[] = [];

  private constructor(platform: Platform, suffix: string) {
    this.platform = platform;
    this.suffix = suffix;
    this.client = new SchedulerClient(clientSettings(platform));
    this.queues = new SQSClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<SchedulerTester> {
    shared ??= openPlatform({ frozenClock: true });
    const tester = SchedulerTester.of(await shared, `-${randomUUID().slice(0, 8)}`);
    context.after(() => tester.endSchedules());
    return tester;
  }

  /** With a platform of its own, for tests that end it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<SchedulerTester> {
    return SchedulerTester.of(await startedPlatform(context, { frozenClock: true, ...options }), '');
  }

  private static of(platform: Platform, suffix: string): SchedulerTester {
    const tester = new SchedulerTester(platform, suffix);
    after(() => {
      tester.client.destroy();
      tester.queues.destroy();
    });
    return tester;
  }

  /** The clock of other tests must not make these due for years. */
  private async endSchedules(): Promise<void> {
    for (const key of this.made)
      await this.client.send(new DeleteScheduleCommand(key)).catch((error: Error) => {
        if (error.name !== 'ResourceNotFoundException') throw error;
      });
  }

  unique(name: string): string {
    return name.replace(/(\.fifo)?$/, `${this.suffix}$1`);
  }

  get nowMs(): number {
    return this.platform.clock.now();
  }

  /** An `at()` expression so many milliseconds from now, to the second. */
  atIn(ms: number): string {
    return `at(${new Date(this.nowMs + ms).toISOString().slice(0, 19)})`;
  }

  /** The ARN of a new queue. */
  async queue(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const QueueName = this.unique(name);
    await this.queues.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
    return `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  }

  /** The name of a new schedule. */
  async schedule(
    name: string,
    expression: string,
    target: Partial<Target> & { Arn: string },
    more: Partial<CreateScheduleCommandInput> = {},
  ): Promise<string> {
    const Name = this.unique(name);
    this.made.push({ Name, GroupName: more.GroupName });
    await this.client.send(
      new CreateScheduleCommand({
        Name,
        ScheduleExpression: expression,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { RoleArn: ROLE, ...target },
        ...more,
      }),
    );
    return Name;
  }

  get(Name: string, GroupName?: string) {
    return this.client.send(new GetScheduleCommand({ Name, GroupName }));
  }

  /** What is in a queue once all that is under way has arrived, taken out of it. */
  async arrived(queue: string): Promise<Message[]> {
    await this.platform.clock.advance(0);
    const QueueUrl = `${this.platform.origin}/000000000000/${queue.split(':').at(-1)}`;
    const all: Message[] = [];
    for (;;) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      });
      const { Messages = [] } = await this.queues.send(command);
      if (Messages.length === 0) return all;
      all.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({
        Id: `${index}`,
        ReceiptHandle: ReceiptHandle!,
      }));
      await this.queues.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  async bodies(queue: string): Promise<string[]> {
    return (await this.arrived(queue)).map(({ Body }) => Body!);
  }
}
