import { parseArn } from '../../core/arn.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { ApiDestinationDelivery } from './api-destination-delivery.ts';
import { EndpointFailure } from './delivery-failure.ts';
import type { BridgeEvent } from './event.ts';
import { invalidParameter, notImplemented } from './events-errors.ts';
import type { RuleTarget } from './rule-record.ts';
import { valueAt } from './target-input.ts';

const PRINCIPAL = 'events.amazonaws.com';

/**
 * Rules may lead an event round in a ring of buses. AWS lets them and charges for it; here it ends after as many
 * buses as Lambda lets an event go round through functions.
 */
const MAX_HOPS = 16;

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

/** Hands an event to a target, whose policy the receiving service asks. */
export class TargetDelivery {
  private readonly deliverTo: Deliver;
  private readonly endpoints: ApiDestinationDelivery;

  constructor(deliver: Deliver, endpoints: ApiDestinationDelivery) {
    this.deliverTo = deliver;
    this.endpoints = endpoints;
  }

  /** How long an event has to wait for its place, milliseconds; it need not ask again. */
  waitMs({ Arn: arn }: RuleTarget, nowMs: number): number {
    return isApiDestination(arn) ? this.endpoints.waitMs(arn, nowMs) : 0;
  }

  /** `hops`: buses that the event has been through. */
  async deliver(
    target: RuleTarget,
    ruleArn: string,
    event: BridgeEvent,
    body: string,
    hops: number,
  ): Promise<void> {
    if (isApiDestination(target.Arn)) return this.endpoints.deliver(target, event, body);
    if (hops >= MAX_HOPS && parseArn(target.Arn)?.service === 'events') throw tooManyHops(target.Arn);
    const group = groupOf(target, event);
    await this.deliverTo(target.Arn, {
      body,
      principal: PRINCIPAL,
      sourceArn: ruleArn,
      hops: hops + 1,
      ...(group === undefined ? {} : { messageGroupId: group }),
    });
  }
}

function tooManyHops(arn: string): EndpointFailure {
  const message = `The event has been through ${MAX_HOPS} event buses and is not handed on to ${arn}; rules that lead in a ring have to be changed.`;
  return new EndpointFailure({ code: 'INVALID_PARAMETER', message, isFinal: true });
}

/** An endpoint outside, which no service of AWS has. */
export function isApiDestination(arn: string): boolean {
  return /^arn:[^:]+:events:[^:]*:[^:]*:api-destination\//.test(arn);
}

/** Of a FIFO queue what was chosen; of a stream the partition key, which is the event's id by default. */
function groupOf(target: RuleTarget, event: BridgeEvent): string | undefined {
  if (target.SqsParameters !== undefined) return target.SqsParameters.MessageGroupId;
  if (parseArn(target.Arn)?.service !== 'kinesis') return undefined;
  const path = target.KinesisParameters?.PartitionKeyPath;
  const value = path === undefined ? event.id : valueAt(event, path);
  return typeof value === 'string' ? value : JSON.stringify(value ?? event.id);
}
