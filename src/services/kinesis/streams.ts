import type { Timer, WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import { Turns } from '../../core/turns.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { inUse, streamNotFound } from './kinesis-errors.ts';
import { changedShards } from './resharding.ts';
import type { ShardLog } from './shard-log.ts';
import { Stream } from './stream.ts';
import type { PendingChange, StreamAddress, StreamRecord } from './stream-record.ts';
import { streamKey } from './stream-record.ts';

const TABLE = 'kinesis.streams';

/** How long streams are in a state between two others, in service time; AWS takes seconds to minutes. */
export const TRANSITION_MS = 100;

/** All streams of this server; a change is seen once it is stored. */
export class Streams {
  private readonly state: StateStore;
  private readonly log: ShardLog;
  private readonly clock: WorkClock;
  private readonly ids: Ids;
  private readonly byKey = new Map<string, Stream>();
  /** Changes of a stream are made one after the other. */
  private readonly turns = new Turns();
  private readonly timers = new Map<string, Timer>();
  private readonly watchers = new Set<(stream: Stream) => void>();

  private constructor(state: StateStore, log: ShardLog, clock: WorkClock, ids: Ids) {
    this.state = state;
    this.log = log;
    this.clock = clock;
    this.ids = ids;
  }

  static async open(state: StateStore, log: ShardLog, clock: WorkClock, ids: Ids): Promise<Streams> {
    const streams = new Streams(state, log, clock, ids);
    for (const { value } of await state.list<StreamRecord>(TABLE)) {
      const stream = new Stream(value, clock);
      streams.byKey.set(streamKey(value), stream);
      streams.awaitChange(stream);
    }
    return streams;
  }

  all(): Iterable<Stream> {
    return this.byKey.values();
  }

  find(address: StreamAddress): Stream | undefined {
    return this.byKey.get(streamKey(address));
  }

  /** Those of an account and region, by name. */
  list(scope: Omit<StreamAddress, 'name'>): Stream[] {
    return [...this.byKey.values()]
      .filter(({ record }) => record.accountId === scope.accountId && record.region === scope.region)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  /** `becoming` is what it is made of once it is active. Throws `ResourceInUseException`. */
  async create(
    address: StreamAddress,
    start: Pick<StreamRecord, 'settings' | 'tags'>,
    becoming: Omit<PendingChange, 'dueMs'>,
  ): Promise<Stream> {
    const key = streamKey(address);
    if (this.byKey.has(key)) {
      throw inUse(`Stream ${address.name} under account ${address.accountId} already exists.`);
    }
    const nowMs = this.clock.now();
    const stream = new Stream(
      {
        ...address,
        ...start,
        id: this.ids.hex(8),
        createdMs: nowMs,
        status: 'CREATING',
        pending: { ...becoming, dueMs: nowMs + TRANSITION_MS },
        shards: [],
      },
      this.clock,
    );
    this.byKey.set(key, stream);
    try {
      await this.state.commit([{ table: TABLE, key, value: stream.record }]);
    } catch (error) {
      this.byKey.delete(key);
      throw error;
    }
    this.awaitChange(stream);
    return stream;
  }

  /** Stores what `change` makes of the record; what it throws leaves all as it is. */
  async update(stream: Stream, change: (record: StreamRecord) => StreamRecord): Promise<void> {
    await this.turns.run(stream.record.id, async () => {
      if (stream.isDeleted) throw streamNotFound(stream.record);
      const after = change(stream.record);
      await this.state.commit([{ table: TABLE, key: streamKey(after), value: after }]);
      stream.record = after;
      this.awaitChange(stream);
      this.tell(stream);
    });
  }

  /** Stores that a change will happen, until which the stream is in `status`. */
  begin(
    stream: Stream,
    status: 'UPDATING' | 'DELETING',
    change: (record: StreamRecord) => Omit<PendingChange, 'dueMs'>,
  ): Promise<void> {
    return this.update(stream, (record) => this.changing(record, status, change(record)));
  }

  /** The record of a stream for which a change has begun. */
  changing(
    record: StreamRecord,
    status: 'UPDATING' | 'DELETING',
    change: Omit<PendingChange, 'dueMs'>,
  ): StreamRecord {
    return { ...record, status, pending: { ...change, dueMs: this.clock.now() + TRANSITION_MS } };
  }

  /** Calls `watcher` with every stream that has changed; what it gives ends that. */
  watch(watcher: (stream: Stream) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  close(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  private awaitChange(stream: Stream): void {
    const { id, pending } = stream.record;
    this.timers.get(id)?.cancel();
    this.timers.delete(id);
    if (pending === undefined) return;
    this.timers.set(
      id,
      this.clock.at(pending.dueMs, () => (pending.deletes ? this.remove(stream) : this.settle(stream))),
    );
  }

  private async settle(stream: Stream): Promise<void> {
    await this.update(stream, (record) => {
      const { pending, ...rest } = record;
      if (pending === undefined) return record;
      const { encryption, ...settings } = { ...record.settings, ...pending.settings };
      return {
        ...rest,
        status: 'ACTIVE',
        settings:
          pending.stopsEncryption || encryption === undefined ? settings : { ...settings, encryption },
        shards: changedShards(record.shards, pending.shards ?? [], this.clock.now()),
      };
    });
  }

  private async remove(stream: Stream): Promise<void> {
    await this.turns.run(stream.record.id, async () => {
      const key = streamKey(stream.record);
      await this.state.commit([{ table: TABLE, key, delete: true }]);
      stream.isDeleted = true;
      this.byKey.delete(key);
      this.timers.delete(stream.record.id);
      this.tell(stream);
      await this.log.remove(stream.record.shards.map(({ index }) => stream.logName(index)));
    });
  }

  /** Those who watch the stream or wait for its records look again. */
  tell(stream: Stream): void {
    for (const watcher of [...this.watchers]) watcher(stream);
    for (const { index } of stream.record.shards) this.log.tell(stream.logName(index));
  }
}
