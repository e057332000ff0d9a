/** Streams behind an endpoint: shards that are polled as AWS's pollers do. */
import type { Clock } from '../core/clock.ts';
import { AwsError } from '../core/errors.ts';
import type {
  ShardPull,
  ShardRead,
  StreamRecord,
  StreamShard,
  StreamSource,
  StreamStart,
} from '../ports/stream-source.ts';
import type { ShardPlace } from './shard-place.ts';
import { placeOf, textOf } from './shard-place.ts';

export type PolledRecord = Omit<StreamRecord, 'cursor'>;

export interface RecordsPage {
  readonly records: readonly PolledRecord[];
  /** Undefined where the shard is closed and these are its last. */
  readonly nextIterator: string | undefined;
  /** There is more already, whatever this page holds. */
  readonly isBehind: boolean;
}

export interface ShardName {
  readonly arn: string;
  readonly shardId: string;
}

/** What is different of Kinesis and of the streams of DynamoDB. */
export interface StreamApi {
  exists(arn: string): Promise<boolean>;
  /** Parents before children. */
  shards(arn: string): Promise<readonly StreamShard[]>;
  iterator(arn: string, shardId: string, place: ShardPlace): Promise<string>;
  /** The signal ends the call, which then rejects. */
  records(
    shard: ShardName,
    iterator: string,
    max: number,
    signal: AbortSignal | undefined,
  ): Promise<RecordsPage>;
}

/** Source: Lambda developer guide, "Polling and batching streams": a shard is polled once a second. */
const POLL_INTERVAL_MS = 1_000;
/** Five reads of a shard a second are allowed. Source: Kinesis developer guide, "Quotas and limits". */
const BEHIND_INTERVAL_MS = 200;
/** Until shards are listed again, unless one has ended before. */
const SHARDS_INTERVAL_MS = 10_000;

/** Iterators that are kept for the next read; each is good for minutes and can be had anew. */
const MAX_KEPT_ITERATORS = 10_000;

export interface RemoteStreamsDependencies {
  readonly api: StreamApi;
  readonly clock: Clock;
  /** By the endpoint's time, as far as clocks agree; milliseconds since the epoch. */
  readonly realNowMs: () => number;
}

/** A cursor is a place in a shard, as text, which an iterator is made from when none is at hand. */
export class RemoteStreams implements StreamSource {
  private readonly deps: RemoteStreamsDependencies;
  private readonly iterators = new Map<string, string>();
  /** When a shard may be polled next, by service time. */
  private readonly due = new Map<string, number>();
  /** Who waits for shards of a stream to change. */
  private readonly watchers = new Set<(arn: string) => void>();

  constructor(deps: RemoteStreamsDependencies) {
    this.deps = deps;
  }

  exists(arn: string): Promise<boolean> {
    return this.deps.api.exists(arn);
  }

  shards(arn: string): Promise<readonly StreamShard[]> {
    return this.deps.api.shards(arn);
  }

  async shardsChanged(arn: string, known: readonly StreamShard[], signal: AbortSignal): Promise<void> {
    const names = namesOf(known);
    while (!signal.aborted) {
      if (namesOf(await this.shards(arn)) !== names) return;
      const ended = new AbortController();
      const watch = (changed: string): void => {
        if (changed === arn) ended.abort();
      };
      this.watchers.add(watch);
      const dueMs = this.deps.clock.now() + SHARDS_INTERVAL_MS;
      await this.until(dueMs, AbortSignal.any([signal, ended.signal]));
      this.watchers.delete(watch);
    }
  }

  async open(arn: string, shardId: string, start: StreamStart): Promise<string> {
    const place = startingPlace(start, this.deps.realNowMs());
    const cursor = textOf(place);
    // Where the end is now cannot be asked for later.
    if (place.at === 'LATEST')
      this.keep(keyOf(arn, shardId, cursor), await this.deps.api.iterator(arn, shardId, place));
    return cursor;
  }

  async read(arn: string, shardId: string, cursor: string, pull: ShardPull): Promise<ShardRead> {
    const isAtOnce = pull.signal.aborted;
    for (;;) {
      if (!isAtOnce) await this.turnOf(arn, shardId, pull);
      if (!isAtOnce && pull.signal.aborted) return { records: [], cursor, isEnd: false };
      const page = await this.poll(arn, shardId, cursor, { ...pull, isAtOnce });
      if (page === undefined) return { records: [], cursor, isEnd: false };
      if (page.records.length > 0 || page.isEnd || isAtOnce) return page;
    }
  }

  /** Undefined where the signal has ended it. */
  private async poll(
    arn: string,
    shardId: string,
    cursor: string,
    { max, signal, isAtOnce }: ShardPull & { readonly isAtOnce: boolean },
  ): Promise<ShardRead | undefined> {
    const { api, clock } = this.deps;
    const key = keyOf(arn, shardId, cursor);
    const place = placeOf(cursor);
    try {
      const kept = this.iterators.get(key);
      const iterator = kept ?? (await api.iterator(arn, shardId, madeAnew(place)));
      this.iterators.delete(key);
      const page = await api.records({ arn, shardId }, iterator, max, isAtOnce ? undefined : signal);
      const { nextIterator, isBehind } = page;
      const interval = isBehind ? BEHIND_INTERVAL_MS : POLL_INTERVAL_MS;
      this.due.set(`${arn}/${shardId}`, clock.now() + interval);
      const records = page.records
        .filter(
          ({ arrivedAtMs }) => place.at !== 'LATEST' || kept !== undefined || arrivedAtMs >= place.sinceMs,
        )
        .map((record) => ({ ...record, cursor: textOf(after(record)) }));
      const reached = page.records.at(-1);
      const next = reached === undefined ? cursor : textOf(after(reached));
      if (nextIterator === undefined) this.ended(arn, shardId);
      else this.keep(keyOf(arn, shardId, next), nextIterator);
      return { records, cursor: next, isEnd: nextIterator === undefined };
    } catch (error) {
      if (!isAtOnce && signal.aborted) return undefined;
      if (!isExpired(error)) throw error;
      return { records: [], cursor, isEnd: false };
    }
  }

  /** A shard that has ended has children: whoever follows the stream looks for them. */
  private ended(arn: string, shardId: string): void {
    this.due.delete(`${arn}/${shardId}`);
    for (const watch of this.watchers) watch(arn);
  }

  private keep(key: string, iterator: string): void {
    if (this.iterators.size >= MAX_KEPT_ITERATORS) this.iterators.clear();
    this.iterators.set(key, iterator);
  }

  private async turnOf(
    arn: string,
    shardId: string,
    { signal, waiting = (news) => news }: ShardPull,
  ): Promise<void> {
    const dueMs = this.due.get(`${arn}/${shardId}`) ?? 0;
    if (dueMs > this.deps.clock.now()) await waiting(this.until(dueMs, signal));
  }

  /** Resolves at a moment of service time, or when the signal ends. */
  private until(dueMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.deps.clock.at(dueMs, end);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  }
}

function startingPlace(start: StreamStart, nowMs: number): ShardPlace {
  if (start.at === 'AT_TIMESTAMP') return start;
  return start.at === 'LATEST' ? { at: start.at, sinceMs: nowMs } : { at: start.at };
}

function keyOf(arn: string, shardId: string, cursor: string): string {
  return `${arn}/${shardId}/${cursor}`;
}

function namesOf(shards: readonly StreamShard[]): string {
  return shards.map(({ shardId }) => shardId).join();
}

function after({ sequenceNumber }: PolledRecord): ShardPlace {
  return { at: 'AFTER', sequenceNumber };
}

/** The end as it was then: with what has come since. */
function madeAnew(place: ShardPlace): ShardPlace {
  return place.at === 'LATEST' ? { at: 'AT_TIMESTAMP', timestampMs: place.sinceMs } : place;
}

/** An iterator lives for five minutes at Kinesis, for fifteen at DynamoDB. */
function isExpired(error: unknown): boolean {
  return error instanceof AwsError && error.code === 'ExpiredIteratorException';
}
