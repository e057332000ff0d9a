/** Reads one shard from its checkpoint to its end, and spreads its records over lanes by their keys. */
import { backOffMs } from '../core/back-off.ts';
import type { Clock } from '../core/clock.ts';
import type { StreamRecord, StreamSource } from '../ports/stream-source.ts';
import type { StreamEntry } from './batch-attempts.ts';
import { keyGroup } from './key-group.ts';
import type { Rests } from './rests.ts';
import { isAfter } from './sequence-order.ts';
import { ShardLane } from './shard-lane.ts';
import { ShardProgress } from './shard-progress.ts';
import type { StreamHandler, StreamPolling } from './stream-batch.ts';
import type { Checkpoints, Position, ShardCheckpoint } from './stream-checkpoints.ts';

export interface ShardReaderDependencies<Run> {
  readonly source: StreamSource;
  readonly polling: StreamPolling;
  readonly handler: StreamHandler<Run>;
  readonly checkpoints: Checkpoints;
  readonly passes: (record: StreamRecord) => boolean;
  readonly clock: Clock;
  readonly rests: Rests;
  readonly during: <T>(task: () => Promise<T>) => Promise<T>;
  /** For the waiting within `during` for what may never come. */
  readonly waiting: (news: Promise<void>) => Promise<void>;
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
}

/** Records of one read: enough for a batch in each lane, within what sources give at once. */
const MIN_READ = 100;
const MAX_READ = 10_000;

/** After a failure to read. */
const READ_REST = { firstMs: 1_000, maxMs: 60_000 };

/** Reads what is there, and does not wait. */
const AT_ONCE = AbortSignal.abort();

export class ShardReader<Run> {
  private readonly deps: ShardReaderDependencies<Run>;
  private readonly shardId: string;
  private readonly lanes: readonly ShardLane<Run>[];
  /** Lanes that had no room for a record: they read for themselves from there, up to where the reader is. */
  private readonly lagging = new Map<number, Position>();
  private readonly catchingUp = new Map<number, Promise<void>>();
  private readonly earlier: ShardProgress;
  /** Everything before it has been given to the lanes. */
  private position: Position;
  private roomMade = (): void => {};

  constructor(deps: ShardReaderDependencies<Run>, shardId: string, checkpoint: ShardCheckpoint) {
    this.deps = deps;
    this.shardId = shardId;
    this.earlier = new ShardProgress(checkpoint);
    this.position = this.earlier.start;
    this.lanes = Array.from(
      { length: deps.polling.parallelizationFactor },
      (_, group) =>
        new ShardLane({
          ...deps,
          shardId,
          ...(checkpoint.window === undefined ? {} : { window: checkpoint.window }),
          isStopping: () => deps.signal.aborted,
          expired: (entries) => this.expired(group, entries),
          progressed: () => this.save(),
          freed: () => this.freed(),
        }),
    );
  }

  /** Resolves to whether the shard has ended and everything in it is done with; otherwise the reader was stopped. */
  async run(): Promise<boolean> {
    const { signal } = this.deps;
    signal.addEventListener('abort', () => this.stop(), { once: true });
    for (const lane of this.lanes) lane.begin();
    let isEnd = false;
    while (!isEnd && !signal.aborted) isEnd = await this.readOn();
    while (!signal.aborted && this.lagging.size > 0) await this.moreRoom();
    if (!signal.aborted) await Promise.all(this.lanes.map((lane) => lane.finish()));
    if (!signal.aborted) return true;
    await Promise.all(this.lanes.map((lane) => lane.stopped()));
    await Promise.all(this.catchingUp.values());
    return false;
  }

  /** Ends waiting for room, and for batches to be full. */
  private stop(): void {
    this.roomMade();
    for (const lane of this.lanes) void lane.stopped();
  }

  private async readOn(): Promise<boolean> {
    const { polling, signal, rests, failed, during } = this.deps;
    const max = Math.max(MIN_READ, Math.min(MAX_READ, polling.batchSize * polling.parallelizationFactor));
    for (let failures = 0; ; ) {
      while (!signal.aborted && !this.isAnyHungry()) await this.moreRoom();
      if (signal.aborted) return false;
      try {
        return await during(() => this.read(max));
      } catch (error) {
        failed(error);
        failures += 1;
        await rests.rest(backOffMs(READ_REST, failures));
      }
    }
  }

  /** Resolves to whether that was the last there is. */
  private async read(max: number): Promise<boolean> {
    const { source, polling, signal, waiting } = this.deps;
    const pull = { max, signal, waiting };
    const read = await source.read(polling.streamArn, this.shardId, this.position.cursor, pull);
    this.dispatch(read.records);
    this.position = { ...this.position, cursor: read.cursor };
    for (const lane of this.lanes) lane.begin();
    if (!this.lanes.some((lane) => lane.isBusy)) this.save();
    return read.isEnd;
  }

  private isAnyHungry(): boolean {
    return this.lanes.some((lane, group) => lane.isHungry && !this.lagging.has(group));
  }

  private dispatch(records: readonly StreamRecord[]): void {
    let filteredOut = 0;
    for (const record of records) {
      if (!this.earlier.includes(record)) {
        if (this.deps.passes(record)) this.offer(record);
        else filteredOut += 1;
      }
      this.position = positionAfter(record);
    }
    if (records.length > 0) this.deps.handler.polled?.(records.length, filteredOut);
  }

  private offer(record: StreamRecord): void {
    const group = this.groupOf(record);
    if (this.lagging.has(group)) return;
    const lane = this.lanes[group]!;
    if (lane.isFull) this.lagging.set(group, this.position);
    else lane.push(record, this.position);
  }

  private groupOf({ orderKey }: StreamRecord): number {
    return keyGroup(orderKey, this.lanes.length);
  }

  private freed(): void {
    this.roomMade();
    for (const [group, from] of this.lagging) {
      const lane = this.lanes[group]!;
      if (lane.isFull || this.deps.signal.aborted || this.catchingUp.has(group)) continue;
      const work = this.catchUp(group, from).finally(() => {
        this.catchingUp.delete(group);
        this.save();
        this.freed();
      });
      this.catchingUp.set(group, work);
    }
  }

  /** Reads for one lane until it is full again, or has come to where the reader is. */
  private async catchUp(group: number, from: Position): Promise<void> {
    const { source, polling, signal, failed, rests } = this.deps;
    let position = from;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const pull = { max: MAX_CATCH_UP_READ, signal };
        const { records } = await source.read(polling.streamArn, this.shardId, position.cursor, pull);
        // None because of the signal is not none at all.
        if (signal.aborted) return;
        const reached = this.pushOwn(group, records, position);
        if (reached === undefined) {
          this.lagging.delete(group);
          return;
        }
        position = reached;
        this.lagging.set(group, position);
        if (this.lanes[group]!.isFull) return;
        failures = 0;
      } catch (error) {
        failed(error);
        failures += 1;
        await rests.rest(backOffMs(READ_REST, failures));
      }
    }
  }

  /** Up to where a lane has got with these records; undefined: to where the reader is. */
  private pushOwn(group: number, records: readonly StreamRecord[], from: Position): Position | undefined {
    const lane = this.lanes[group]!;
    const end = this.position.sequenceNumber!;
    let position: Position | undefined = from;
    for (const record of records) {
      if (isAfter(record.sequenceNumber, end)) {
        position = undefined;
        break;
      }
      const isOwn = this.groupOf(record) === group && !this.earlier.includes(record);
      if (isOwn && this.deps.passes(record)) {
        if (lane.isFull) break;
        lane.push(record, position);
      }
      position = positionAfter(record);
    }
    lane.begin();
    if (records.length === 0 || position?.sequenceNumber === end) return undefined;
    return position;
  }

  private moreRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.roomMade = resolve;
    });
  }

  private save(): void {
    const behind: Record<string, Position> = {};
    for (const [group, lane] of this.lanes.entries()) {
      const position = lane.isBusy ? lane.position : this.lagging.get(group);
      if (position !== undefined) behind[group] = position;
    }
    const window = this.lanes[0]!.openWindow;
    this.deps.checkpoints.set(this.shardId, {
      ...this.position,
      ...(Object.keys(behind).length === 0 ? {} : { behind }),
      groups: this.lanes.length,
      ...(window === undefined ? {} : { window }),
    });
  }

  /**
   * Of a lane's records from the first on, those that are gone from the stream: there is no stream any more, or what
   * it has after the place in front of them is later, or nothing.
   */
  private async expired(group: number, entries: readonly StreamEntry[]): Promise<number> {
    const { source, polling } = this.deps;
    try {
      if (!(await source.exists(polling.streamArn))) return entries.length;
      const { cursor } = this.lanes[group]!.position;
      const pull = { max: 1, signal: AT_ONCE };
      const { records } = await source.read(polling.streamArn, this.shardId, cursor, pull);
      const first = records[0]?.sequenceNumber;
      if (first === undefined) return entries.length;
      return entries.filter(({ record }) => isAfter(first, record.sequenceNumber)).length;
    } catch (error) {
      this.deps.failed(error);
      return 0;
    }
  }
}

/** Records that a lane looks through at once for its own. */
const MAX_CATCH_UP_READ = 1_000;

function positionAfter({ cursor, sequenceNumber }: StreamRecord): Position {
  return { cursor, sequenceNumber };
}
