import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { Queue } from './queue.ts';
import type { QueueAddress } from './queue-address.ts';
import { queueArn, queueKey } from './queue-address.ts';
import type { DeletedQueue, QueueRecord } from './queue-record.ts';

const TABLE = 'sqs.queues';
const DELETED_TABLE = 'sqs.deleted';

/** Source: API reference of DeleteQueue: the name is taken that long. */
const NAME_REUSE_MS = 60_000;

/** All queues of this server; a change is seen once it is stored. */
export class Queues {
  private readonly state: StateStore;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly byKey = new Map<string, Queue>();
  private readonly byArn = new Map<string, Queue>();
  private readonly deletedMs = new Map<string, number>();
  /** Names being taken, so that two calls do not make two queues. */
  private readonly making = new Map<string, Promise<Queue>>();

  private constructor(state: StateStore, clock: Clock, ids: Ids) {
    this.state = state;
    this.clock = clock;
    this.ids = ids;
  }

  static async open(state: StateStore, clock: Clock, ids: Ids): Promise<Queues> {
    const queues = new Queues(state, clock, ids);
    for (const { value } of await state.list<QueueRecord>(TABLE)) queues.hold(new Queue(value));
    const deleted = await state.list<DeletedQueue>(DELETED_TABLE);
    for (const { key, value } of deleted) queues.deletedMs.set(key, value.deletedMs);
    const forgotten = deleted.filter(({ value }) => value.deletedMs + NAME_REUSE_MS <= clock.now());
    await state.commit(forgotten.map(({ key }) => ({ table: DELETED_TABLE, key, delete: true as const })));
    return queues;
  }

  all(): Iterable<Queue> {
    return this.byKey.values();
  }

  byId(): Map<string, Queue> {
    return new Map([...this.byKey.values()].map((queue) => [queue.record.id, queue]));
  }

  find(address: QueueAddress): Queue | undefined {
    return this.byKey.get(queueKey(address));
  }

  findByArn(arn: string): Queue | undefined {
    return this.byArn.get(arn);
  }

  /** Those of an account and region, by name. */
  list(scope: Omit<QueueAddress, 'name'>): Queue[] {
    return [...this.byKey.values()]
      .filter(({ record }) => record.accountId === scope.accountId && record.region === scope.region)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  /** The queue of this name: the one there is, or a new one. */
  async findOrCreate(
    address: QueueAddress,
    attributes: QueueRecord['attributes'],
    tags: QueueRecord['tags'],
  ): Promise<{ readonly queue: Queue; readonly isNew: boolean }> {
    const key = queueKey(address);
    const existing = this.byKey.get(key) ?? (await this.making.get(key));
    if (existing !== undefined) return { queue: existing, isNew: false };
    this.checkReuse(key);
    const made = this.create(key, address, attributes, tags);
    this.making.set(key, made);
    try {
      return { queue: await made, isNew: true };
    } finally {
      this.making.delete(key);
    }
  }

  /** Stores what `change` makes of the record. */
  async update(queue: Queue, change: (record: QueueRecord) => QueueRecord): Promise<void> {
    const before = queue.record;
    const after = change(before);
    // Seen at once, so that two changes at the same time build on one another.
    queue.record = after;
    try {
      await this.state.commit([{ table: TABLE, key: queueKey(after), value: after }]);
    } catch (error) {
      if (queue.record === after) queue.record = before;
      throw error;
    }
  }

  async delete(queue: Queue): Promise<void> {
    const key = queueKey(queue.record);
    const { accountId, region, name } = queue.record;
    const deletedMs = this.clock.now();
    const tombstone: DeletedQueue = { accountId, region, name, deletedMs };
    await this.state.commit([
      { table: TABLE, key, delete: true },
      { table: DELETED_TABLE, key, value: tombstone },
    ]);
    queue.isDeleted = true;
    this.byKey.delete(key);
    this.byArn.delete(queue.arn);
    this.deletedMs.set(key, deletedMs);
  }

  private checkReuse(key: string): void {
    const deletedMs = this.deletedMs.get(key);
    if (deletedMs !== undefined && this.clock.now() < deletedMs + NAME_REUSE_MS) {
      throw new AwsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      );
    }
  }

  private async create(
    key: string,
    address: QueueAddress,
    attributes: QueueRecord['attributes'],
    tags: QueueRecord['tags'],
  ): Promise<Queue> {
    const nowMs = this.clock.now();
    const { accountId, region, name } = address;
    const record: QueueRecord = {
      id: this.ids.hex(8),
      accountId,
      region,
      name,
      createdMs: nowMs,
      modifiedMs: nowMs,
      attributes,
      tags,
    };
    await this.state.commit([
      { table: TABLE, key, value: record },
      { table: DELETED_TABLE, key, delete: true },
    ]);
    this.deletedMs.delete(key);
    const queue = new Queue(record);
    this.hold(queue);
    return queue;
  }

  private hold(queue: Queue): void {
    this.byKey.set(queueKey(queue.record), queue);
    this.byArn.set(queueArn(queue.record), queue);
  }
}
