import { parseArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Operations, RequestContext } from '../../ports/service.ts';
import type { ApiDestinations } from './api-destinations.ts';
import type { Archives } from './archives.ts';
import type { BusAddress, BusRecord } from './bus-record.ts';
import { DEFAULT_BUS } from './bus-record.ts';
import type { Buses } from './buses.ts';
import type { ConnectionAuthorizer } from './connection-authorizer.ts';
import type { Connections } from './connections.ts';
import type { EventRouter } from './event-router.ts';
import { busNotFound, invalidParameter, ruleNotFound } from './events-errors.ts';
import type { Replays } from './replays.ts';
import type { RuleRecord } from './rule-record.ts';
import type { Rules } from './rules.ts';

/** What the operations share. */
export interface EventsContext {
  readonly buses: Buses;
  readonly rules: Rules;
  readonly router: EventRouter;
  readonly archives: Archives;
  readonly replays: Replays;
  readonly connections: Connections;
  readonly authorizer: ConnectionAuthorizer;
  readonly apiDestinations: ApiDestinations;
  readonly clock: WorkClock;
  readonly ids: Ids;
}

export type EventsOperations = Operations<typeof import('@aws-sdk/client-eventbridge')>;

/** A bus by its name or ARN, the default one where none is named. */
export function busAddress(
  given: string | undefined,
  { accountId, region }: Pick<RequestContext, 'accountId' | 'region'>,
): BusAddress {
  const name = given ?? DEFAULT_BUS;
  if (!name.startsWith('arn:')) return { accountId, region, name };
  const arn = parseArn(name);
  const [, ofArn] = /^event-bus\/(.+)$/.exec(arn?.resource ?? '') ?? [];
  if (arn?.service !== 'events' || ofArn === undefined) throw invalidParameter('EventBusName');
  return { accountId: arn.accountId, region: arn.region, name: ofArn };
}

/** Throws `ResourceNotFoundException`. */
export function busOf(
  { buses }: EventsContext,
  given: string | undefined,
  caller: RequestContext,
): BusRecord {
  const address = busAddress(given, caller);
  const bus = buses.find(address);
  if (bus === undefined) throw busNotFound(address.name);
  return bus;
}

/** Throws `ResourceNotFoundException` for the bus or the rule. */
export function ruleOf(
  events: EventsContext,
  input: { readonly EventBusName?: string | undefined },
  name: string | undefined,
  caller: RequestContext,
): RuleRecord {
  const bus = busOf(events, input.EventBusName, caller);
  const rule = events.rules.find(bus, name ?? '');
  if (rule === undefined) throw ruleNotFound(name ?? '', bus.name);
  return rule;
}
