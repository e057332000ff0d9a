import type { StateStore } from '../../ports/state-store.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TopicRecord } from './topic-record.ts';

const TABLE = 'sns.topics';

/** All topics of this server; a change is seen once it is asked for, and undone where it cannot be stored. */
export class Topics {
  private readonly state: StateStore;
  private readonly byArn = new Map<string, TopicRecord>();

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(state: StateStore): Promise<Topics> {
    const topics = new Topics(state);
    for (const { key, value } of await state.list<TopicRecord>(TABLE)) topics.byArn.set(key, value);
    return topics;
  }

  find(arn: string): TopicRecord | undefined {
    return this.byArn.get(arn);
  }

  /** Those of an account and region, by ARN. */
  list(accountId: string, region: string): TopicRecord[] {
    return [...this.byArn.values()]
      .filter((topic) => topic.accountId === accountId && topic.region === region)
      .sort((a, b) => (a.arn < b.arn ? -1 : 1));
  }

  async save(topic: TopicRecord): Promise<void> {
    const before = this.byArn.get(topic.arn);
    this.byArn.set(topic.arn, topic);
    try {
      await this.state.commit([{ table: TABLE, key: topic.arn, value: topic }]);
    } catch (error) {
      if (before === undefined) this.byArn.delete(topic.arn);
      else this.byArn.set(topic.arn, before);
      throw error;
    }
  }

  /**
   * With its subscriptions, as the API reference says. AWS ends these a while later: one was recorded
   * to be there just after its topic had gone.
   */
  async delete({ arn }: TopicRecord, subscriptions: Subscriptions): Promise<void> {
    await this.state.commit([{ table: TABLE, key: arn, delete: true }, ...subscriptions.deletionOf(arn)]);
    this.byArn.delete(arn);
    subscriptions.forgetTopic(arn);
  }
}
