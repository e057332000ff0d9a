/** The partitions of a topic of Kafka as the shards of a stream. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/clock.ts';
import type { KafkaCluster, KafkaPlace, KafkaRecord } from '../ports/kafka.ts';
import { KafkaFailure } from '../ports/kafka.ts';
import type {
  ShardPull,
  ShardRead,
  StreamRecord,
  StreamShard,
  StreamSource,
  StreamStart,
} from '../ports/stream-source.ts';
import { partitionName, partitionOf } from './group-offsets.ts';

/** How often it is asked for new partitions. Source: `metadata.max.age.ms` of Kafka's own consumer. */
const PARTITIONS_AGE_MS = 300_000;

/** A fetch waits that long for records before it is repeated, milliseconds of real time. */
const FETCH_WAIT_MS = 5_000;

export interface KafkaSourceDependencies {
  readonly cluster: () => Promise<KafkaCluster>;
  readonly topic: string;
  /** Where is gone on when an offset is not there any more. */
  readonly start: StreamStart;
  /** Called for each fetch that was answered. */
  readonly reached: () => void;
  readonly clock: Clock;
}

/** Reads one topic; what ARN it is asked for makes no difference. Cursors are offsets. */
export class KafkaSource implements StreamSource {
  readonly #deps: KafkaSourceDependencies;
  /** What a fetch brought beyond what was asked for, by partition. */
  readonly #ahead = new Map<string, { readonly cursor: string; readonly records: readonly StreamRecord[] }>();

  constructor(deps: KafkaSourceDependencies) {
    this.#deps = deps;
  }

  /** That it is not is known only by asking. */
  exists(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async shards(): Promise<readonly StreamShard[]> {
    const { cluster, topic } = this.#deps;
    const count = await (await cluster()).partitionCount(topic);
    return Array.from({ length: count }, (_, partition) => ({
      shardId: partitionName(topic, partition),
      parentShardIds: [],
    }));
  }

  async shardsChanged(_arn: string, known: readonly StreamShard[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#restUntil(signal);
      if (!signal.aborted && !isDeepStrictEqual(await this.shards(), known)) return;
    }
  }

  async open(_arn: string, shardId: string, start: StreamStart): Promise<string> {
    const place: KafkaPlace =
      start.at === 'AT_TIMESTAMP' ? start.timestampMs : start.at === 'LATEST' ? 'latest' : 'earliest';
    return String(await this.#offsetAt(shardId, place));
  }

  async read(_arn: string, shardId: string, cursor: string, pull: ShardPull): Promise<ShardRead> {
    const ahead = this.#ahead.get(shardId);
    this.#ahead.delete(shardId);
    if (ahead?.cursor === cursor) return this.#taken(shardId, ahead.records, cursor, pull.max);
    for (let next = cursor; ; ) {
      const fetched = await this.#fetch(shardId, next, pull);
      if (fetched === undefined) return { records: [], cursor: next, isEnd: false };
      this.#deps.reached();
      next = String(fetched.nextOffset);
      const records = fetched.records.map((record) => this.#streamRecord(shardId, record));
      if (records.length > 0) return this.#taken(shardId, records, next, pull.max);
      if (pull.signal.aborted) return { records: [], cursor: next, isEnd: false };
    }
  }

  /** Undefined where the signal has ended the waiting. */
  async #fetch(shardId: string, cursor: string, { signal, waiting }: ShardPull) {
    const { cluster, topic } = this.#deps;
    const isAtOnce = signal.aborted;
    const connected = await cluster();
    const fetch = connected
      .fetch(topic, partitionOf(shardId), BigInt(cursor), isAtOnce ? 0 : FETCH_WAIT_MS)
      .catch(async (error: unknown) => {
        if (!(error instanceof KafkaFailure) || error.kind !== 'offset-out-of-range') throw error;
        return { records: [], nextOffset: await this.#offsetInRange(shardId, BigInt(cursor)) };
      });
    if (isAtOnce) return fetch;
    const ended = Promise.withResolvers<undefined>();
    const end = (): void => ended.resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    const news = Promise.race([fetch, ended.promise]);
    // Its failure is met below; what nobody waits for any more may fail.
    const settled = news.then(
      () => {},
      () => {},
    );
    await (waiting?.(settled) ?? settled);
    signal.removeEventListener('abort', end);
    return news;
  }

  /** What is too old is passed over; a topic that has begun anew is read as one that is new. */
  async #offsetInRange(shardId: string, offset: bigint): Promise<bigint> {
    const earliest = await this.#offsetAt(shardId, 'earliest');
    if (offset < earliest) return earliest;
    return this.#offsetAt(shardId, this.#deps.start.at === 'LATEST' ? 'latest' : 'earliest');
  }

  async #offsetAt(shardId: string, place: KafkaPlace): Promise<bigint> {
    const { cluster, topic } = this.#deps;
    return (await cluster()).offsetAt(topic, partitionOf(shardId), place);
  }

  /** Up to `max` of the records, after which `next` comes; the rest is kept for the next read. */
  #taken(shardId: string, records: readonly StreamRecord[], next: string, max: number): ShardRead {
    if (records.length <= max) return { records, cursor: next, isEnd: false };
    const taken = records.slice(0, max);
    const { cursor } = taken.at(-1)!;
    this.#ahead.set(shardId, { cursor, records: records.slice(max) });
    return { records: taken, cursor, isEnd: false };
  }

  #streamRecord(shardId: string, record: KafkaRecord): StreamRecord {
    return {
      sequenceNumber: String(record.offset),
      // All records of a partition come in order.
      orderKey: '',
      arrivedAtMs: record.timestampMs,
      record: eventRecord(this.#deps.topic, partitionOf(shardId), record),
      cursor: String(record.offset + 1n),
    };
  }

  async #restUntil(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const rested = Promise.withResolvers<void>();
    const end = (): void => rested.resolve();
    const timer = clock.at(clock.now() + PARTITIONS_AGE_MS, end);
    signal.addEventListener('abort', end, { once: true });
    await rested.promise;
    timer.cancel();
    signal.removeEventListener('abort', end);
  }
}

/**
 * Source: Lambda developer guide, "Using Lambda with self-managed Apache Kafka", example event. A record without a key
 * or a value has none there either; bytes of headers are signed, as Java's are.
 */
function eventRecord(topic: string, partition: number, record: KafkaRecord): Record<string, unknown> {
  const { offset, timestampMs, timestampType, key, value, headers } = record;
  return {
    topic,
    partition,
    offset: Number(offset),
    timestamp: timestampMs,
    timestampType,
    ...(key === null ? {} : { key: key.toString('base64') }),
    ...(value === null ? {} : { value: value.toString('base64') }),
    headers: headers.map(([name, bytes]) => ({ [name]: [...new Int8Array(bytes ?? [])] })),
  };
}
