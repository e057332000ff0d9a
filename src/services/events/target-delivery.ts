import { parseArn } from '../../core/arn.ts';
import type { RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { ApiDestinationDelivery } from './api-destination-delivery.ts';
import { TargetFailure } from './delivery-failure.ts';
import type { BridgeEvent } from './event.ts';
import { invalidParameter, notImplemented } from './events-errors.ts';
import type { RuleTarget } from './rule-record.ts';
import type { RuleName } from './target-input.ts';
import { valueAt } from './target-input.ts';
import { isApiDestination, isReachedByRole } from './target-role.ts';

const PRINCIPAL = 'events.amazonaws.com';

/**
 * Times that rules hand an event on to another bus, so that no ring of them goes on for ever. Source: user guide,
 * "Sending events between event buses": what a bus got from another is not routed to a third one.
 */
const MAX_HOPS = 1;

/** Services whose resources can be targets here, by their ARNs. */
const SERVICES: ReadonlySet<string> = new Set([
  'lambda',
  'sqs',
  'sns',
  'kinesis',
  'firehose',
  'logs',
  'events',
]);

/** Throws for what is no ARN, `NotImplemented` for what no server here takes. */
export function checkTargetArn(arn: string): void {
  const service = parseArn(arn)?.service;
  if (service === undefined) throw invalidParameter('Arn');
  if (!SERVICES.has(service)) throw notImplemented(`targets of ${service}`);
}

/** An event on its way to a target. */
export interface OutgoingEvent {
  readonly rule: RuleName;
  readonly target: RuleTarget;
  readonly event: BridgeEvent;
  /** What the target is given of it. */
  readonly body: string;
  /** Buses that have handed it on. */
  readonly hops: number;
  readonly traceHeader?: string;
}

/** Hands an event to a target, in its role, or by its policy, which the receiving service asks. */
export class TargetDelivery {
  private readonly deliverTo: Deliver;
  private readonly requireOfRole: RequireOfRole;
  private readonly endpoints: ApiDestinationDelivery;

  constructor(deliver: Deliver, requireOfRole: RequireOfRole, endpoints: ApiDestinationDelivery) {
    this.deliverTo = deliver;
    this.requireOfRole = requireOfRole;
    this.endpoints = endpoints;
  }

  /** When an event has its place and need not ask again; undefined where that is not before `latestMs`. */
  placeMs({ Arn: arn }: RuleTarget, nowMs: number, latestMs: number): number | undefined {
    return isApiDestination(arn) ? this.endpoints.placeMs(arn, nowMs, latestMs) : nowMs;
  }

  async deliver({ rule, target, event, body, hops, traceHeader }: OutgoingEvent): Promise<void> {
    const byRole = await isReachedByRole(this.requireOfRole, rule, target);
    if (isApiDestination(target.Arn)) return this.endpoints.deliver(target, event, body);
    if (hops >= MAX_HOPS && parseArn(target.Arn)?.service === 'events') throw thirdBus(event);
    const group = groupOf(target, event);
    await this.deliverTo(target.Arn, {
      body,
      principal: PRINCIPAL,
      sourceArn: rule.arn,
      hops: hops + 1,
      byRole,
      ...(traceHeader === undefined ? {} : { traceHeader }),
      ...(group === undefined ? {} : { messageGroupId: group }),
    });
  }
}

/** Code and words are those that users quote from dead letters of AWS. */
function thirdBus({ id }: BridgeEvent): TargetFailure {
  const message = `Event ingestion rejected for event ${id} because an event can be sent to an event bus target only once. This event was previously delivered to an event bus target.`;
  return new TargetFailure({ code: 'THIRD_ACCOUNT_HOP_DETECTED', message, isFinal: true });
}

/** Of a FIFO queue what was chosen; of a stream the partition key, which is the event's id by default. */
function groupOf(target: RuleTarget, event: BridgeEvent): string | undefined {
  if (target.SqsParameters !== undefined) return target.SqsParameters.MessageGroupId;
  if (parseArn(target.Arn)?.service !== 'kinesis') return undefined;
  const path = target.KinesisParameters?.PartitionKeyPath;
  const value = path === undefined ? event.id : valueAt(event, path);
  return typeof value === 'string' ? value : JSON.stringify(value ?? event.id);
}
