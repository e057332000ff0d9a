import type { RequestContext } from '../../ports/service.ts';
import type { ApiDestinationRecord } from './api-destination-record.ts';
import { apiDestinationArn } from './api-destination-record.ts';
import { noSuchDestination } from './api-destinations.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { alreadyExists, invalidParameter, limitExceeded, resourceNotFound } from './events-errors.ts';
import { pageOf } from './page.ts';

/** Source: "Amazon EventBridge quotas", per region. */
const MAX_DESTINATIONS = 3_000;
/** Requests per second, where none is named. Source: API reference of CreateApiDestination. */
const DEFAULT_RATE = 300;

type DestinationOperations = Required<
  Pick<
    EventsOperations,
    | 'CreateApiDestination'
    | 'UpdateApiDestination'
    | 'DescribeApiDestination'
    | 'ListApiDestinations'
    | 'DeleteApiDestination'
  >
>;

export function apiDestinationOperations(events: EventsContext): DestinationOperations {
  const { apiDestinations, connections, clock, ids } = events;
  const checked = (input: {
    readonly ConnectionArn?: string | undefined;
    readonly InvocationEndpoint?: string | undefined;
  }): void => {
    const { ConnectionArn: arn, InvocationEndpoint: endpoint } = input;
    if (arn !== undefined && connections.byArn(arn) === undefined)
      throw resourceNotFound(`Connection '${arn.split('/')[1]}'`);
    if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
      throw invalidParameter('InvocationEndpoint');
  };
  const shown = (destination: ApiDestinationRecord) => shownDestination(events, destination);
  return {
    async CreateApiDestination(input, caller) {
      checked(input);
      const nowMs = clock.now();
      const address = addressOf(input, caller);
      const made: ApiDestinationRecord = {
        ...address,
        id: ids.uuid(),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        connectionArn: input.ConnectionArn!,
        endpoint: input.InvocationEndpoint!,
        method: input.HttpMethod!,
        rateLimit: input.InvocationRateLimitPerSecond ?? DEFAULT_RATE,
        createdMs: nowMs,
        modifiedMs: nowMs,
      };
      await apiDestinations.change(address, (known) => {
        if (known !== undefined) throw alreadyExists(`An api-destination '${address.name}'`);
        if (apiDestinations.of(caller).length >= MAX_DESTINATIONS) throw limitExceeded();
        return made;
      });
      return changed(events, made);
    },

    async UpdateApiDestination(input, caller) {
      checked(input);
      const address = addressOf(input, caller);
      const destination = await apiDestinations.change(address, (known) => {
        if (known === undefined) throw noSuchDestination(address.name);
        return {
          ...known,
          ...(input.Description === undefined ? {} : { description: input.Description }),
          ...(input.ConnectionArn === undefined ? {} : { connectionArn: input.ConnectionArn }),
          ...(input.InvocationEndpoint === undefined ? {} : { endpoint: input.InvocationEndpoint }),
          ...(input.HttpMethod === undefined ? {} : { method: input.HttpMethod }),
          ...(input.InvocationRateLimitPerSecond === undefined
            ? {}
            : { rateLimit: input.InvocationRateLimitPerSecond }),
          modifiedMs: clock.now(),
        };
      });
      return changed(events, destination!);
    },

    async DescribeApiDestination(input, caller) {
      const destination = apiDestinations.get(addressOf(input, caller));
      const { description } = destination;
      return { ...shown(destination), ...(description === undefined ? {} : { Description: description }) };
    },

    async ListApiDestinations(input, caller) {
      const found = apiDestinations
        .of(caller)
        .filter(({ name }) => name.startsWith(input.NamePrefix ?? ''))
        .filter(({ connectionArn: arn }) => input.ConnectionArn === undefined || arn === input.ConnectionArn);
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { ApiDestinations: items.map(shown), ...next };
    },

    async DeleteApiDestination(input, caller) {
      const address = addressOf(input, caller);
      await apiDestinations.change(address, (known) => {
        if (known === undefined) throw noSuchDestination(address.name);
        return undefined;
      });
      return {};
    },
  };
}

function addressOf(
  { Name: name }: { readonly Name: string | undefined },
  { accountId, region }: RequestContext,
) {
  return { accountId, region, name: name! };
}

/** Without its connection, or where that lets nobody in, a destination can reach nothing. */
function stateOf({ connections }: EventsContext, { connectionArn: arn }: ApiDestinationRecord) {
  const state = connections.byArn(arn)?.state;
  return state === undefined || state === 'DEAUTHORIZED' ? ('INACTIVE' as const) : ('ACTIVE' as const);
}

function changed(events: EventsContext, destination: ApiDestinationRecord) {
  return {
    ApiDestinationArn: apiDestinationArn(destination),
    ApiDestinationState: stateOf(events, destination),
    CreationTime: new Date(destination.createdMs),
    LastModifiedTime: new Date(destination.modifiedMs),
  };
}

function shownDestination(events: EventsContext, destination: ApiDestinationRecord) {
  return {
    ...changed(events, destination),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.endpoint,
    HttpMethod: destination.method,
    InvocationRateLimitPerSecond: destination.rateLimit,
  };
}
