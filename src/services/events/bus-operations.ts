import type { CreateEventBusCommandInput, UpdateEventBusCommandInput } from '@aws-sdk/client-eventbridge';
import type { BusRecord } from './bus-record.ts';
import { busArn, DEFAULT_BUS } from './bus-record.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busAddress, busOf } from './events-context.ts';
import { alreadyExists, invalid, limitExceeded, notImplemented } from './events-errors.ts';
import { pageOf } from './page.ts';
import { tagsOf } from './tag-operations.ts';

/** Source: "Amazon EventBridge quotas", per region. */
const MAX_BUSES = 100;

type BusOperations = Required<
  Pick<
    EventsOperations,
    'CreateEventBus' | 'UpdateEventBus' | 'DescribeEventBus' | 'ListEventBuses' | 'DeleteEventBus'
  >
>;

export function busOperations(events: EventsContext): BusOperations {
  const { buses, rules, clock } = events;
  return {
    async CreateEventBus(input, caller) {
      const name = input.Name!;
      refuseUnimplemented('CreateEventBus', input);
      if (name.includes('/')) throw notImplemented('partner event buses');
      const { accountId, region } = caller;
      const nowMs = clock.now();
      const made: BusRecord = {
        accountId,
        region,
        name,
        createdMs: nowMs,
        modifiedMs: nowMs,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        tags: tagsOf(input.Tags),
      };
      await buses.create(made, (known) => {
        if (known !== undefined) throw alreadyExists(`Event bus ${name}`);
        if (buses.of(caller).length >= MAX_BUSES) throw limitExceeded();
        return made;
      });
      return { EventBusArn: busArn(made), ...described(made) };
    },

    async UpdateEventBus(input, caller) {
      refuseUnimplemented('UpdateEventBus', input);
      const address = busAddress(input.Name, caller);
      const bus = await buses.update(address, ({ description: _, ...bus }) => ({
        ...bus,
        ...modifiedAt(bus, clock.now()),
        ...(input.Description === undefined ? {} : { description: input.Description }),
      }));
      return { Arn: busArn(bus), Name: bus.name, ...described(bus) };
    },

    async DescribeEventBus(input, caller) {
      return shownBus(busOf(events, input.Name, caller));
    },

    async ListEventBuses(input, caller) {
      const found = buses.of(caller).filter(({ name }) => name.startsWith(input.NamePrefix ?? ''));
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { EventBuses: items.map(shownBus), ...next };
    },

    async DeleteEventBus(input, caller) {
      const address = busAddress(input.Name, caller);
      if (address.name === DEFAULT_BUS) throw invalid('Cannot delete event bus default.');
      await buses.remove(address, (bus) => {
        if (rules.of(bus).length > 0) throw invalid("Event bus can't be deleted since it has rules.");
      });
      return {};
    },
  };
}

/** A default bus gets its times with its first change. */
export function modifiedAt(
  { createdMs }: BusRecord,
  nowMs: number,
): Pick<BusRecord, 'createdMs' | 'modifiedMs'> {
  return { createdMs: createdMs ?? nowMs, modifiedMs: nowMs };
}

function shownBus(bus: BusRecord) {
  return {
    Name: bus.name,
    Arn: busArn(bus),
    ...described(bus),
    ...(bus.policy === undefined ? {} : { Policy: bus.policy }),
    ...(bus.createdMs === undefined ? {} : { CreationTime: new Date(bus.createdMs) }),
    ...(bus.modifiedMs === undefined ? {} : { LastModifiedTime: new Date(bus.modifiedMs) }),
  };
}

function described({ description }: BusRecord): { Description?: string } {
  return description === undefined ? {} : { Description: description };
}

/** Settings that would be kept and do nothing. */
function refuseUnimplemented(
  operation: string,
  input: Partial<CreateEventBusCommandInput & UpdateEventBusCommandInput>,
): void {
  for (const name of ['EventSourceName', 'KmsKeyIdentifier', 'DeadLetterConfig', 'LogConfig'] as const)
    if (input[name] !== undefined) throw notImplemented(`${operation} with ${name}`);
}
