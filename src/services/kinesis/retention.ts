import type { Timer, WorkClock } from '../../core/clock.ts';
import type { ShardLog } from './shard-log.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

/** Nothing older than the time of retention is read; what is on disk of it goes in portions of at least this long. */
const PORTION_MS = 600_000;

/** Removes records that are too old, and shards that hold no others and take none. */
export class Retention {
  private readonly streams: Streams;
  private readonly log: ShardLog;
  private readonly clock: WorkClock;
  private readonly unwatch: () => void;
  private timer: Timer | undefined;
  private dueMs = Number.POSITIVE_INFINITY;

  private constructor(streams: Streams, log: ShardLog, clock: WorkClock) {
    this.streams = streams;
    this.log = log;
    this.clock = clock;
    // A shorter time, or a closed shard: when the next is due may have changed.
    this.unwatch = streams.watch(() => this.plan(clock.now() + PORTION_MS));
  }

  /** Removes, before anything else, what a server has left that was killed while it removed streams. */
  static async open(streams: Streams, log: ShardLog, clock: WorkClock): Promise<Retention> {
    const owned = new Set(
      [...streams.all()].flatMap((stream) => stream.record.shards.map(({ index }) => stream.logName(index))),
    );
    const abandoned = log.names().filter((name) => !owned.has(name));
    if (abandoned.length > 0) await log.remove(abandoned);
    const retention = new Retention(streams, log, clock);
    if (owned.size > 0) retention.plan(clock.now() + PORTION_MS);
    return retention;
  }

  /** Something has arrived in the stream by now. */
  noteArrival(stream: Stream): void {
    const { horizonMs } = stream;
    const nowMs = this.clock.now();
    this.plan(nowMs + (nowMs - horizonMs));
  }

  close(): void {
    this.unwatch();
    this.timer?.cancel();
  }

  private plan(dueMs: number): void {
    if (dueMs >= this.dueMs) return;
    this.timer?.cancel();
    this.dueMs = dueMs;
    this.timer = this.clock.at(dueMs, () => this.trimAll());
  }

  private async trimAll(): Promise<void> {
    this.dueMs = Number.POSITIVE_INFINITY;
    for (const stream of this.streams.all()) await this.trim(stream);
  }

  private async trim(stream: Stream): Promise<void> {
    const { horizonMs } = stream;
    const keptMs = this.clock.now() - horizonMs;
    const nextMs = (sinceMs: number): number => Math.max(sinceMs + keptMs, this.clock.now() + PORTION_MS);
    const expired: number[] = [];
    for (const { index, closedMs } of stream.record.shards) {
      if (closedMs !== undefined && closedMs <= horizonMs) expired.push(index);
      else {
        const oldestMs = (await this.log.trim(stream.logName(index), horizonMs)) ?? closedMs;
        if (oldestMs !== undefined) this.plan(nextMs(oldestMs));
      }
    }
    if (expired.length === 0 || stream.isDeleted) return;
    await this.streams.update(stream, (record) => ({
      ...record,
      shards: record.shards.filter(({ index }) => !expired.includes(index)),
    }));
    await this.log.remove(expired.map((index) => stream.logName(index)));
  }
}
