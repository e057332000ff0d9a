import type { Timer, WorkClock } from '../../core/clock.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { inUse, limitExceeded } from './kinesis-errors.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';
import { TRANSITION_MS } from './streams.ts';

const TABLE = 'kinesis.consumers';

/** Source: "Kinesis Data Streams quotas and limits". */
const MAX_CONSUMERS = 20;

/** A consumer with enhanced fan-out, as stored. */
export interface ConsumerRecord {
  readonly streamArn: string;
  readonly name: string;
  readonly createdMs: number;
  readonly status: 'CREATING' | 'ACTIVE' | 'DELETING';
  readonly tags: Readonly<Record<string, string>>;
  /** The text of its resource policy. */
  readonly policy?: string;
  /** When the state ends that it is in, where that is not to stay. */
  readonly dueMs?: number;
}

export function consumerArn({ streamArn, name, createdMs }: ConsumerRecord): string {
  return `${streamArn}/consumer/${name}:${Math.floor(createdMs / 1000)}`;
}

/** All consumers of all streams. */
export class Consumers {
  private readonly state: StateStore;
  private readonly clock: WorkClock;
  private readonly streams: Streams;
  private readonly byKey = new Map<string, ConsumerRecord>();
  private readonly timers = new Map<string, Timer>();
  private unwatch = (): void => {};

  private constructor(state: StateStore, clock: WorkClock, streams: Streams) {
    this.state = state;
    this.streams = streams;
    this.clock = clock;
  }

  static async open(state: StateStore, clock: WorkClock, streams: Streams): Promise<Consumers> {
    const consumers = new Consumers(state, clock, streams);
    for (const { value } of await state.list<ConsumerRecord>(TABLE)) consumers.hold(value);
    // Consumers go with their stream, in any order: a stream that is gone is not asked about.
    consumers.unwatch = streams.watch((stream) => {
      if (stream.isDeleted) clock.during(consumers.removeAll(consumers.of(stream)));
    });
    const streamArns = new Set([...streams.all()].map(({ arn }) => arn));
    await consumers.removeAll(
      [...consumers.byKey.values()].filter(({ streamArn }) => !streamArns.has(streamArn)),
    );
    return consumers;
  }

  /** Those of a stream, by name. */
  of({ arn }: Stream): ConsumerRecord[] {
    return [...this.byKey.values()]
      .filter(({ streamArn }) => streamArn === arn)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find({ arn }: Pick<Stream, 'arn'>, name: string): ConsumerRecord | undefined {
    return this.byKey.get(keyOf({ streamArn: arn, name }));
  }

  findByArn(arn: string): ConsumerRecord | undefined {
    const parts = /^(.+)\/consumer\/(.+):\d+$/.exec(arn);
    if (parts === null) return undefined;
    const consumer = this.find({ arn: parts[1]! }, parts[2]!);
    return consumer !== undefined && consumerArn(consumer) === arn ? consumer : undefined;
  }

  /** Throws `ResourceInUseException`, `LimitExceededException`. */
  async register(stream: Stream, name: string, tags: ConsumerRecord['tags']): Promise<ConsumerRecord> {
    const { accountId, name: streamName } = stream.record;
    if (this.find(stream, name) !== undefined) {
      throw inUse(
        `Consumer under stream ${streamName} with name ${name} under account ${accountId} already exists.`,
      );
    }
    if (this.of(stream).length >= MAX_CONSUMERS) {
      throw limitExceeded(
        `This request would exceed the consumer limit of ${MAX_CONSUMERS} for stream ${streamName} under account ${accountId}.`,
      );
    }
    const nowMs = this.clock.now();
    const consumer: ConsumerRecord = {
      streamArn: stream.arn,
      name,
      createdMs: nowMs,
      tags,
      status: 'CREATING',
      dueMs: nowMs + TRANSITION_MS,
    };
    await this.store(consumer);
    return consumer;
  }

  /** Stores it with other tags or another policy. */
  change(consumer: ConsumerRecord, tags: ConsumerRecord['tags'], policy: string | undefined): Promise<void> {
    const { policy: _, ...rest } = this.byKey.get(keyOf(consumer)) ?? consumer;
    return this.store({ ...rest, tags, ...(policy === undefined ? {} : { policy }) });
  }

  async deregister({ dueMs: _, ...consumer }: ConsumerRecord): Promise<void> {
    await this.store({ ...consumer, status: 'DELETING', dueMs: this.clock.now() + TRANSITION_MS });
  }

  close(): void {
    this.unwatch();
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  /** Seen at once, so that two calls do not make two of a name; given up where it cannot be stored. */
  private async store(consumer: ConsumerRecord): Promise<void> {
    const key = keyOf(consumer);
    const before = this.byKey.get(key);
    this.byKey.set(key, consumer);
    try {
      await this.state.commit([{ table: TABLE, key, value: consumer }]);
    } catch (error) {
      if (before === undefined) this.byKey.delete(key);
      else this.byKey.set(key, before);
      throw error;
    }
    this.hold(consumer);
  }

  private hold(consumer: ConsumerRecord): void {
    const key = keyOf(consumer);
    this.byKey.set(key, consumer);
    this.timers.get(key)?.cancel();
    this.timers.delete(key);
    const { dueMs, ...rest } = consumer;
    if (dueMs === undefined) return;
    const settle = (): Promise<void> =>
      rest.status === 'DELETING' ? this.removeAll([rest]) : this.store({ ...rest, status: 'ACTIVE' });
    this.timers.set(key, this.clock.at(dueMs, settle));
  }

  private async removeAll(consumers: readonly ConsumerRecord[]): Promise<void> {
    const keys = consumers.map(keyOf);
    await this.state.commit(keys.map((key) => ({ table: TABLE, key, delete: true as const })));
    for (const key of keys) {
      this.byKey.delete(key);
      this.timers.get(key)?.cancel();
      this.timers.delete(key);
    }
    // Subscriptions of theirs end.
    const arns = new Set(consumers.map(({ streamArn }) => streamArn));
    for (const stream of this.streams.all()) if (arns.has(stream.arn)) this.streams.tell(stream);
  }
}

function keyOf({ streamArn, name }: Pick<ConsumerRecord, 'streamArn' | 'name'>): string {
  return `${streamArn}/${name}`;
}
