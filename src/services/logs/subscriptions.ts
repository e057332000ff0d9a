/** All subscription filters, each with its follower. */
import type { StateStore } from '../../ports/state-store.ts';
import type { ArrivalPosition } from '../../ports/stream-log.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { Groups, LogGroupRecord } from './groups.ts';
import { limitExceeded } from './subscription-errors.ts';
import type { FollowerDependencies } from './subscription-follower.ts';
import { SubscriptionFollower } from './subscription-follower.ts';
import type { SubscriptionCursor, SubscriptionRecord } from './subscription-record.ts';
import { subscriptionKey } from './subscription-record.ts';

const FILTER_TABLE = 'logs.subscriptions';
const CURSOR_TABLE = 'logs.subscription-cursors';
/** Subscription filters of a log group, from the service's quotas. */
const MAX_FILTERS = 2;

export interface SubscriptionsDependencies extends Omit<FollowerDependencies, 'save'> {
  readonly state: StateStore;
  readonly groups: Groups;
  /** Stores what is held of log events. */
  settle(): Promise<void>;
}

export class Subscriptions {
  readonly #deps: SubscriptionsDependencies;
  readonly #filters: StoredRecords<SubscriptionRecord>;
  readonly #cursors: StoredRecords<SubscriptionCursor>;
  /** By the id of their group. */
  readonly #followers = new Map<string, Map<string, SubscriptionFollower>>();
  #isResumed = false;

  private constructor(
    deps: SubscriptionsDependencies,
    filters: StoredRecords<SubscriptionRecord>,
    cursors: StoredRecords<SubscriptionCursor>,
  ) {
    this.#deps = deps;
    this.#filters = filters;
    this.#cursors = cursors;
  }

  static async open(deps: SubscriptionsDependencies): Promise<Subscriptions> {
    const [filters, cursors] = await Promise.all([
      StoredRecords.open<SubscriptionRecord>(deps.state, FILTER_TABLE),
      StoredRecords.open<SubscriptionCursor>(deps.state, CURSOR_TABLE),
    ]);
    return new Subscriptions(deps, filters, cursors);
  }

  /** Goes on with what earlier processes have left. */
  resume(): void {
    this.#isResumed = true;
    for (const group of this.#deps.groups.all()) {
      for (const filter of this.list(group)) this.#follow(group, filter);
    }
  }

  /** Of a group, by name. */
  list(group: LogGroupRecord): SubscriptionRecord[] {
    return this.#filters.list(subscriptionKey(group.id, ''));
  }

  find(group: LogGroupRecord, name: string): SubscriptionRecord | undefined {
    return this.#filters.get(subscriptionKey(group.id, name));
  }

  /** Throws `LimitExceededException` where a filter of that name would be one too many. */
  checkLimit(group: LogGroupRecord, name: string): void {
    if (this.find(group, name) === undefined && this.list(group).length >= MAX_FILTERS) throw limitExceeded();
  }

  /** A new filter gets what arrives from now on; one put again goes on where it is. */
  async put(group: LogGroupRecord, record: SubscriptionRecord): Promise<void> {
    const key = subscriptionKey(group.id, record.name);
    if (this.#filters.get(key) === undefined) {
      await this.#deps.settle();
      await this.#cursors.put(key, { position: await this.#deps.store.end() });
      this.checkLimit(group, record.name);
    }
    await this.#filters.put(key, record);
    const follower = this.#followers.get(group.id)?.get(record.name);
    if (follower !== undefined) follower.change(record);
    else if (this.#isResumed) this.#follow(group, record);
  }

  async remove({ groupId, name }: SubscriptionRecord): Promise<void> {
    const followers = this.#followers.get(groupId);
    const follower = followers?.get(name);
    followers?.delete(name);
    if (followers?.size === 0) this.#followers.delete(groupId);
    await follower?.close();
    const key = subscriptionKey(groupId, name);
    await this.#filters.remove(key);
    await this.#cursors.remove(key);
  }

  async removeAll(group: LogGroupRecord): Promise<void> {
    await Promise.all(this.list(group).map((filter) => this.remove(filter)));
  }

  /** Events of the group have been stored. On the path of every write: next to nothing where nobody follows. */
  wake(groupId: string): void {
    const followers = this.#followers.get(groupId);
    if (followers === undefined) return;
    for (const follower of followers.values()) follower.wake();
  }

  async close(): Promise<void> {
    const all = [...this.#followers.values()].flatMap((followers) => [...followers.values()]);
    await Promise.all(all.map((follower) => follower.close()));
  }

  #follow(group: LogGroupRecord, filter: SubscriptionRecord): void {
    const key = subscriptionKey(group.id, filter.name);
    const start = this.#cursors.get(key)?.position ?? { sequence: 0, index: -1 };
    const save = (position: ArrivalPosition): Promise<void> => this.#cursors.put(key, { position });
    const follower = new SubscriptionFollower(group, filter, start, { ...this.#deps, save });
    const followers = this.#followers.get(group.id) ?? new Map<string, SubscriptionFollower>();
    followers.set(filter.name, follower);
    this.#followers.set(group.id, followers);
    follower.wake();
  }
}
