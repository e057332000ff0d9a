import { setMaxListeners } from 'node:events';
import type { BackOff } from '../core/back-off.ts';
import { backOffMs } from '../core/back-off.ts';
import type { WorkClock } from '../core/clock.ts';
import { ClockedWork } from '../core/clocked-work.ts';
import { AwsError } from '../core/errors.ts';
import type { EventSource, SourceRecord } from '../ports/event-source.ts';
import type { Log } from '../ports/log.ts';
import { type Batch, batchesOf } from './batch.ts';
import { ConcurrencyRamp } from './concurrency-ramp.ts';
import type { ProvisionedRange } from './concurrency-scaling.ts';
import { provisionedScaling, standardScaling } from './concurrency-scaling.ts';
import { recordFilter } from './record-filter.ts';
import { Rests } from './rests.ts';

export interface QueuePollerDependencies {
  readonly source: EventSource;
  /**
   * Deals with a batch. Resolves to the records that are done with, the others come again when the source says so;
   * rejects where what deals with batches could not be had, after which polling rests.
   */
  readonly handle: (batch: Batch) => Promise<readonly SourceRecord[]>;
  /** Told of records that were taken, and how many of them no filter let through. */
  readonly polled?: (count: number, filteredOut: number) => void;
  /** Told of records that are gone from the source. */
  readonly deleted?: (count: number) => void;
  readonly clock: WorkClock;
  readonly log: Log;
}

export interface QueuePolling {
  readonly sourceArn: string;
  /** Records, at most. */
  readonly batchSize: number;
  /** Within which a batch is filled; 0: what is there at once is a batch. */
  readonly windowSeconds: number;
  /** Patterns; a record passes that any of them matches. */
  readonly filters?: readonly string[];
  readonly maximumConcurrency?: number;
  /** Pollers that are there for this source alone; absent: as many as the load asks for. */
  readonly provisionedPollers?: ProvisionedRange;
  /** Of an event without its records; default that of a list of `Records`. */
  readonly frameBytes?: number;
  /** Who polls, for the log. */
  readonly logFields: object;
}

/** After a failure that another batch would meet as well, polling rests. */
const REST: BackOff = { firstMs: 1_000, maxMs: 60_000 };

/** Pulls under way at once, since each waits for the source's disk. */
const LANES = 3;

/** Takes batches from a queue and has them handled, for as long as it is not stopped. */
export class QueuePoller {
  private readonly deps: QueuePollerDependencies;
  private readonly polling: QueuePolling;
  private readonly ramp: ConcurrencyRamp;
  private readonly passes: (record: SourceRecord) => boolean;
  private readonly stopping = new AbortController();
  /** Batches under way. */
  private readonly work: ClockedWork;
  private lanes: readonly Promise<void>[] = [];
  private failures = 0;
  private readonly rests: Rests;

  constructor(deps: QueuePollerDependencies, polling: QueuePolling) {
    this.deps = deps;
    this.polling = polling;
    this.work = new ClockedWork(deps.clock);
    this.rests = new Rests(deps.clock);
    const { maximumConcurrency, provisionedPollers: pollers } = polling;
    const scaling = pollers === undefined ? standardScaling(maximumConcurrency) : provisionedScaling(pollers);
    this.ramp = new ConcurrencyRamp(deps.clock, scaling);
    this.passes = recordFilter(polling.filters);
    // The signal lasts as long as the poller, and each lane listens to it.
    setMaxListeners(0, this.stopping.signal);
  }

  start(): void {
    // A window is there to fill one batch, not several at the same time.
    const { windowSeconds, maximumConcurrency, provisionedPollers } = this.polling;
    const several = provisionedPollers?.minimum ?? Math.min(LANES, maximumConcurrency ?? LANES);
    const lanes = windowSeconds > 0 ? 1 : several;
    this.lanes = Array.from({ length: lanes }, () => this.poll());
  }

  /** Takes no more, and resolves when what was taken has been dealt with. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.ramp.close();
    this.rests.endAll();
    await Promise.all(this.lanes);
    await this.work.ended();
  }

  /** Takes no more; what is under way ends with the server. */
  abandon(): void {
    void this.stop();
  }

  private async poll(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.ramp.acquire();
      if (this.failures > 0) await this.rests.rest(backOffMs(REST, this.failures));
      let records: readonly SourceRecord[] = [];
      try {
        if (!signal.aborted) records = await this.gathered();
      } catch (error) {
        this.failed(error);
      }
      if (records.length > 0) void this.work.run(() => this.begin(records));
      else this.ramp.release('unused');
    }
  }

  /** A batch: as many as are there at once or, with a window, as come within it. */
  private async gathered(): Promise<readonly SourceRecord[]> {
    const { batchSize, windowSeconds, sourceArn } = this.polling;
    const { source, clock } = this.deps;
    const { signal } = this.stopping;
    const records = [...(await source.pull(sourceArn, { max: batchSize, signal }))];
    if (windowSeconds === 0 || records.length === 0) return records;
    const over = new AbortController();
    const timer = clock.at(clock.now() + windowSeconds * 1_000, async () => {
      over.abort();
      // The clock waits until the batch has been taken over by those who work on it.
      await new Promise(setImmediate);
    });
    const either = AbortSignal.any([signal, over.signal]);
    try {
      while (records.length < batchSize && !either.aborted) {
        const max = batchSize - records.length;
        records.push(...(await source.pull(sourceArn, { max, signal: either })));
      }
    } catch (error) {
      // What there is is handled all the same.
      this.failed(error);
    }
    timer.cancel();
    return records;
  }

  private async begin(records: readonly SourceRecord[]): Promise<void> {
    const stored: Promise<void>[] = [];
    let succeeded = false;
    try {
      succeeded = await this.process(records, (change) =>
        // Caught at once: handling may take long before it is waited for.
        stored.push(change.catch((error: unknown) => this.failed(error))),
      );
    } catch (error) {
      this.failed(error);
    }
    // Whoever handles it is free for the next batch, whatever the disk has still to do for this one.
    this.ramp.release(succeeded ? 'succeeded' : 'failed');
    await Promise.all(stored);
  }

  /**
   * Resolves to whether all has been dealt with; `store` gets what the source is to keep of it meanwhile.
   * Rejects as `handle` does.
   */
  private async process(
    records: readonly SourceRecord[],
    store: (change: Promise<void>) => void,
  ): Promise<boolean> {
    const { source } = this.deps;
    const { sourceArn, filters, frameBytes } = this.polling;
    const passing: SourceRecord[] = [];
    const filtered: SourceRecord[] = [];
    for (const record of records) (this.passes(record) ? passing : filtered).push(record);
    this.deps.polled?.(records.length, filtered.length);
    if (filtered.length > 0) store(this.deleted(filtered));
    const batches = batchesOf(passing, filters !== undefined && filters.length > 0, frameBytes);
    let succeeded = true;
    for (const [index, batch] of batches.entries()) {
      const processed = await this.deps.handle(batch);
      this.failures = 0;
      if (processed.length > 0) store(this.deleted(processed));
      if (processed.length === batch.records.length) continue;
      succeeded = false;
      if ((await source.describe(sourceArn))?.isOrdered !== true) continue;
      // What comes after it in its group has to wait for it.
      const rest = batches.slice(index + 1).flatMap(({ records: later }) => later);
      if (rest.length > 0) store(source.release(sourceArn, handlesOf(rest)));
      break;
    }
    return succeeded;
  }

  private async deleted(records: readonly SourceRecord[]): Promise<void> {
    await this.deps.source.acknowledge(this.polling.sourceArn, handlesOf(records));
    this.deps.deleted?.(records.length);
  }

  private failed(error: unknown): void {
    this.failures += 1;
    const isThrottled = error instanceof AwsError && error.code === 'TooManyRequestsException';
    if (isThrottled || this.stopping.signal.aborted) return;
    this.deps.log.warn(
      { ...this.polling.logFields, error: String(error) },
      'A poller met a failure and goes on after a rest.',
    );
  }
}

function handlesOf(records: readonly SourceRecord[]): string[] {
  return records.map(({ handle }) => handle);
}
