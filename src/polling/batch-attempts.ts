/** One batch of a stream from its first attempt until every record of it is done with. */
import type { BackOff } from '../core/back-off.ts';
import { backOffMs } from '../core/back-off.ts';
import type { Clock } from '../core/clock.ts';
import type { StreamRecord } from '../ports/stream-source.ts';
import type { Rests } from './rests.ts';
import type {
  BatchOutcome,
  DiscardCondition,
  StreamBatch,
  StreamHandler,
  StreamPolling,
} from './stream-batch.ts';
import type { BatchWindow } from './tumbling-window.ts';

/** A record with its JSON text and how many bytes that has. */
export interface StreamEntry {
  readonly record: StreamRecord;
  readonly text: string;
  readonly bytes: number;
}

/** Between attempts. By it a batch comes to the seven attempts in a minute that were recorded of AWS. */
const RETRY_REST: BackOff = { firstMs: 500, maxMs: 60_000 };

/** After an attempt that could not be made, which costs nobody anything: most are throttles, over in a moment. */
const REFUSAL_REST: BackOff = { firstMs: 50, maxMs: 60_000 };

export interface BatchAttemptsDependencies<Run> {
  readonly shardId: string;
  readonly polling: StreamPolling;
  readonly handler: StreamHandler<Run>;
  readonly clock: Clock;
  readonly rests: Rests;
  /** Runs what the clock is to wait for. */
  readonly during: <T>(task: () => Promise<T>) => Promise<T>;
  readonly isStopping: () => boolean;
  /** Of the records from the first on, those that the stream has no more. */
  readonly expired: (entries: readonly StreamEntry[]) => Promise<number>;
  /** Hears of each record, in order, once it is done with. */
  readonly done: (entries: readonly StreamEntry[], state: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** Source: Kinesis and DynamoDB keep records for at least 24 hours; the end of a window is worth no more attempts. */
const MAX_FINAL_AGE_SECONDS = 86_400;

/** A piece of the batch, and what has happened to it. */
interface Part<Run> {
  readonly entries: readonly StreamEntry[];
  readonly attempts: number;
  /** In a row, whatever has failed. */
  readonly failures: number;
  readonly lastRun?: Run;
  /** The last attempt could not be made. */
  readonly isRefused?: true;
  /** Nothing more is tried but to keep record of it. */
  readonly givenUp?: DiscardCondition;
}

/** What an attempt leaves of a part, first things first. */
type Remainder<Run> = readonly Part<Run>[];

export class BatchAttempts<Run> {
  private readonly deps: BatchAttemptsDependencies<Run>;
  private readonly window: () => BatchWindow | undefined;

  constructor(deps: BatchAttemptsDependencies<Run>, window: () => BatchWindow | undefined) {
    this.deps = deps;
    this.window = window;
  }

  /** Resolves to whether all is done with; otherwise the reader stops, and what is left is left alone. */
  async run(entries: readonly StreamEntry[]): Promise<boolean> {
    const { rests, during, isStopping } = this.deps;
    const parts: Part<Run>[] = [{ entries, attempts: 0, failures: 0 }];
    while (parts.length > 0) {
      const part = parts.shift()!;
      const rest = part.isRefused === true ? REFUSAL_REST : RETRY_REST;
      if (part.failures > 0) await rests.rest(backOffMs(rest, part.failures));
      if (isStopping()) return false;
      parts.unshift(...(await during(() => this.next(part))));
    }
    return true;
  }

  private async next(part: Part<Run>): Promise<Remainder<Run>> {
    if (part.givenUp !== undefined) return this.discard(part, part.givenUp);
    if (part.entries.length === 0 && this.isWindowLost()) return this.discard(part, 'RecordAgeExceeded');
    const tooOld = await this.tooOld(part);
    if (tooOld === 0) return this.attempt(part);
    const old = { ...part, entries: part.entries.slice(0, tooOld), givenUp: 'RecordAgeExceeded' } as const;
    const young = { ...part, entries: part.entries.slice(tooOld) };
    const kept = await this.discard(old, old.givenUp);
    if (young.entries.length === 0) return kept;
    return kept.length === 0 ? this.attempt(young) : [...kept, young];
  }

  private async attempt(part: Part<Run>): Promise<Remainder<Run>> {
    const { handler, done, failed } = this.deps;
    const { entries } = part;
    let outcome: BatchOutcome<Run>;
    try {
      outcome = await handler.handle(this.batchOf(entries));
    } catch (error) {
      failed(error);
      return [{ ...part, failures: part.failures + 1, isRefused: true }];
    }
    const { failedFrom = entries.length, state, run } = outcome;
    if (outcome.failedFrom === undefined || failedFrom > 0) done(entries.slice(0, failedFrom), state);
    if (outcome.failedFrom === undefined) return [];
    // What is left is a batch of its own: recorded, it has all its attempts.
    if (failedFrom > 0) {
      return [{ entries: entries.slice(failedFrom), attempts: 0, failures: 1, lastRun: run }];
    }
    return this.afterFailure({
      entries,
      attempts: part.attempts + 1,
      failures: part.failures + 1,
      lastRun: run,
    });
  }

  private afterFailure(part: Part<Run>): Remainder<Run> {
    const { entries, attempts } = part;
    const { bisectsOnError, maximumRetryAttempts } = this.deps.polling;
    if (bisectsOnError && entries.length > 1) {
      // Source: "Retain discarded batch records": splitting a batch uses up no retries.
      const middle = Math.ceil(entries.length / 2);
      return [
        { ...part, attempts: 0, entries: entries.slice(0, middle) },
        { ...part, attempts: 0, failures: 0, entries: entries.slice(middle) },
      ];
    }
    const isExhausted = maximumRetryAttempts >= 0 && attempts > maximumRetryAttempts;
    return [isExhausted ? { ...part, failures: 0, givenUp: 'RetryAttemptsExhausted' } : part];
  }

  private async discard(part: Part<Run>, condition: DiscardCondition): Promise<Remainder<Run>> {
    const { handler, done, failed, expired } = this.deps;
    // Recorded: the attempt that found records too old is counted, and nothing is said of earlier ones.
    const isOld = condition === 'RecordAgeExceeded';
    try {
      // Of a window that could not be ended there is no record to be kept.
      if (part.entries.length > 0) {
        await handler.discard({
          ...this.batchOf(part.entries),
          condition,
          invokeCount: part.attempts + (isOld ? 1 : 0),
          ...(isOld || part.lastRun === undefined ? {} : { lastRun: part.lastRun }),
        });
      }
    } catch (error) {
      failed(error);
      // Records that the stream has no more hold up nothing any longer, whatever takes no record of them.
      if ((await expired(part.entries)) < part.entries.length) {
        return [{ ...part, failures: part.failures + 1 }];
      }
    }
    done(part.entries, this.window()?.state);
    return [];
  }

  /** So many records from the first on are not to be tried any more. */
  private async tooOld({ entries, failures }: Part<Run>): Promise<number> {
    const { clock, polling, expired } = this.deps;
    const seconds = polling.maximumRecordAgeSeconds;
    if (seconds >= 0) {
      const oldestMs = clock.now() - seconds * 1_000;
      const young = entries.findIndex(({ record }) => record.arrivedAtMs >= oldestMs);
      if (young !== 0 && entries.length > 0) return young < 0 ? entries.length : young;
    }
    // A first attempt follows so soon on the reading that nobody asks.
    return failures > 0 && entries.length > 0 ? expired(entries) : 0;
  }

  private isWindowLost(): boolean {
    const endMs = this.window()?.endMs;
    return endMs !== undefined && this.deps.clock.now() - endMs > MAX_FINAL_AGE_SECONDS * 1_000;
  }

  private batchOf(entries: readonly StreamEntry[]): StreamBatch {
    const window = this.window();
    return {
      shardId: this.deps.shardId,
      records: entries.map(({ record }) => record),
      texts: entries.map(({ text }) => text),
      ...(window === undefined ? {} : { window }),
    };
  }
}
