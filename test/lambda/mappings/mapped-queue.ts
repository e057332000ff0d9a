/** A queue, a function that writes down the batches it gets, and a mapping between them. */
import type {
  CreateEventSourceMappingCommandInput,
  CreateFunctionCommandInput,
  EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../kit/started-platform.ts';
import type { Asynchronous } from '../events/recording-function.ts';

/** Throws where a body says `fail`; reports as failed what says `item`; answers as the body says after `answer:`. */
export const CODE = `
const { appendFileSync } = require('node:fs');
exports.handler = async (event) => {
  appendFileSync(process.env.RUNS, JSON.stringify({ event }) + '\\n');
  const bodies = event.Records.map(({ body }) => body);
  if (bodies.some((body) => body.includes('fail'))) throw new Error('as a body says');
  const answer = bodies.find((body) => body.startsWith('answer:'));
  if (answer !== undefined) return JSON.parse(answer.slice(7));
  const failed = event.Records.filter(({ body }) => body.includes('item'));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

export interface EventRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface MappedQueue {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly mapping: EventSourceMappingConfiguration;
  /** Sends messages, ten in one call, and waits until whoever was waiting for them is done. */
  send(...bodies: string[]): Promise<void>;
  /** Bodies of the batches so far. */
  batches(): Promise<string[][]>;
  records(): Promise<EventRecord[]>;
}

interface Options {
  readonly attributes?: Record<string, string>;
  readonly mapping?: Partial<CreateEventSourceMappingCommandInput>;
  readonly function?: Partial<CreateFunctionCommandInput>;
  readonly code?: string;
}

export async function mappedQueue(
  { platform, lambda, create, runs }: Asynchronous,
  name: string,
  options: Options = {},
): Promise<MappedQueue> {
  const sqs = new SQSClient(clientSettings(platform));
  const isFifo = name.endsWith('.fifo');
  const functionName = name.replace('.', '-');
  const fifo = isFifo ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {};
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...options.attributes } }),
  );
  const queueUrl = made.QueueUrl!;
  const queueArn = `arn:aws:sqs:us-east-1:000000000000:${name}`;
  await create(functionName, options.function, options.code ?? CODE);
  const mapping = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: queueArn,
      FunctionName: functionName,
      ...options.mapping,
    }),
  );
  const events = async () =>
    (await runs(functionName)).map(({ event }) => (event as unknown as { Records: EventRecord[] }).Records);
  return {
    sqs,
    queueUrl,
    queueArn,
    mapping,
    async send(...bodies) {
      for (let from = 0; from < bodies.length; from += 10) {
        const Entries = bodies.slice(from, from + 10).map((MessageBody, index) => ({
          Id: `${index}`,
          MessageBody,
          ...(isFifo ? { MessageGroupId: MessageBody.slice(0, 1) } : {}),
        }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
      await platform.clock.advance(0);
    },
    batches: async () => (await events()).map((records) => records.map(({ body }) => body)),
    records: async () => (await events()).flat(),
  };
}
