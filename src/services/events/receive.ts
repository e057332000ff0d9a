/** Takes events for buses: of AWS's services, of rules whose target a bus is, of Lambda's destinations. */
import { parseArn } from '../../core/arn.ts';
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
    const given = JSON.parse(delivery.body) as Partial<BridgeEvent> | null;
    const { source, detail, 'detail-type': detailType } = given ?? {};
    if (typeof detail !== 'object' || typeof source !== 'string' || typeof detailType !== 'string')
      throw invalid('The input of a target that is an event bus must be an event.');
    const event: BridgeEvent = {
      version: '0',
      id: ids.uuid(),
      account: parseArn(delivery.sourceArn)?.accountId || accountId,
      time: eventTime(clock.now()),
      region,
      resources: [],
      ...given,
      'detail-type': detailType,
      source,
      detail,
    };
    checkAccess(bus, event, delivery);
    await router.accept(bus, event);
  };
}

/** An account's own events need no permission. Source: user guide, "Sending and receiving events between event buses". */
function checkAccess(bus: BusRecord, { account }: BridgeEvent, { principal, sourceArn }: Delivery): void {
  if (principal !== PRINCIPAL || account === bus.accountId) return;
  const access = { service: principal, action: 'events:PutEvents', resource: busArn(bus), sourceArn };
  checkDeliveryAccess(busPolicy(bus), access, 'AccessDeniedException');
}
