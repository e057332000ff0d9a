/** A function that writes down the batches it gets from a topic of Kafka. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreateEventSourceMappingCommandInput } from '@aws-sdk/client-lambda';
import { CreateEventSourceMappingCommand, GetEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { Admin, Producer } from '@platformatic/kafka';
import type { Platform, StartOptions } from '../../../src/index.ts';
import type { Asynchronous } from '../events/recording-function.ts';
import { openAsynchronous } from '../events/recording-function.ts';
import { inState } from './mapped-stream.ts';

/** Throws where a value has \`fail\`; reports as failed what has \`item\`. */
const TOPIC_CODE = `
const { appendFileSync } = require('node:fs');
exports.handler = async (event) => {
  appendFileSync(process.env.RUNS, JSON.stringify({ event }) + '\\n');
  const textOf = ({ value }) => Buffer.from(value ?? '', 'base64').toString();
  const records = Object.entries(event.records).flatMap(([partition, list]) =>
    list.map((record) => ({ text: textOf(record), itemIdentifier: { partition, offset: record.offset } })));
  if (records.some(({ text }) => text.includes('fail'))) throw new Error('as a record says');
  const failed = records.filter(({ text }) => text.includes('item'));
  return { batchItemFailures: failed.map(({ itemIdentifier }) => ({ itemIdentifier })) };
};`;

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: string;
  readonly key?: string;
  readonly value?: string;
  readonly headers: readonly Readonly<Record<string, readonly number[]>>[];
}

export interface TopicEvent {
  readonly eventSource: string;
  readonly records: Readonly<Record<string, readonly TopicRecord[]>>;
  readonly [member: string]: unknown;
}

export interface MappedTopic {
  readonly uuid: string;
  events(): Promise<TopicEvent[]>;
  /** Values of the batches so far. */
  batches(): Promise<string[][]>;
  /** Resolves once there have been so many records. */
  received(count: number): Promise<void>;
}

export async function mappedTopic(
  { lambda, create, runs }: Pick<Asynchronous, 'lambda' | 'create' | 'runs'>,
  name: string,
  mapping: Partial<CreateEventSourceMappingCommandInput>,
  window: { readonly MaximumBatchingWindowInSeconds?: number } = { MaximumBatchingWindowInSeconds: 0 },
): Promise<MappedTopic> {
  await create(name, {}, TOPIC_CODE);
  const { UUID: uuid } = await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: name,
      StartingPosition: 'TRIM_HORIZON',
      ...window,
      ...mapping,
    }),
  );
  await inState(lambda, uuid!, 'Enabled');
  const events = async () => (await runs(name)).map(({ event }) => event as unknown as TopicEvent);
  const batches = async () =>
    (await events()).map(({ records }) => Object.values(records).flat().map(textOf));
  return {
    uuid: uuid!,
    events,
    batches,
    async received(count) {
      while ((await batches()).flat().length < count) await new Promise(setImmediate);
    },
  };
}

export function textOf({ value = '' }: TopicRecord): string {
  return Buffer.from(value, 'base64').toString();
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

/** The sum of a metric of a mapping since the server started. */
export async function mappingMetric({ origin }: Platform, name: string, uuid: string): Promise<number> {
  const { metrics } = (await (await fetch(`${origin}/_selfsame/metrics`)).json()) as {
    readonly metrics: readonly {
      readonly name: string;
      readonly dimensions: { readonly EventSourceMappingUUID?: string };
      readonly sum: number;
    }[];
  };
  const own = metrics.find(
    (total) => total.name === name && total.dimensions.EventSourceMappingUUID === uuid,
  );
  return own?.sum ?? 0;
}

export async function lastResult({ lambda }: Pick<Asynchronous, 'lambda'>, UUID: string): Promise<string> {
  return (await lambda.send(new GetEventSourceMappingCommand({ UUID }))).LastProcessingResult ?? '';
}

/** Who makes topics and fills them. */
export class TopicWriter {
  readonly #admin: Admin;
  readonly #producer: Producer;

  constructor(server: string) {
    const options = { clientId: 'test', bootstrapBrokers: [server] };
    this.#admin = new Admin(options);
    this.#producer = new Producer(options);
  }

  async create(topic: string, partitions = 1): Promise<void> {
    await this.#admin.createTopics({ topics: [topic], partitions, replicas: 1 });
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] });
    // The broker answers before it tells of them, and the producer puts what is for a partition it does not know into another.
    await until(async () => {
      const { topics } = await this.#producer.metadata({ topics: [topic], forceUpdate: true });
      return topics.get(topic)?.partitionsCount === count;
    });
  }

  /** Values to a partition, in order. */
  async put(topic: string, values: readonly string[], partition = 0): Promise<void> {
    const messages = values.map((value) => ({ topic, partition, value: Buffer.from(value) }));
    await this.#producer.send({ messages });
  }

  async send(message: Parameters<Producer['send']>[0]['messages'][number]): Promise<void> {
    await this.#producer.send({ messages: [message] });
  }

  /** What a consumer group has committed of a partition; -1 for nothing. */
  async committed(groupId: string, topic: string, partition = 0): Promise<number> {
    const [group] = await this.#admin.listConsumerGroupOffsets({
      groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }],
    });
    return Number(group?.topics[0]?.partitions[0]?.committedOffset ?? -1);
  }

  async commit(groupId: string, topic: string, offset: number): Promise<void> {
    const partitionOffsets = [{ partition: 0, offset: BigInt(offset) }];
    await this.#admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets }] });
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#producer.close()]);
  }
}

/** A server in a folder of its own, which is removed when it is closed. */
export async function openedServer(options: StartOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-runs-'));
  const opened = await openAsynchronous(directory, options);
  return {
    ...opened,
    async close() {
      await opened.close();
      await rm(directory, { recursive: true });
    },
  };
}
