/** CloudWatch Logs: groups in the state store, streams and events in the stream log. */
import type { WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call, RequireOfRole } from '../../ports/call.ts';
import type { Deliver } from '../../ports/delivery.ts';
import type { Log } from '../../ports/log.ts';
import type { LogSink } from '../../ports/log-sink.ts';
import type { Service } from '../../ports/service.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import { groupOperations } from './group-operations.ts';
import { Groups } from './groups.ts';
import { LiveTail } from './live-tail.ts';
import { liveTailOperation } from './live-tail-operation.ts';
import { LogBuffer } from './log-buffer.ts';
import type { LogsContext, LogsOperations } from './logs-context.ts';
import { putLogEventsOperation } from './put-log-events.ts';
import { readOperations } from './read-operations.ts';
import { receiveDelivery } from './receive.ts';
import { ResourcePolicies } from './resource-policies.ts';
import { resourcePolicyOperations } from './resource-policy-operations.ts';
import { startRetention } from './retention.ts';
import { streamOperations } from './stream-operations.ts';
import { SubscriptionDelivery } from './subscription-delivery.ts';
import { subscriptionDestinationOperations } from './subscription-destination-operations.ts';
import { Destinations } from './subscription-destinations.ts';
import { subscriptionFilterOperations } from './subscription-filter-operations.ts';
import { Subscriptions } from './subscriptions.ts';
import { tagOperations } from './tag-operations.ts';

export interface LogsDependencies {
  readonly state: StateStore;
  readonly streamLog: StreamLog;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly deliver: Deliver;
  readonly call: Call;
  readonly requireOfRole: RequireOfRole;
}

export interface Logs {
  readonly service: Service & { readonly operations: LogsOperations };
  /** Where environments write; makes groups (without retention) and streams as needed. */
  readonly sink: LogSink;
  /** Delivers to subscribers what an earlier process has left. */
  resume(): void;
  /** Begins no further delivery to subscribers; resolves when those under way have ended. */
  closeSubscriptions(): Promise<void>;
  /** Ends what clients follow live, which would hold up a server that waits for its requests in flight. */
  endLiveTails(): void;
  /** Stores what is held and stops the jobs; the stores stay open. */
  close(): Promise<void>;
}

export async function openLogs(dependencies: LogsDependencies): Promise<Logs> {
  const { state, streamLog: store, clock, ids, log } = dependencies;
  const groups = await Groups.open(state, clock, ids, log);
  const [destinations, policies] = await Promise.all([
    Destinations.open(state),
    ResourcePolicies.open(state),
  ]);
  const liveTail = new LiveTail();
  const buffer = new LogBuffer(groups, store, clock, log, {
    taken: (group, stream, events, ingestedMs) => liveTail.publish(group, stream, events, ingestedMs),
    stored: (groupId) => subscriptions.wake(groupId),
  });
  const subscriptionDelivery = new SubscriptionDelivery({ ...dependencies, destinations });
  const subscriptions = await Subscriptions.open({
    ...dependencies,
    store,
    groups,
    delivery: subscriptionDelivery,
    settle: () => buffer.settle(),
  });
  const retention = startRetention(groups, store, clock, log);
  const context: LogsContext = {
    groups,
    store,
    buffer,
    liveTail,
    subscriptions,
    subscriptionDelivery,
    destinations,
    policies,
    clock,
    ids,
    log,
    async ingest(group, stream, ingestedMs, events) {
      const timestampsMs = events.map(({ timestampMs }) => timestampMs);
      const messages = events.map(({ message }) => message);
      await store.append([{ group: group.id, stream, ingestedMs, timestampsMs, messages }]);
      liveTail.publish(group, stream, events, ingestedMs);
      subscriptions.wake(group.id);
    },
  };
  return {
    service: {
      name: 'logs',
      operations: operationsOf(context) as Service['operations'] & LogsOperations,
      receive: receiveDelivery(context),
    },
    sink: buffer,
    resume: () => subscriptions.resume(),
    closeSubscriptions: () => subscriptions.close(),
    endLiveTails: () => liveTail.endAll(),
    async close() {
      retention.cancel();
      await subscriptions.close();
      await buffer.close();
    },
  };
}

function operationsOf(context: LogsContext): LogsOperations {
  return {
    ...groupOperations(context),
    ...streamOperations(context),
    ...putLogEventsOperation(context),
    ...readOperations(context),
    ...liveTailOperation(context),
    ...tagOperations(context),
    ...subscriptionFilterOperations(context),
    ...subscriptionDestinationOperations(context),
    ...resourcePolicyOperations(context),
  };
}
