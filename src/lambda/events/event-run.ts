/** One attempt at an event, and what follows from how it ended. */
import { backOffMs } from '../../core/back-off.ts';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { Faults } from '../invoke/faults.ts';
import type { InternalEvent, Invoker } from '../invoke/invoke.ts';
import type { EventInvokeConfig } from '../records/event-invoke-config.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { EventAttributes, EventProgress, OutgoingRecord } from './asynchronous-event.ts';
import { parseAttributes, parseProgress } from './asynchronous-event.ts';
import { busEvent, isEventBus } from './bus-event.ts';
import {
  BACK_OFF,
  DEFAULT_EVENT_AGE_SECONDS,
  DEFAULT_RETRY_ATTEMPTS,
  ERROR_RETRY_DELAYS_MS,
} from './event-limits.ts';
import type { EventMetrics } from './event-metrics.ts';
import type { Ending, Verdict } from './function-queue.ts';
import type { Condition, LastRun } from './invocation-record.ts';
import { deadLetterAttributes, destinationRecord } from './invocation-record.ts';
import type { OutgoingDelivery } from './outgoing-delivery.ts';

/** What is set of a function as it is now: settings count at the time of the attempt. */
export interface EventSettings {
  config(name: FunctionName, qualifier: string | undefined): EventInvokeConfig | undefined;
  reservedConcurrency(name: FunctionName): number | undefined;
  /** Of the version that has run, or else of the one that would. */
  deadLetterTarget(attributes: EventAttributes, executedVersion: string | undefined): string | undefined;
}

export interface EventRunDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EventMetrics;
  readonly invoker: Pick<Invoker, 'run'>;
  readonly settings: EventSettings;
  readonly delivery: OutgoingDelivery;
  readonly faults: Faults;
}

/** The status of a failure that no AWS error describes. */
const INTERNAL_STATUS = 500;
const THROTTLED_STATUS = 429;

interface Attempt {
  readonly attributes: EventAttributes;
  readonly progress: EventProgress;
  readonly payload: Buffer;
  readonly config: EventInvokeConfig | undefined;
  /** Service time at which the event is too old. */
  readonly expiresMs: number;
}

export class EventRunner {
  private readonly deps: EventRunDependencies;
  private isClosing = false;

  constructor(deps: EventRunDependencies) {
    this.deps = deps;
  }

  /** What fails from now on fails because the server ends, which is worth no line in its log. */
  close(): void {
    this.isClosing = true;
  }

  /** Never rejects. */
  async run(event: QueuedEvent): Promise<Verdict> {
    const attributes = parseAttributes(event.attributes);
    const progress = parseProgress(event.note);
    if (progress.outgoing !== undefined)
      return { ...(await this.deps.delivery.attempt(attributes, progress)), taken: 'not asked' };
    const { payload } = event;
    const config = this.deps.settings.config(attributes, attributes.qualifier);
    const ageSeconds = config?.maximumEventAgeSeconds ?? DEFAULT_EVENT_AGE_SECONDS;
    const attempt: Attempt = {
      attributes,
      progress,
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      config,
      expiresMs: attributes.acceptedMs + ageSeconds * 1_000,
    };
    if (this.deps.settings.reservedConcurrency(attributes) === 0)
      return this.dropped(attempt, 'ZeroReservedConcurrency', undefined);
    if (this.deps.clock.now() >= attempt.expiresMs)
      return this.dropped(attempt, 'EventAgeExceeded', undefined);
    return this.invoke(attempt);
  }

  private async invoke(attempt: Attempt): Promise<Verdict> {
    const { attributes, payload } = attempt;
    this.deps.metrics.age(attributes, this.deps.clock.now());
    try {
      const { requestId, traceId, clientContext, tenantId } = attributes;
      const event: InternalEvent = { requestId, payload, traceId, clientContext, tenantId };
      // What a queue may do, and AWS's does at times: the event is delivered once more.
      if (this.deps.faults.strike('duplicateDelivery', attributes.functionName) !== undefined)
        await this.deps.invoker.run(attributes, event);
      const run = await this.deps.invoker.run(attributes, event);
      return await this.ran({ ...attempt, progress: counted(attempt.progress) }, run);
    } catch (error) {
      return this.refused(attempt, error);
    }
  }

  private ran(attempt: Attempt, run: LastRun): Promise<Verdict> {
    const { progress, config } = attempt;
    if (run.outcome.functionError === undefined) return this.finish(attempt, 'Success', run);
    const delayMs = ERROR_RETRY_DELAYS_MS[progress.attempts - 1];
    const retries = config?.maximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS;
    if (delayMs === undefined || progress.attempts > retries)
      return this.dropped(attempt, 'RetriesExhausted', run);
    return Promise.resolve({ ...this.postponed(attempt, delayMs, progress), taken: 'yes' });
  }

  private async refused(attempt: Attempt, error: unknown): Promise<Verdict> {
    const { attributes, progress } = attempt;
    const { name, message } = error as Error;
    const about = { functionName: attributes.functionName, requestId: attributes.requestId };
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') {
      this.deps.log.warn(about, `An event is dropped, as its function is gone. ${message}`);
      this.deps.metrics.count('AsyncEventsDropped', attributes);
      return { end: 'done', taken: 'not asked' };
    }
    if (error instanceof AwsError && error.code === 'RecursiveInvocationException') {
      this.deps.log.warn(about, `An event is dropped: ${message}`);
      this.deps.metrics.count('RecursiveInvocationsDropped', attributes);
      return this.dropped(attempt, 'RetriesExhausted', undefined);
    }
    const refusals = progress.refusals + 1;
    const status = statusOf(error);
    if (status !== THROTTLED_STATUS && !this.isClosing)
      this.deps.log.error({ ...about, error: `${name}: ${message}` }, 'An event could not be run.');
    const noted = { ...progress, refusals, lastRefusal: { status, message } };
    return {
      ...this.postponed(attempt, backOffMs(BACK_OFF, refusals), noted),
      taken: 'refused',
      expiresMs: attempt.expiresMs,
    };
  }

  /** Looked at again when it is too old, if that comes first. */
  private postponed({ expiresMs }: Attempt, delayMs: number, progress: EventProgress): Ending {
    const dueMs = Math.min(this.deps.clock.now() + delayMs, expiresMs);
    return { end: 'postponed', dueMs, note: JSON.stringify(progress) };
  }

  private dropped(attempt: Attempt, condition: Condition, run: LastRun | undefined): Promise<Verdict> {
    const { functionName, requestId } = attempt.attributes;
    this.deps.metrics.count('AsyncEventsDropped', attempt.attributes);
    this.deps.log.debug({ functionName, requestId, condition }, 'An event has not been processed.');
    return this.finish(attempt, condition, run);
  }

  private async finish(attempt: Attempt, condition: Condition, run: LastRun | undefined): Promise<Verdict> {
    const { attributes, progress } = attempt;
    const taken = run === undefined ? 'not asked' : 'yes';
    const outgoing = this.outgoing(attempt, condition, run);
    if (outgoing.length === 0) return { end: 'done', taken };
    return { ...(await this.deps.delivery.attempt(attributes, { ...progress, outgoing })), taken };
  }

  private outgoing(attempt: Attempt, condition: Condition, run: LastRun | undefined): OutgoingRecord[] {
    const { attributes, payload, progress, config } = attempt;
    const succeeded = condition === 'Success';
    const records: OutgoingRecord[] = [];
    const destinationArn = succeeded ? config?.onSuccessArn : config?.onFailureArn;
    if (destinationArn !== undefined) {
      const nowMs = this.deps.clock.now();
      const record = destinationRecord(attributes, payload, condition, progress.attempts, run, nowMs);
      const body = isEventBus(destinationArn)
        ? busEvent(destinationArn, attributes, succeeded, record)
        : record;
      records.push({ kind: 'destination', targetArn: destinationArn, body });
    }
    const deadLetterArn = succeeded
      ? undefined
      : this.deps.settings.deadLetterTarget(attributes, run?.executedVersion);
    if (deadLetterArn !== undefined) {
      records.push({
        kind: 'dead letter',
        targetArn: deadLetterArn,
        body: payload.toString(),
        attributes: deadLetterAttributes(attributes, condition, progress, run),
      });
    }
    return records;
  }
}

function counted(progress: EventProgress): EventProgress {
  return { ...progress, attempts: progress.attempts + 1 };
}

function statusOf(error: unknown): number {
  if (!(error instanceof AwsError)) return INTERNAL_STATUS;
  if (error.code === 'TooManyRequestsException') return THROTTLED_STATUS;
  return error.status ?? INTERNAL_STATUS;
}
