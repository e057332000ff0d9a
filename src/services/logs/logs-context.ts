import type { Clock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { LogEvent } from '../../ports/log-sink.ts';
import type { Operations } from '../../ports/service.ts';
import type { StreamLog } from '../../ports/stream-log.ts';
import type { Groups, LogGroupRecord } from './groups.ts';
import type { LiveTail } from './live-tail.ts';
import type { LogBuffer } from './log-buffer.ts';
import type { ResourcePolicies } from './resource-policies.ts';
import type { SubscriptionDelivery } from './subscription-delivery.ts';
import type { Destinations } from './subscription-destinations.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What the operations share. */
export interface LogsContext {
  readonly groups: Groups;
  readonly store: StreamLog;
  readonly buffer: LogBuffer;
  readonly liveTail: LiveTail;
  readonly subscriptions: Subscriptions;
  readonly subscriptionDelivery: SubscriptionDelivery;
  readonly destinations: Destinations;
  readonly policies: ResourcePolicies;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Stores events at once, and shows them to whoever follows the group. */
  ingest(
    group: LogGroupRecord,
    stream: string,
    ingestedMs: number,
    events: readonly LogEvent[],
  ): Promise<void>;
}

export type LogsOperations = Operations<typeof import('@aws-sdk/client-cloudwatch-logs')>;

export const MS_PER_DAY = 86_400_000;
