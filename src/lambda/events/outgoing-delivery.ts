/**
 * Hands the records of an event to its destinations and its dead-letter queue. What is not taken is tried again,
 * with back-off; the event leaves its queue when all have been taken, or after hours, which is an error in the log.
 */
import { backOffMs } from '../../core/back-off.ts';
import type { Log } from '../../ports/log.ts';
import { countedTrace } from '../invoke/trace-header.ts';
import type { EventAttributes, EventProgress, OutgoingRecord } from './asynchronous-event.ts';
import { BACK_OFF, MAX_DELIVERY_AGE_MS } from './event-limits.ts';
import type { EventMetrics } from './event-metrics.ts';
import type { Ending } from './function-queue.ts';
import type { RecordDeliveryDependencies } from './record-delivery.ts';
import { deliverRecord } from './record-delivery.ts';

export interface OutgoingDeliveryDependencies extends RecordDeliveryDependencies {
  readonly log: Log;
  readonly metrics: EventMetrics;
  /** The ARN of the function's role; undefined where the function is gone. */
  roleOf(attributes: EventAttributes): string | undefined;
}

export class OutgoingDelivery {
  private readonly deps: OutgoingDeliveryDependencies;

  constructor(deps: OutgoingDeliveryDependencies) {
    this.deps = deps;
  }

  /** Tries each record of `progress.outgoing` once. */
  async attempt(attributes: EventAttributes, progress: EventProgress): Promise<Ending> {
    const { clock } = this.deps;
    const refused: OutgoingRecord[] = [];
    for (const record of progress.outgoing ?? []) {
      if (!(await this.send(attributes, record))) refused.push(record);
    }
    if (refused.length === 0) return { end: 'done' };
    const sinceMs = progress.outgoingSinceMs ?? clock.now();
    if (clock.now() - sinceMs >= MAX_DELIVERY_AGE_MS) return this.givenUp(attributes, refused);
    const failures = (progress.deliveryFailures ?? 0) + 1;
    const note: EventProgress = {
      ...progress,
      outgoing: refused,
      outgoingSinceMs: sinceMs,
      deliveryFailures: failures,
    };
    return {
      end: 'postponed',
      dueMs: clock.now() + backOffMs(BACK_OFF, failures),
      note: JSON.stringify(note),
    };
  }

  private async send(attributes: EventAttributes, record: OutgoingRecord): Promise<boolean> {
    try {
      const { accountId, region, functionName, qualifier } = attributes;
      const owner = { accountId, region, functionName, qualifier, roleArn: this.deps.roleOf(attributes) };
      await deliverRecord(this.deps, owner, record.targetArn, {
        body: record.body,
        ...(record.attributes === undefined ? {} : { attributes: record.attributes }),
        folder: `aws/lambda/async/${functionName}`,
        // With this function in the chain of those that led to it; whom it is for may stop a loop.
        traceHeader: countedTrace(attributes.traceId, attributes, () => true),
      });
      return true;
    } catch (error) {
      const { name, message } = error as Error;
      this.deps.metrics.count(
        record.kind === 'destination' ? 'DestinationDeliveryFailures' : 'DeadLetterErrors',
        attributes,
      );
      this.deps.log.warn(
        { ...describe(attributes, record), error: `${name}: ${message}` },
        `A ${record.kind} did not take an event.`,
      );
      return false;
    }
  }

  private givenUp(attributes: EventAttributes, records: readonly OutgoingRecord[]): Ending {
    for (const record of records) {
      this.deps.log.error(
        describe(attributes, record),
        `A ${record.kind} has not taken an event for hours; the event is dropped.`,
      );
    }
    return { end: 'done' };
  }
}

function describe({ functionName, requestId }: EventAttributes, { targetArn }: OutgoingRecord): object {
  return { functionName, requestId, targetArn };
}
