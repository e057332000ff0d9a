import type { StateStore, StateWrite } from '../../ports/state-store.ts';
import type { Protocol, SubscriptionRecord } from './subscription-record.ts';
import { Subscription } from './subscription-record.ts';

const TABLE = 'sns.subscriptions';

/** All subscriptions of this server, found by ARN and by topic. */
export class Subscriptions {
  private readonly state: StateStore;
  private readonly byArn = new Map<string, Subscription>();
  private readonly byTopic = new Map<string, Map<string, Subscription>>();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<Subscriptions> {
    const subscriptions = new Subscriptions(state);
    for (const { value } of await state.list<SubscriptionRecord>(TABLE)) {
      subscriptions.hold(new Subscription(value));
    }
    return subscriptions;
  }

  find(arn: string): Subscription | undefined {
    return this.byArn.get(arn);
  }

  ofTopic(topicArn: string): Subscription[] {
    return [...(this.byTopic.get(topicArn)?.values() ?? [])];
  }

  ofEndpoint(topicArn: string, protocol: Protocol, endpoint: string): Subscription | undefined {
    return this.ofTopic(topicArn).find(
      ({ record }) => record.protocol === protocol && record.endpoint === endpoint,
    );
  }

  /** Those of an account and region, by ARN. */
  list(accountId: string, region: string): Subscription[] {
    return [...this.byArn.values()]
      .filter(({ record }) => record.accountId === accountId && record.arn.split(':')[3] === region)
      .sort((a, b) => (a.record.arn < b.record.arn ? -1 : 1));
  }

  async save(record: SubscriptionRecord): Promise<Subscription> {
    const before = this.byArn.get(record.arn);
    const after = new Subscription(record);
    // Seen at once, so that two changes at the same time build on one another.
    this.hold(after);
    try {
      await this.state.commit([{ table: TABLE, key: record.arn, value: record }]);
    } catch (error) {
      if (before === undefined) this.drop(after);
      else this.hold(before);
      throw error;
    }
    return after;
  }

  async delete(arn: string): Promise<void> {
    const subscription = this.byArn.get(arn);
    if (subscription === undefined) return;
    await this.state.commit([{ table: TABLE, key: arn, delete: true }]);
    this.drop(subscription);
  }

  /** What takes all those of a topic out of the store. */
  deletionOf(topicArn: string): StateWrite[] {
    return this.ofTopic(topicArn).map(({ record }) => ({ table: TABLE, key: record.arn, delete: true }));
  }

  forgetTopic(topicArn: string): void {
    for (const subscription of this.ofTopic(topicArn)) this.drop(subscription);
  }

  private hold(subscription: Subscription): void {
    const { arn, topicArn } = subscription.record;
    this.byArn.set(arn, subscription);
    const held = this.byTopic.get(topicArn);
    if (held === undefined) this.byTopic.set(topicArn, new Map([[arn, subscription]]));
    else held.set(arn, subscription);
  }

  private drop({ record: { arn, topicArn } }: Subscription): void {
    this.byArn.delete(arn);
    const held = this.byTopic.get(topicArn);
    held?.delete(arn);
    if (held?.size === 0) this.byTopic.delete(topicArn);
  }
}
