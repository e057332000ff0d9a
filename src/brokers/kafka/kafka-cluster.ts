/** Kafka by the client of Platformatic, which is loaded when the first cluster is opened. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Admin, BaseOptions, Consumer, Producer } from '@platformatic/kafka';
import type { KafkaAccess, KafkaCluster, KafkaFetch, KafkaPlace } from '../../ports/kafka.ts';
import { KafkaFailure } from '../../ports/kafka.ts';
import { kafkaFailure } from './kafka-errors.ts';
import { fetchedRecords } from './kafka-records.ts';

type Client = typeof import('@platformatic/kafka');

/** Milliseconds; whoever asks tries again by itself, with longer rests. */
const CLIENT_TIMES = { retries: 1, retryDelay: 200, connectTimeout: 5_000, timeout: 10_000 };

/** Of a partition at once, bytes; a larger record comes all the same. Kafka's own default. */
const FETCH_BYTES = 1024 * 1024;

/** What Kafka takes for places that are no time. Source: Kafka protocol, ListOffsets. */
const EARLIEST = -2n;
const LATEST = -1n;

/** Answers without this have nothing from the time on. */
const NO_OFFSET = -1n;

const ALL_REPLICAS = -1;

export async function openKafka(access: KafkaAccess): Promise<KafkaCluster> {
  // Once for all clusters.
  unsubscribe('plt:kafka:instances', outliveErrors);
  subscribe('plt:kafka:instances', outliveErrors);
  return new PlatformaticCluster(await import('@platformatic/kafka'), clientOptions(access));
}

/**
 * A connection that fails while somebody is let in tells it twice, and of the second time nobody hears, which would be
 * the end of the process: whoever asked has had the first.
 */
function outliveErrors(created: unknown): void {
  const { type, instance } = created as { readonly type: string; readonly instance: EventEmitter };
  if (type === 'connection') instance.on('error', () => {});
}

function clientOptions({ bootstrapServers, sasl, tls }: KafkaAccess): BaseOptions {
  return {
    clientId: 'selfsame',
    bootstrapBrokers: [...bootstrapServers],
    ...CLIENT_TIMES,
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.rootCertificate === undefined ? {} : { ca: tls.rootCertificate }),
            ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
            ...(tls.privateKey === undefined ? {} : { key: tls.privateKey }),
            ...(tls.privateKeyPassword === undefined ? {} : { passphrase: tls.privateKeyPassword }),
          },
        }),
  };
}

class PlatformaticCluster implements KafkaCluster {
  readonly #client: Client;
  readonly #options: BaseOptions;
  readonly #admin: Admin;
  #producer: Producer | undefined;
  /**
   * One a partition, and another for what does not wait: a broker answers what comes over one connection in turn, and
   * the fetches of a consumer are one session, in which none may overtake another.
   */
  readonly #consumers = new Map<string, Consumer>();
  #isClosed = false;

  constructor(client: Client, options: BaseOptions) {
    this.#client = client;
    this.#options = options;
    this.#admin = new client.Admin(options);
  }

  async partitionCount(topic: string): Promise<number> {
    return (await this.#topicOf(topic, true)).partitionsCount;
  }

  offsetAt(topic: string, partition: number, place: KafkaPlace): Promise<bigint> {
    const timestamp = place === 'earliest' ? EARLIEST : place === 'latest' ? LATEST : BigInt(place);
    return this.#asked(async () => {
      const partitions = [{ partitionIndex: partition, timestamp }];
      const [listed] = await this.#admin.listOffsets({ topics: [{ name: topic, partitions }] });
      const offset = BigInt(listed!.partitions[0]!.offset);
      return offset === NO_OFFSET ? this.offsetAt(topic, partition, 'latest') : offset;
    });
  }

  committed(groupId: string, topic: string, partitionCount: number): Promise<ReadonlyMap<number, bigint>> {
    return this.#asked(async () => {
      const partitionIndexes = Array.from({ length: partitionCount }, (_, index) => index);
      const [group] = await this.#admin.listConsumerGroupOffsets({
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes }] }],
      });
      const partitions = group?.topics.flatMap((listed) => listed.partitions) ?? [];
      return new Map(
        partitions
          .filter(({ committedOffset }) => committedOffset >= 0n)
          .map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
      );
    });
  }

  commit(groupId: string, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<void> {
    return this.#asked(async () => {
      const partitionOffsets = [...offsets].map(([partition, offset]) => ({ partition, offset }));
      await this.#admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets }] });
    });
  }

  async fetch(topic: string, partition: number, offset: bigint, waitMs: number): Promise<KafkaFetch> {
    const { id, partitions } = await this.#topicOf(topic, false);
    return this.#asked(async () => {
      const response = await this.#consumerOf(topic, partition, waitMs === 0).fetch({
        node: partitions[partition]?.leader ?? -1,
        maxWaitTime: waitMs,
        minBytes: 1,
        topics: [
          {
            topicId: id,
            partitions: [
              {
                partition,
                fetchOffset: offset,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
                partitionMaxBytes: FETCH_BYTES,
              },
            ],
          },
        ],
      });
      return fetchedRecords(response, offset);
    });
  }

  produce(topic: string, key: Buffer | null, value: Buffer): Promise<void> {
    return this.#asked(async () => {
      this.#producer ??= new this.#client.Producer({ ...this.#options, acks: ALL_REPLICAS });
      await this.#producer.send({ messages: [{ topic, value, ...(key === null ? {} : { key }) }] });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([
      this.#admin.close(),
      this.#producer?.close(),
      ...[...this.#consumers.values()].map((consumer) => consumer.close(true)),
    ]);
  }

  async #topicOf(topic: string, forceUpdate: boolean) {
    return this.#asked(async () => {
      const { topics } = await this.#admin.metadata({ topics: [topic], forceUpdate });
      const found = topics.get(topic);
      if (found === undefined) throw new KafkaFailure('no-topic', `The cluster has no topic ${topic}.`);
      return found;
    });
  }

  #consumerOf(topic: string, partition: number, isAtOnce: boolean): Consumer {
    const name = `${topic}-${partition}${isAtOnce ? '-at-once' : ''}`;
    const open = this.#consumers.get(name);
    if (open !== undefined) return open;
    // It never joins the group: what has been read is committed by the one who reads.
    const consumer = new this.#client.Consumer({ ...this.#options, groupId: name });
    consumer.topics.track(topic);
    this.#consumers.set(name, consumer);
    return consumer;
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new KafkaFailure('connection', 'The connection has been closed.');
    try {
      return await ask();
    } catch (error) {
      throw kafkaFailure(error);
    }
  }
}
