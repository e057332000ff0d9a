/** Reads the shards of a stream, parents before their children, for as long as it is not stopped. */
import { setMaxListeners } from 'node:events';
import { backOffMs } from '../core/back-off.ts';
import type { WorkClock } from '../core/clock.ts';
import { ClockedWork } from '../core/clocked-work.ts';
import { AwsError } from '../core/errors.ts';
import type { Log } from '../ports/log.ts';
import type { StateStore } from '../ports/state-store.ts';
import type { StreamShard, StreamSource, StreamStart } from '../ports/stream-source.ts';
import { recordFilter } from './record-filter.ts';
import { Rests } from './rests.ts';
import { ShardReader } from './shard-reader.ts';
import type { StreamHandler, StreamPolling } from './stream-batch.ts';
import type { Checkpoints, ShardCheckpoint } from './stream-checkpoints.ts';
import { StreamCheckpoints } from './stream-checkpoints.ts';

export interface StreamPollerDependencies<Run> {
  readonly source: StreamSource;
  readonly handler: StreamHandler<Run>;
  readonly state: StateStore;
  /** Whose checkpoints they are: unique among the readers of this server. */
  readonly owner: string;
  /** Where checkpoints are kept by the source itself, and not in `state`. */
  readonly openCheckpoints?: () => Promise<Checkpoints>;
  readonly clock: WorkClock;
  readonly log: Log;
  /** Told of every failure, before the rest that follows. */
  readonly failed?: (error: unknown) => void;
}

/** After a failure to learn of shards. */
const SHARDS_REST = { firstMs: 1_000, maxMs: 60_000 };

export class StreamPoller<Run> {
  private readonly deps: StreamPollerDependencies<Run>;
  private readonly polling: StreamPolling;
  private readonly stopping = new AbortController();
  private readonly rests: Rests;
  private readonly work: ClockedWork;
  private readonly passes: ReturnType<typeof recordFilter>;
  /** Shards that are being read. */
  private readonly reading = new Map<string, Promise<void>>();
  private readonly ready = Promise.withResolvers<void>();
  private following: Promise<void> = Promise.resolve();
  private shards: readonly StreamShard[] = [];
  private checkpoints: Checkpoints | undefined;

  constructor(deps: StreamPollerDependencies<Run>, polling: StreamPolling) {
    this.deps = deps;
    this.polling = polling;
    this.rests = new Rests(deps.clock);
    this.work = new ClockedWork(deps.clock);
    this.passes = recordFilter(polling.filters);
    // The signal lasts as long as the poller, and each shard listens to it.
    setMaxListeners(0, this.stopping.signal);
  }

  start(): void {
    this.following = this.follow();
  }

  /** Resolves when the places are stored where reading begins, or it is stopped before. */
  begun(): Promise<void> {
    return this.ready.promise;
  }

  /** Takes no more, and resolves when the batches under way have been dealt with as far as one attempt goes. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.rests.endAll();
    await this.following;
    this.ready.resolve();
  }

  /** Takes no more, and resolves when what is done with is stored; what is under way ends with the server. */
  async abandon(): Promise<void> {
    void this.stop();
    await this.checkpoints?.flush().catch((error: unknown) => {
      const { logFields } = this.polling;
      this.deps.log.warn(
        { ...logFields, error: String(error) },
        'It was not stored how far a stream has been read; some of it will come again.',
      );
    });
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    const { source, state, owner } = this.deps;
    const { openCheckpoints = () => StreamCheckpoints.open(state, owner) } = this.deps;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.checkpoints ??= await openCheckpoints();
        const { checkpoints } = this;
        if (!checkpoints.hasBegun) await this.begin(checkpoints);
        this.ready.resolve();
        this.shards = await source.shards(this.polling.streamArn);
        checkpoints.retain(new Set(this.shards.map(({ shardId }) => shardId)));
        this.readShards(checkpoints);
        await source.shardsChanged(this.polling.streamArn, this.shards, signal);
        failures = 0;
      } catch (error) {
        this.failed(error);
        failures += 1;
        await this.rests.rest(backOffMs(SHARDS_REST, failures));
      }
    }
    await Promise.all(this.reading.values());
    await this.checkpoints?.flush().catch((error: unknown) => this.failed(error));
  }

  /** Keeps where reading begins in the shards that are there now. */
  private async begin(checkpoints: Checkpoints): Promise<void> {
    const { source } = this.deps;
    const { streamArn, start } = this.polling;
    const first = new Map<string, ShardCheckpoint>();
    for (const { shardId } of await source.shards(streamArn)) {
      first.set(shardId, { cursor: await source.open(streamArn, shardId, start), groups: 1 });
    }
    await checkpoints.begin(first);
  }

  /** Begins with every shard whose parents have been read to their end. */
  private readShards(checkpoints: Checkpoints): void {
    const known = new Set(this.shards.map(({ shardId }) => shardId));
    const isRead = (shardId: string): boolean =>
      !known.has(shardId) || checkpoints.find(shardId)?.isEnd === true;
    for (const { shardId, parentShardIds } of this.shards) {
      if (this.reading.has(shardId) || isRead(shardId) || !parentShardIds.every(isRead)) continue;
      const reading = this.readShard(checkpoints, shardId).finally(() => this.reading.delete(shardId));
      this.reading.set(shardId, reading);
    }
  }

  private async readShard(checkpoints: Checkpoints, shardId: string): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const checkpoint = checkpoints.find(shardId) ?? (await this.beginningOf(shardId));
        checkpoints.set(shardId, checkpoint);
        if (await this.reader(checkpoints, shardId, checkpoint).run()) {
          checkpoints.set(shardId, { ...checkpoints.find(shardId)!, isEnd: true });
          // A crash must not have its records come again after those of its children.
          await checkpoints.flush();
          this.readShards(checkpoints);
        }
        return;
      } catch (error) {
        this.failed(error);
        await this.rests.rest(backOffMs(SHARDS_REST, failures));
      }
    }
  }

  private reader(checkpoints: Checkpoints, shardId: string, checkpoint: ShardCheckpoint): ShardReader<Run> {
    const { source, handler, clock } = this.deps;
    const { polling, passes, rests, stopping } = this;
    const shared = { source, polling, handler, checkpoints, passes, clock, rests, signal: stopping.signal };
    return new ShardReader(
      {
        ...shared,
        during: (task) => this.during(task),
        waiting: (news) => this.work.pause(news),
        failed: (error) => this.failed(error),
      },
      shardId,
      checkpoint,
    );
  }

  /** A shard that has come later is read from its beginning, or what came meanwhile would be lost. */
  private async beginningOf(shardId: string): Promise<ShardCheckpoint> {
    const { streamArn, start } = this.polling;
    const at: StreamStart = start.at === 'AT_TIMESTAMP' ? start : { at: 'TRIM_HORIZON' };
    return { cursor: await this.deps.source.open(streamArn, shardId, at), groups: 1 };
  }

  /** The clock waits for the task. */
  private async during<T>(task: () => Promise<T>): Promise<T> {
    let result: { readonly value: T } | undefined;
    await this.work.run(async () => {
      result = { value: await task() };
    });
    return result!.value;
  }

  private failed(error: unknown): void {
    const isThrottled = error instanceof AwsError && error.code === 'TooManyRequestsException';
    if (isThrottled || this.stopping.signal.aborted) return;
    this.deps.failed?.(error);
    this.deps.log.warn(
      { ...this.polling.logFields, error: String(error) },
      'A reader of a stream met a failure and goes on after a rest.',
    );
  }
}
