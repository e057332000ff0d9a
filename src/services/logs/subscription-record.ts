import type { Distribution } from '@aws-sdk/client-cloudwatch-logs';
import type { ArrivalPosition } from '../../ports/stream-log.ts';

/** A subscription filter as stored, under the id of its group and its name. */
export interface SubscriptionRecord {
  readonly groupId: string;
  readonly name: string;
  readonly pattern: string;
  readonly destinationArn: string;
  readonly roleArn?: string;
  readonly distribution: Distribution;
  readonly applyOnTransformedLogs: boolean;
  readonly createdMs: number;
}

/** How far a subscription has come: what lies behind has been delivered, or given up. */
export interface SubscriptionCursor {
  readonly position: ArrivalPosition;
}

export function subscriptionKey(groupId: string, name: string): string {
  return `${groupId}/${name}`;
}
