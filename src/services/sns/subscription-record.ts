import type { EventPattern } from '../../core/event-pattern/event-pattern.ts';
import { filterPolicy } from './filter-policy.ts';

export const PROTOCOLS = ['lambda', 'sqs', 'firehose', 'http', 'https'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface SubscriptionRecord {
  readonly arn: string;
  readonly topicArn: string;
  /** Twelve digits. */
  readonly accountId: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  /** Who subscribed, as an ARN. */
  readonly principal: string;
  /** As set, by AWS's names. */
  readonly attributes: Readonly<Record<string, string>>;
  /** What confirms it, while it is not confirmed. */
  readonly token?: string;
  /** Service time, epoch milliseconds: when the token was given out. */
  readonly tokenMs: number;
  /** Confirmed by who may do so with credentials, not by a bare request. */
  readonly wasAuthenticated: boolean;
  /** Only a signed request ends it. */
  readonly authenticatesUnsubscribe: boolean;
}

/** A subscription with what its attributes say, read once for each change of them. */
export class Subscription {
  readonly record: SubscriptionRecord;
  readonly isRaw: boolean;
  readonly scope: 'MessageAttributes' | 'MessageBody';
  readonly filter: EventPattern | undefined;
  /** ARN of the dead-letter queue. */
  readonly deadLetterQueue: string | undefined;

  constructor(record: SubscriptionRecord) {
    const { attributes } = record;
    this.record = record;
    this.isRaw = attributes['RawMessageDelivery'] === 'true';
    this.scope = attributes['FilterPolicyScope'] === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
    const policy = attributes['FilterPolicy'];
    this.filter = policy === undefined ? undefined : filterPolicy(policy, this.scope);
    const redrive = attributes['RedrivePolicy'];
    this.deadLetterQueue =
      redrive === undefined
        ? undefined
        : (JSON.parse(redrive) as { deadLetterTargetArn?: string }).deadLetterTargetArn;
  }

  get isPending(): boolean {
    return this.record.token !== undefined;
  }
}
