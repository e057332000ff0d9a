import type { Timer, WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { EventSource, SourceRecord } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { Invoker } from '../invoke/invoke.ts';
import { newTraceHeader } from '../invoke/trace-header.ts';
import type { MappingRecord } from '../records/mapping-table.ts';
import { type Batch, batchesOf } from './batch.ts';
import { processedRecords } from './batch-result.ts';
import { ConcurrencyRamp } from './concurrency-ramp.ts';
import { recordFilter } from './record-filter.ts';

export interface PollerDependencies {
  readonly source: EventSource;
  readonly invoker: Pick<Invoker, 'run'>;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

/** After a failure that another batch would meet as well, polling rests: so long at first, doubled each time. */
const MIN_REST_MS = 1_000;
const MAX_REST_MS = 60_000;

/** Takes batches from the source of one mapping and hands them to its function, for as long as it is enabled. */
export class Poller {
  private readonly deps: PollerDependencies;
  private readonly mapping: MappingRecord;
  private readonly ramp: ConcurrencyRamp;
  private readonly passes: (record: SourceRecord) => boolean;
  private readonly stopping = new AbortController();
  private readonly atWork = new Set<Promise<void>>();
  private running: Promise<void> | undefined;
  private failures = 0;
  private rest: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(deps: PollerDependencies, mapping: MappingRecord) {
    this.deps = deps;
    this.mapping = mapping;
    this.ramp = new ConcurrencyRamp(deps.clock, mapping.maximumConcurrency);
    this.passes = recordFilter(mapping.filters);
  }

  start(): void {
    this.running = this.poll();
  }

  /** Takes no more, and resolves when what was taken has been dealt with. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.ramp.release();
    this.rest?.timer.cancel();
    this.rest?.end();
    await this.running;
    await Promise.all(this.atWork);
  }

  /** Takes no more; what is under way ends with the server. */
  abandon(): void {
    void this.stop();
  }

  private async poll(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.ramp.room();
      if (this.failures > 0) await this.resting();
      if (signal.aborted) return;
      let records: readonly SourceRecord[];
      try {
        records = await this.gathered();
      } catch (error) {
        this.failed(error);
        continue;
      }
      if (records.length > 0) this.begin(records);
    }
  }

  /** A batch: as many as are there at once or, with a window, as come within it. */
  private async gathered(): Promise<readonly SourceRecord[]> {
    const { batchSize, windowSeconds, eventSourceArn } = this.mapping;
    const { source, clock } = this.deps;
    const { signal } = this.stopping;
    const records = [...(await source.pull(eventSourceArn, { max: batchSize, signal }))];
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
        records.push(...(await source.pull(eventSourceArn, { max, signal: either })));
      }
    } catch (error) {
      // What there is goes to the function all the same.
      this.failed(error);
    }
    timer.cancel();
    return records;
  }

  private begin(records: readonly SourceRecord[]): void {
    this.ramp.begin();
    const work = this.process(records)
      .catch((error: unknown) => {
        this.failed(error);
        return false;
      })
      .then((succeeded) => {
        this.atWork.delete(work);
        this.ramp.end(succeeded);
      });
    this.atWork.add(work);
    this.deps.clock.during(work);
  }

  /** True where all went well; rejects where the function, or what it needs, could not be had. */
  private async process(records: readonly SourceRecord[]): Promise<boolean> {
    const { source } = this.deps;
    const { eventSourceArn, filters } = this.mapping;
    const passing = records.filter(this.passes);
    const filtered = records.filter((record) => !passing.includes(record));
    if (filtered.length > 0) await source.acknowledge(eventSourceArn, handlesOf(filtered));
    const batches = batchesOf(passing, filters !== undefined && filters.length > 0);
    const isOrdered = source.describe(eventSourceArn)?.isOrdered === true;
    let isWhole = true;
    for (const [index, batch] of batches.entries()) {
      if (await this.invoke(batch)) continue;
      isWhole = false;
      if (!isOrdered) continue;
      // What comes after it in its group has to wait for it.
      const rest = batches.slice(index + 1).flatMap(({ records: later }) => later);
      if (rest.length > 0) await source.release(eventSourceArn, handlesOf(rest));
      break;
    }
    return isWhole;
  }

  /** True where all of the batch was processed. The others come again when their visibility time-out ends. */
  private async invoke({ records, payload }: Batch): Promise<boolean> {
    const { invoker, ids, source, log } = this.deps;
    const { eventSourceArn, reportsItemFailures, functionName } = this.mapping;
    const requestId = ids.uuid();
    const traceId = records.find(({ traceHeader }) => traceHeader !== undefined)?.traceHeader;
    const { outcome } = await invoker.run(this.mapping, {
      requestId,
      payload,
      traceId: traceId ?? newTraceHeader(requestId),
    });
    this.failures = 0;
    if (outcome.functionError !== undefined) {
      log.debug({ functionName, requestId }, 'a function failed for a batch of its event source');
      return false;
    }
    const processed = reportsItemFailures ? processedRecords(records, outcome.payload) : records;
    if (processed.length > 0) await source.acknowledge(eventSourceArn, handlesOf(processed));
    return processed.length === records.length;
  }

  private failed(error: unknown): void {
    this.failures += 1;
    const { functionName, eventSourceArn } = this.mapping;
    const isThrottled = error instanceof AwsError && error.code === 'TooManyRequestsException';
    if (isThrottled || this.stopping.signal.aborted) return;
    this.deps.log.warn(
      { functionName, eventSourceArn, error: String(error) },
      'An event source mapping met a failure and goes on after a rest.',
    );
  }

  private async resting(): Promise<void> {
    const { clock } = this.deps;
    const restMs = Math.min(MIN_REST_MS * 2 ** (this.failures - 1), MAX_REST_MS);
    await new Promise<void>((end) => {
      this.rest = { timer: clock.at(clock.now() + restMs, end), end };
    });
    this.rest = undefined;
  }
}

function handlesOf(records: readonly SourceRecord[]): string[] {
  return records.map(({ handle }) => handle);
}
