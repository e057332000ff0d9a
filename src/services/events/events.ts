/** EventBridge: buses and rules in the state store, events on their way to targets in the event queue. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { EventQueue } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { ApiDestinationDelivery } from './api-destination-delivery.ts';
import { apiDestinationOperations } from './api-destination-operations.ts';
import { ApiDestinations } from './api-destinations.ts';
import { archiveOperations } from './archive-operations.ts';
import { Archives } from './archives.ts';
import { busOperations } from './bus-operations.ts';
import { busPolicy } from './bus-record.ts';
import { Buses } from './buses.ts';
import { ConnectionAuthorizer } from './connection-authorizer.ts';
import { connectionOperations } from './connection-operations.ts';
import { Connections } from './connections.ts';
import { Deliveries } from './deliveries.ts';
import { EventRouter } from './event-router.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { busAddress } from './events-context.ts';
import { permissionOperations } from './permission-operations.ts';
import { putEventsOperation } from './put-events.ts';
import { receiveDelivery } from './receive.ts';
import { replayOperations } from './replay-operations.ts';
import { Replays } from './replays.ts';
import { ruleOperations } from './rule-operations.ts';
import { RuleSchedules } from './rule-schedule.ts';
import { Rules } from './rules.ts';
import { TextSeal } from './sealed-text.ts';
import { tagOperations } from './tag-operations.ts';
import { TargetDelivery } from './target-delivery.ts';
import { targetOperations } from './target-operations.ts';

export interface EventsDependencies {
  readonly state: StateStore;
  /** Queues of its own. */
  readonly queue: EventQueue;
  /** And others, for what archives keep. */
  readonly archived: EventQueue;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly deliver: Deliver;
  readonly requireOfRole: RequireOfRole;
  /** Seals what connections know of others' secrets; `SEAL_KEY_BYTES`. */
  readonly sealKey: Uint8Array;
}

export interface Events {
  readonly service: Service & { readonly operations: EventsOperations };
  /** To be called when targets can be reached: goes on with what an earlier process has left. */
  resume(): Promise<void>;
  /** Ends what is under way; the stores stay open. */
  close(): Promise<void>;
}

export async function openEvents(dependencies: EventsDependencies): Promise<Events> {
  const { state, clock, ids, log, deliver, requireOfRole } = dependencies;
  const [buses, rules] = await Promise.all([Buses.open(state), Rules.open(state)]);
  const [connections, apiDestinations] = await Promise.all([
    Connections.open(state, new TextSeal(dependencies.sealKey, ids)),
    ApiDestinations.open(state),
  ]);
  const authorizer = new ConnectionAuthorizer({ connections, clock, log });
  const endpoints = new ApiDestinationDelivery(apiDestinations, connections, authorizer);
  const targets = new TargetDelivery(deliver, requireOfRole, endpoints);
  const deliveries = new Deliveries({ ...dependencies, targets });
  const router = new EventRouter(rules, deliveries);
  const archives = await Archives.open(dependencies);
  router.listen((bus, event) => archives.keep(bus, event));
  const replays = await Replays.open({ ...dependencies, archives, router });
  const schedules = new RuleSchedules({ ...dependencies, rules, deliveries });
  const context: EventsContext = {
    buses,
    rules,
    router,
    archives,
    replays,
    connections,
    authorizer,
    apiDestinations,
    clock,
    ids,
  };
  const operations: EventsOperations = {
    ...busOperations(context),
    ...permissionOperations(context),
    ...ruleOperations(context),
    ...targetOperations(context),
    ...putEventsOperation(context),
    ...tagOperations(context),
    ...archiveOperations(context),
    ...replayOperations(context),
    ...connectionOperations(context),
    ...apiDestinationOperations(context),
  };
  return {
    service: {
      name: 'events',
      operations: operations as Service['operations'] & EventsOperations,
      receive: receiveDelivery(context),
      resourcePolicy: async (arn) => {
        if (!/:event-bus\//.test(arn)) return undefined;
        const bus = buses.find(busAddress(arn, { accountId: '', region: '' }));
        return bus && busPolicy(bus);
      },
    },
    async resume() {
      await deliveries.resume();
      schedules.begin();
      archives.begin();
      replays.begin();
      authorizer.resume();
    },
    async close() {
      await schedules.close();
      await replays.close();
      await archives.close();
      const delivered = deliveries.close();
      await authorizer.close();
      await delivered;
    },
  };
}
