import type { LogGroupClass } from '@aws-sdk/client-cloudwatch-logs';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';

/** A log group as stored. Its events lie in the stream log under `id`, so a name made anew starts empty. */
export interface LogGroupRecord {
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly createdMs: number;
  readonly logGroupClass: LogGroupClass;
  /** Absent: events never expire. */
  readonly retentionDays?: number;
  readonly kmsKeyId?: string;
  readonly deletionProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** Where a group lives. */
export interface GroupScope {
  readonly accountId: string;
  readonly region: string;
}

const TABLE = 'logs.groups';

/**
 * All log groups, in memory and stored. A change is seen at once and acknowledged when stored; it
 * is taken back if it cannot be.
 */
export class Groups {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #log: Log;
  readonly #records = new Map<string, LogGroupRecord>();
  /** The last record made on demand that is not stored yet. */
  #onDemand: Promise<void> | undefined;

  private constructor(state: StateStore, clock: Clock, ids: Ids, log: Log) {
    this.#state = state;
    this.#clock = clock;
    this.#ids = ids;
    this.#log = log;
  }

  static async open(state: StateStore, clock: Clock, ids: Ids, log: Log): Promise<Groups> {
    const groups = new Groups(state, clock, ids, log);
    for (const { key, value } of await state.list<LogGroupRecord>(TABLE)) groups.#records.set(key, value);
    return groups;
  }

  all(): Iterable<LogGroupRecord> {
    return this.#records.values();
  }

  /** Those of an account and region, by name. */
  list(scope: GroupScope): LogGroupRecord[] {
    return [...this.#records.values()]
      .filter((group) => group.accountId === scope.accountId && group.region === scope.region)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  find(scope: GroupScope, name: string): LogGroupRecord | undefined {
    return this.#records.get(keyOf(scope, name));
  }

  /** Throws `ResourceNotFoundException`. */
  get(scope: GroupScope, name: string): LogGroupRecord {
    const group = this.find(scope, name);
    if (!group) throw groupNotFound();
    return group;
  }

  /** For those who write logs on their own: the group, made on the spot if need be and stored soon after. */
  ensure(scope: GroupScope, name: string): LogGroupRecord {
    const existing = this.find(scope, name);
    if (existing) return existing;
    const group = this.#make(scope, name, {});
    const stored = this.#store(group)
      .catch((error: unknown) => {
        this.#log.error({ err: error, logGroup: name }, 'a log group made on demand could not be stored');
      })
      .then(() => {
        if (this.#onDemand === stored) this.#onDemand = undefined;
      });
    this.#onDemand = stored;
    return group;
  }

  /** Resolves when the groups that `ensure` made are stored: events must not be there before them. */
  get onDemandStored(): Promise<void> | undefined {
    return this.#onDemand;
  }

  /** Throws `ResourceAlreadyExistsException`. */
  async create(
    scope: GroupScope,
    name: string,
    settings: Partial<Pick<LogGroupRecord, 'logGroupClass' | 'kmsKeyId' | 'deletionProtected' | 'tags'>>,
  ): Promise<void> {
    if (this.find(scope, name)) {
      throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
    }
    await this.#store(this.#make(scope, name, settings));
  }

  async update(group: LogGroupRecord): Promise<void> {
    await this.#store(group);
  }

  /**
   * Hides the group at once, so that its name can be made anew, and forgets it once `deleteEvents`
   * has: after a crash in between it is there, empty.
   */
  async delete(group: LogGroupRecord, deleteEvents: () => Promise<void>): Promise<void> {
    const key = keyOf(group, group.name);
    this.#records.delete(key);
    try {
      await deleteEvents();
      // Not if the name has been taken again: that record stands under the same key by now.
      if (!this.#records.has(key)) await this.#state.commit([{ table: TABLE, key, delete: true }]);
    } catch (error) {
      if (!this.#records.has(key)) this.#records.set(key, group);
      throw error;
    }
  }

  #make(scope: GroupScope, name: string, settings: Partial<LogGroupRecord>): LogGroupRecord {
    return {
      id: this.#ids.uuid(),
      accountId: scope.accountId,
      region: scope.region,
      name,
      createdMs: this.#clock.now(),
      logGroupClass: 'STANDARD',
      deletionProtected: false,
      tags: {},
      ...settings,
    };
  }

  async #store(group: LogGroupRecord): Promise<void> {
    const key = keyOf(group, group.name);
    const before = this.#records.get(key);
    this.#records.set(key, group);
    try {
      await this.#state.commit([{ table: TABLE, key, value: group }]);
    } catch (error) {
      if (this.#records.get(key) === group) {
        if (before) this.#records.set(key, before);
        else this.#records.delete(key);
      }
      throw error;
    }
  }
}

export function groupNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
}

export function streamNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

function keyOf(scope: GroupScope, name: string): string {
  return `${scope.accountId}/${scope.region}/${name}`;
}
