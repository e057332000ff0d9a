/** Takes events for buses: of AWS's services, of rules whose target a bus is, of Lambda's destinations. */
import { parseArn } from '../../core/arn.ts';
import { parseExact } from '../../core/exact-json.ts';
import { conditionContext } from '../../core/policy/condition-context.ts';
import { evaluate } from '../../core/policy/evaluation.ts';
import { rootPrincipal } from '../../core/policy/principal.ts';
import { checkDeliveryAccess } from '../../core/policy/service-access.ts';
import type { Delivery, Receive } from '../../ports/delivery.ts';
import type { BusRecord } from './bus-record.ts';
import { busArn, busPolicy } from './bus-record.ts';
import type { BridgeEvent } from './event.ts';
import { eventTime } from './event.ts';
import type { EventsContext } from './events-context.ts';
import { busNotFound, invalid } from './events-errors.ts';

const PRINCIPAL = 'events.amazonaws.com';

/**
 * The body is an event as JSON, which is given what it lacks. Throws `AccessDeniedException` where another account's
 * rule may not send.
 */
export function receiveDelivery({ buses, router, clock, ids }: EventsContext): Receive {
  return async ({ accountId, region, resource }, delivery) => {
    const name = resource.replace(/^event-bus\//, '');
    const bus = buses.find({ accountId, region, name });
    if (bus === undefined) throw busNotFound(name);
    checkAccess(bus, delivery);
    const given = parsed(delivery.body);
    const { source, detail, 'detail-type': detailType, time = eventTime(clock.now()) } = given;
    const isWhole =
      typeof detail === 'object' && typeof source === 'string' && typeof detailType === 'string';
    if (!isWhole || Number.isNaN(Date.parse(time))) throw notAnEvent();
    const event: BridgeEvent = {
      version: '0',
      id: ids.uuid(),
      account: parseArn(delivery.sourceArn)?.accountId || accountId,
      region,
      resources: [],
      ...given,
      time,
      'detail-type': detailType,
      source,
      detail,
      ...(isOfOtherRegion(delivery, bus) ? { id: ids.uuid() } : {}),
    };
    const { hops = 0, traceHeader } = delivery;
    await router.accept(bus, event, { hops, ...(traceHeader === undefined ? {} : { traceHeader }) });
  };
}

function parsed(body: string): Partial<BridgeEvent> {
  try {
    const given = parseExact(body);
    return typeof given === 'object' && given !== null ? given : {};
  } catch {
    throw notAnEvent();
  }
}

function notAnEvent() {
  return invalid('The input of a target that is an event bus must be an event.');
}

/** An account's own events need no permission. Source: user guide, "Sending and receiving events between event buses". */
function checkAccess(bus: BusRecord, { principal: service, sourceArn }: Delivery): void {
  const sender = parseArn(sourceArn)?.accountId ?? '';
  if (service !== PRINCIPAL || sender === bus.accountId) return;
  const access = { action: 'events:PutEvents', resource: busArn(bus) };
  const policy = busPolicy(bus);
  const principal = rootPrincipal(sender);
  const context = conditionContext({
    'aws:SourceArn': sourceArn,
    'aws:SourceAccount': sender,
    'aws:PrincipalAccount': sender,
    'aws:PrincipalArn': principal.arn,
  });
  const policies = { identity: [], resource: policy, resourceAccountId: bus.accountId };
  // A rule sends in the name of its account.
  if (evaluate({ principal, context, ...access }, policies).outcome === 'allowed') return;
  checkDeliveryAccess(policy, { service, sourceArn, ...access }, 'AccessDeniedException');
}

/** Recorded for "test_event_bus_to_event_bus_cross_account_region": an event that goes to another region gets another id. */
function isOfOtherRegion({ principal, sourceArn }: Delivery, { region }: BusRecord): boolean {
  return principal === PRINCIPAL && parseArn(sourceArn)?.region !== region;
}
