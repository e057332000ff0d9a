/**
 * Follows one group for one subscription filter: reads what arrives, delivers what matches, and keeps on disk how
 * far it has come, so that a killed server goes on there. What was under way then is delivered again.
 */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { Log } from '../../ports/log.ts';
import type { ArrivalPosition, StreamLog } from '../../ports/stream-log.ts';
import { compileFilterPattern } from './filter-pattern/filter-pattern.ts';
import type { LogGroupRecord } from './groups.ts';
import type { SubscriptionDelivery } from './subscription-delivery.ts';
import { isRetryable } from './subscription-errors.ts';
import type { SubscriptionMessage } from './subscription-message.ts';
import { subscriptionMessages } from './subscription-message.ts';
import type { SubscriptionRecord } from './subscription-record.ts';

// From the user guide, "Real-time processing of log data with subscriptions"; the pace of retries is not told there.
const MAX_RETRY_MS = 24 * 3_600_000;
const DISABLED_MS = 10 * 60_000;
const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 5 * 60_000 };
/** Characters read at a time. */
const MAX_PAGE_CHARS = 1024 * 1024;

export interface FollowerDependencies {
  readonly store: StreamLog;
  readonly delivery: SubscriptionDelivery;
  readonly clock: WorkClock;
  readonly log: Log;
  /** Keeps how far it has come. */
  save(position: ArrivalPosition): Promise<void>;
}

/** What has been read and is not delivered yet, and where to go on behind it. */
interface Batch {
  readonly messages: readonly SubscriptionMessage[];
  readonly position: ArrivalPosition;
  delivered: number;
  failures: number;
  /** Service time of the first failure of the message that comes next. */
  failedMs: number;
}

export class SubscriptionFollower {
  readonly #group: LogGroupRecord;
  readonly #deps: FollowerDependencies;
  readonly #work: ClockedWork;
  #filter: SubscriptionRecord;
  #position: ArrivalPosition;
  #batch: Batch | undefined;
  #timer: Timer | undefined;
  #isRunning = false;
  /** Something has come since the last page was asked for. */
  #hasMore = true;
  #isClosed = false;

  constructor(
    group: LogGroupRecord,
    filter: SubscriptionRecord,
    position: ArrivalPosition,
    deps: FollowerDependencies,
  ) {
    this.#group = group;
    this.#filter = filter;
    this.#position = position;
    this.#deps = deps;
    this.#work = new ClockedWork(deps.clock);
  }

  /** A filter that was put again: what has not been read yet is judged by it. */
  change(filter: SubscriptionRecord): void {
    this.#filter = filter;
  }

  /** There may be events. */
  wake(): void {
    this.#hasMore = true;
    this.#start();
  }

  /** Begins nothing more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#work.ended();
  }

  #start(): void {
    if (this.#isRunning || this.#isClosed || this.#timer !== undefined) return;
    this.#isRunning = true;
    void this.#work.run(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosed && this.#timer === undefined && (this.#hasMore || this.#batch !== undefined)) {
        this.#batch ??= await this.#read();
        if (this.#batch !== undefined) await this.#deliver(this.#batch);
      }
    } catch (error) {
      this.#warn(error, 'A subscription could not be read; it goes on in a moment.');
      this.#hasMore = true;
      this.#waitFor(BACK_OFF.firstMs);
    } finally {
      // Before the clock is told that this has ended: whoever wakes it next begins anew.
      this.#isRunning = false;
    }
  }

  async #read(): Promise<Batch | undefined> {
    this.#hasMore = false;
    const { events, position, more } = await this.#deps.store.follow({
      group: this.#group.id,
      beyond: this.#position,
      maxChars: MAX_PAGE_CHARS,
    });
    this.#hasMore ||= more;
    this.#position = position;
    const matches = compileFilterPattern(this.#filter.pattern);
    const matching = events.filter(({ message }) => matches(message));
    // Nothing to deliver again after a crash, so nothing to keep.
    if (matching.length === 0) return undefined;
    const messages = await subscriptionMessages(this.#group, this.#filter.name, matching);
    return { messages, position, delivered: 0, failures: 0, failedMs: 0 };
  }

  async #deliver(batch: Batch): Promise<void> {
    for (const message of batch.messages.slice(batch.delivered)) {
      if (this.#isClosed) return;
      try {
        await this.#deps.delivery.deliver(this.#group, this.#filter, message);
      } catch (error) {
        return this.#failed(batch, error);
      }
      this.#passed(batch);
    }
    await this.#finish(batch.position);
  }

  #passed(batch: Batch): void {
    batch.delivered += 1;
    batch.failures = 0;
  }

  async #finish(position: ArrivalPosition): Promise<void> {
    await this.#deps.save(position);
    this.#batch = undefined;
  }

  async #failed(batch: Batch, error: unknown): Promise<void> {
    const { clock } = this.#deps;
    if (!isRetryable(error)) return this.#disable(error);
    if (batch.failures === 0) {
      this.#warn(error, 'A subscription could not deliver log events; they are tried again.');
      batch.failedMs = clock.now();
    }
    batch.failures += 1;
    if (clock.now() - batch.failedMs >= MAX_RETRY_MS) {
      this.#warn(error, 'Log events could not be delivered for 24 hours; they are left out.');
      this.#passed(batch);
      return;
    }
    this.#waitFor(backOffMs(BACK_OFF, batch.failures));
  }

  /** Refused: what comes in the next ten minutes is passed over. */
  async #disable(error: unknown): Promise<void> {
    const message =
      'The destination of a subscription refuses log events; for ten minutes they are left out.';
    this.#warn(error, message);
    this.#waitFor(DISABLED_MS, async () => {
      this.#position = await this.#deps.store.end();
      await this.#finish(this.#position);
    });
  }

  #waitFor(delayMs: number, before: () => Promise<void> = async () => {}): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.at(this.#deps.clock.now() + delayMs, () =>
      this.#work.run(async () => {
        try {
          await before();
        } finally {
          this.#timer = undefined;
          this.#start();
        }
      }),
    );
  }

  #warn(error: unknown, message: string): void {
    const { destinationArn, name } = this.#filter;
    const about = { logGroup: this.#group.name, filter: name, destination: destinationArn };
    this.#deps.log.warn({ ...about, error: String(error) }, message);
  }
}
