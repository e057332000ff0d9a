/** A platform with clients of Pipes, SQS and Lambda, for tests over the wire. Its clock stands still but for advances. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after } from 'node:test';
import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import type { CreatePipeCommandInput, PipeState } from '@aws-sdk/client-pipes';
import { CreatePipeCommand, DescribePipeCommand, PipesClient } from '@aws-sdk/client-pipes';
import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/piped';
const ACCOUNT = '000000000000';

let shared: Promise<Platform> | undefined;

after(async () => (await shared)?.close());

export class PipesTester {
  readonly platform: Platform;
  readonly client: PipesClient;
  readonly queues: SQSClient;
  readonly lambda: LambdaClient;
  private readonly suffix: string;

  private constructor(platform: Platform, suffix: string) {
    this.platform = platform;
    this.suffix = suffix;
    this.client = new PipesClient(clientSettings(platform));
    this.queues = new SQSClient(clientSettings(platform));
    this.lambda = new LambdaClient(clientSettings(platform));
  }

  static async start(context: TestContext): Promise<PipesTester> {
    shared ??= openPlatform({ frozenClock: true });
    return PipesTester.of(context, await shared, `-${randomUUID().slice(0, 8)}`);
  }

  /** With a platform of its own, for tests that end it. */
  static async alone(context: TestContext, options: StartOptions = {}): Promise<PipesTester> {
    return PipesTester.of(context, await startedPlatform(context, { frozenClock: true, ...options }), '');
  }

  private static of(context: TestContext, platform: Platform, suffix: string): PipesTester {
    const tester = new PipesTester(platform, suffix);
    context.after(() => {
      for (const client of [tester.client, tester.queues, tester.lambda]) client.destroy();
    });
    return tester;
  }

  unique(name: string): string {
    return name.replace(/(\.fifo)?$/, `${this.suffix}$1`);
  }

  /** The ARN of a new queue. */
  async queue(name: string, attributes: Record<string, string> = {}): Promise<string> {
    const QueueName = this.unique(name);
    await this.queues.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
    return `arn:aws:sqs:us-east-1:${ACCOUNT}:${QueueName}`;
  }

  /** The ARN of a new function with this handler, in Node.js. */
  async function(name: string, handler: string): Promise<string> {
    const FunctionName = this.unique(name);
    const { FunctionArn } = await this.lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: ROLE,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile: await zipOf({ 'index.js': `exports.handler = ${handler};` }) },
      }),
    );
    await waitUntilFunctionActiveV2({ client: this.lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName });
    return FunctionArn!;
  }

  /** The name of a new pipe, which runs. */
  async pipe(
    name: string,
    Source: string,
    Target: string,
    more: Partial<CreatePipeCommandInput> = {},
  ): Promise<string> {
    const Name = this.unique(name);
    await this.client.send(new CreatePipeCommand({ Name, Source, Target, RoleArn: ROLE, ...more }));
    await this.settled(Name);
    return Name;
  }

  describe(Name: string) {
    return this.client.send(new DescribePipeCommand({ Name }));
  }

  /** The state of a pipe once it is not on its way to another any more. */
  async settled(Name: string): Promise<PipeState> {
    for (;;) {
      const { CurrentState } = await this.describe(Name);
      if (!CurrentState!.endsWith('ING') || CurrentState === 'RUNNING') return CurrentState!;
    }
  }

  urlOf(queue: string): string {
    return `${this.platform.origin}/${ACCOUNT}/${queue.split(':').at(-1)}`;
  }

  async send(queue: string, MessageBody: string, more: object = {}): Promise<string> {
    const command = new SendMessageCommand({ QueueUrl: this.urlOf(queue), MessageBody, ...more });
    return (await this.queues.send(command)).MessageId!;
  }

  /** So many messages of a queue, which are waited for, taken out of it. */
  async receive(queue: string, count = 1): Promise<Message[]> {
    const received: Message[] = [];
    while (received.length < count) received.push(...(await this.taken(queue, 20)));
    return received;
  }

  async bodies(queue: string, count = 1): Promise<string[]> {
    return (await this.receive(queue, count)).map(({ Body }) => Body!);
  }

  /** What is in a queue now, taken out of it. */
  arrived(queue: string): Promise<Message[]> {
    return this.taken(queue, 0);
  }

  private async taken(queue: string, WaitTimeSeconds: number): Promise<Message[]> {
    const QueueUrl = this.urlOf(queue);
    const { Messages = [] } = await this.queues.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    for (const { ReceiptHandle } of Messages)
      await this.queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    return Messages;
  }
}
