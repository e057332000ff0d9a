/** Events on their way to targets: on disk until they have arrived, or have been given up. */
import type { BackOff } from '../../core/back-off.ts';
import { backOffMs } from '../../core/back-off.ts';
import type { WorkClock } from '../../core/clock.ts';
import type { Outcome } from '../../delivery/delivery-queue.ts';
import { DeliveryQueue } from '../../delivery/delivery-queue.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue, QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { DeliveryFailure } from './delivery-failure.ts';
import { failureOf } from './delivery-failure.ts';
import type { BridgeEvent } from './event.ts';
import { parsedEvent } from './event.ts';
import type { RuleRecord, RuleTarget } from './rule-record.ts';
import { ruleArn } from './rule-record.ts';
import type { TargetDelivery } from './target-delivery.ts';
import type { RuleName } from './target-input.ts';
import { targetInput } from './target-input.ts';

/** Source: user guide, "How EventBridge retries delivering events": by default 24 hours and up to 185 times. */
const DEFAULT_MAX_AGE_MS = 24 * 3_600_000;
const DEFAULT_MAX_RETRIES = 185;
/** AWS says "with exponential back off and jitter" and no numbers. */
const BACK_OFF: BackOff = { firstMs: 1_000, maxMs: 10 * 60_000 };
/** A dead-letter queue that refuses is tried again at this pace. AWS does not say what it does. */
const DEAD_LETTER_RETRY_MS = 20_000;
const MAX_DEAD_LETTER_ATTEMPTS = 100;
const PRINCIPAL = 'events.amazonaws.com';

/** Of an event for which its target has no place before it is too old. */
const NO_PLACE: DeliveryFailure = {
  code: 'THROTTLING',
  message: 'The rate limit of the target left no place for the event before it was too old.',
  isFinal: false,
};

export interface DeliveriesDependencies {
  readonly queue: EventQueue;
  readonly clock: WorkClock;
  readonly log: Log;
  readonly deliver: Deliver;
  readonly targets: Pick<TargetDelivery, 'placeMs' | 'deliver'>;
}

/** What is kept with an event: the target as it was when the event came. */
interface Kept {
  readonly rule: RuleName;
  readonly target: RuleTarget;
  readonly acceptedMs: number;
  readonly hops: number;
  readonly traceHeader?: string;
}

export interface Passed {
  /** Buses that have handed the event on. */
  readonly hops?: number;
  /** Of X-Ray, to be carried on. */
  readonly traceHeader?: string;
}

interface Note {
  readonly failures: number;
  /** Has waited for its place among the requests that its target takes in a second. */
  readonly isAdmitted?: true;
  /** Given up, and now for the dead-letter queue. */
  readonly dead?: {
    readonly failure: DeliveryFailure;
    readonly exhausted?: string;
    readonly refusals: number;
  };
}

export class Deliveries {
  private readonly deps: DeliveriesDependencies;
  private readonly queues = new Map<string, DeliveryQueue>();
  private isResumed = false;
  private isClosed = false;

  constructor(deps: DeliveriesDependencies) {
    this.deps = deps;
  }

  /** Goes on with what earlier processes have left. */
  async resume(): Promise<void> {
    for (const { queue } of await this.deps.queue.waiting()) this.queueOf(queue).resume();
    this.isResumed = true;
  }

  /** On disk when it resolves. */
  async send(
    rule: RuleRecord,
    target: RuleTarget,
    event: BridgeEvent,
    { hops = 0, traceHeader }: Passed = {},
  ): Promise<void> {
    const arn = ruleArn(rule);
    const name = `${arn}#${target.Id}`;
    const kept: Kept = {
      rule: { arn, name: rule.name },
      target,
      acceptedMs: this.deps.clock.now(),
      hops,
      ...(traceHeader === undefined ? {} : { traceHeader }),
    };
    const queued = {
      queue: name,
      dueMs: this.queueOf(name).nextDueMs(),
      attributes: JSON.stringify(kept),
      payload: Buffer.from(JSON.stringify(event)),
    };
    const id = await this.deps.queue.append(queued);
    // The next start goes on with it.
    if (this.isClosed) return;
    const queue = this.queueOf(name);
    if (this.isResumed) queue.accept({ ...queued, id, note: '' });
    else queue.resume();
  }

  /** From now on nothing counts as a failure; resolves when what is under way has ended, or has been broken off. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private queueOf(name: string): DeliveryQueue {
    const existing = this.queues.get(name);
    if (existing !== undefined) return existing;
    const { clock, queue, log } = this.deps;
    const made: DeliveryQueue = new DeliveryQueue(name, false, {
      clock,
      queue,
      log,
      attempt: (event) => this.attempt(event),
      idle: () => {
        if (this.queues.get(name) === made) this.queues.delete(name);
      },
    });
    this.queues.set(name, made);
    return made;
  }

  private async attempt(queued: QueuedEvent): Promise<Outcome> {
    const kept = JSON.parse(queued.attributes) as Kept;
    const note = queued.note === '' ? { failures: 0 } : (JSON.parse(queued.note) as Note);
    const event = parsedEvent(queued.payload);
    const body = targetInput(kept.target, kept.rule, event, kept.acceptedMs);
    if (note.dead !== undefined) return this.bury(kept, event, note);
    const { clock, targets } = this.deps;
    const nowMs = clock.now();
    const placeMs = note.isAdmitted === true ? nowMs : targets.placeMs(kept.target, nowMs, latestMs(kept));
    if (placeMs === undefined) return this.failed(kept, event, note, NO_PLACE);
    if (placeMs > nowMs) return again({ ...note, isAdmitted: true }, placeMs - nowMs);
    try {
      await targets.deliver({ ...kept, event, body });
      return { end: 'done' };
    } catch (error) {
      // Broken off, it says nothing of the target.
      if (this.isClosed) return again(note, 0);
      return this.failed(kept, event, note, failureOf(error));
    }
  }

  private async failed(
    kept: Kept,
    event: BridgeEvent,
    note: Note,
    failure: DeliveryFailure,
  ): Promise<Outcome> {
    const { clock, log } = this.deps;
    const { MaximumRetryAttempts: most = DEFAULT_MAX_RETRIES } = kept.target.RetryPolicy ?? {};
    const failures = note.failures + 1;
    const delayMs = Math.max(backOffMs(BACK_OFF, failures), failure.retryAfterMs ?? 0);
    const isTooOld = failure === NO_PLACE || clock.now() + delayMs > latestMs(kept);
    const exhausted =
      failures > most ? 'MaximumRetryAttempts' : isTooOld ? 'MaximumEventAgeInSeconds' : undefined;
    if (!failure.isFinal && exhausted === undefined) return again({ failures }, delayMs);
    log.warn(
      { rule: kept.rule.arn, target: kept.target.Arn, error: failure.message },
      'A target of a rule could not be reached.',
    );
    const dead = { failure, refusals: 0, ...(failure.isFinal ? {} : { exhausted: exhausted! }) };
    return this.bury(kept, event, { failures: note.failures, dead });
  }

  /** Into the dead-letter queue, where there is one. Source: user guide, "Using dead-letter queues". */
  private async bury({ rule, target }: Kept, event: BridgeEvent, note: Note): Promise<Outcome> {
    const queueArn = target.DeadLetterConfig?.Arn;
    if (queueArn === undefined) return { end: 'done' };
    const { failure, exhausted, refusals } = note.dead!;
    try {
      await this.deps.deliver(queueArn, {
        body: JSON.stringify(event),
        principal: PRINCIPAL,
        sourceArn: rule.arn,
        attributes: {
          ERROR_CODE: failure.code,
          ERROR_MESSAGE: failure.message,
          ...(exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: exhausted }),
          RETRY_ATTEMPTS: String(note.failures),
          RULE_ARN: rule.arn,
          TARGET_ARN: target.Arn,
        },
      });
      return { end: 'done' };
    } catch (error) {
      const about = { rule: rule.arn, queue: queueArn, error: String(error) };
      if (refusals + 1 >= MAX_DEAD_LETTER_ATTEMPTS) {
        this.deps.log.error(
          about,
          'A dead-letter queue has refused an event for long; the event is dropped.',
        );
        return { end: 'done' };
      }
      this.deps.log.warn(about, 'A dead-letter queue refused an event.');
      return again({ ...note, dead: { ...note.dead!, refusals: refusals + 1 } }, DEAD_LETTER_RETRY_MS);
    }
  }
}

/** When an event is too old for another attempt, milliseconds since the epoch. */
function latestMs({ acceptedMs, target }: Kept): number {
  const age = target.RetryPolicy?.MaximumEventAgeInSeconds;
  return acceptedMs + (age === undefined ? DEFAULT_MAX_AGE_MS : age * 1_000);
}

function again(note: Note, delayMs: number): Outcome {
  return { end: 'again', delayMs, note: JSON.stringify(note) };
}
