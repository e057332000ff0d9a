import { AwsError } from '../../core/errors.ts';
import { StreamCheckpoints } from '../../polling/stream-checkpoints.ts';
import type { MappingRecord, MappingTable } from '../records/mapping-table.ts';
import type { MappingPollerDependencies } from './mapping-poller.ts';
import { mappingPoller } from './mapping-poller.ts';
import type { MappingPoller } from './poller.ts';
import type { ProcessingResult } from './stream-batches.ts';
import { NOTHING_PROCESSED } from './stream-batches.ts';

export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

export interface MappingPollersDependencies extends MappingPollerDependencies {
  readonly table: MappingTable;
}

/** One poller for each mapping that is enabled, and the states in between. */
export class MappingPollers {
  private readonly deps: MappingPollersDependencies;
  private readonly pollers = new Map<string, MappingPoller>();
  private readonly transitions = new Map<string, MappingState>();
  /** What has been started and has still to find out where its stream begins. */
  private readonly beginning = new Map<string, MappingState>();
  private readonly results = new Map<string, ProcessingResult>();
  private isClosed = false;

  constructor(deps: MappingPollersDependencies) {
    this.deps = deps;
  }

  stateOf({ uuid, enabled }: MappingRecord): MappingState {
    return this.transitions.get(uuid) ?? this.beginning.get(uuid) ?? (enabled ? 'Enabled' : 'Disabled');
  }

  /** Of the last invocation since the server started. */
  lastResult({ uuid }: MappingRecord): ProcessingResult {
    return this.results.get(uuid) ?? NOTHING_PROCESSED;
  }

  /** What was enabled when an earlier server ended goes on; what it was deleting is gone. */
  async resume(): Promise<void> {
    for (const record of this.deps.table.all()) {
      if (record.deleting) await this.forget(record);
      else this.startPoller(record, 'Enabling');
    }
  }

  async create(record: MappingRecord): Promise<void> {
    await this.deps.table.put(record);
    this.startPoller(record, 'Creating');
  }

  /** Resolves when it is stored; it works by the new settings once the batches under way have ended. */
  async update(before: MappingRecord, after: MappingRecord): Promise<void> {
    this.refuseInTransition(before, 'update');
    const state = before.enabled === after.enabled ? 'Updating' : after.enabled ? 'Enabling' : 'Disabling';
    await this.whileIn(state, before.uuid, async (stored) => {
      await this.deps.table.put(after);
      stored();
      await this.stopPoller(before.uuid);
      this.startPoller(after, state);
    });
  }

  async delete(record: MappingRecord): Promise<void> {
    this.refuseInTransition(record, 'delete');
    await this.whileIn('Deleting', record.uuid, async (stored) => {
      await this.deps.table.put({ ...record, deleting: true });
      stored();
      await this.stopPoller(record.uuid);
      await this.forget(record);
    });
  }

  private async forget({ uuid, stream }: MappingRecord): Promise<void> {
    if (stream !== undefined) await StreamCheckpoints.remove(this.deps.state, uuid);
    await this.deps.table.delete(uuid);
    this.results.delete(uuid);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const abandoned = [...this.pollers.values()].map((poller) => poller.abandon());
    this.pollers.clear();
    await Promise.all(abandoned);
  }

  /** In this state until `work` has ended; resolves when it has called `stored`. */
  private async whileIn(
    state: MappingState,
    uuid: string,
    work: (stored: () => void) => Promise<void>,
  ): Promise<void> {
    this.transitions.set(uuid, state);
    const stored = Promise.withResolvers<void>();
    const ended = work(stored.resolve).finally(() => this.transitions.delete(uuid));
    ended.catch((error: unknown) => {
      stored.reject(error);
      this.deps.log.error({ uuid, error: String(error) }, 'An event source mapping could not be changed.');
    });
    await stored.promise;
  }

  private startPoller(record: MappingRecord, state: MappingState): void {
    // Closed while the poller before it was being stopped, nothing is to begin any more.
    if (!record.enabled || this.isClosed) return;
    const { uuid } = record;
    const poller = mappingPoller(this.deps, record, (result) => this.results.set(uuid, result));
    if (poller === undefined) return;
    this.pollers.set(uuid, poller);
    poller.start();
    if (poller.begun === undefined) return;
    this.beginning.set(uuid, state);
    void poller.begun().then(() => this.beginning.delete(uuid));
  }

  private async stopPoller(uuid: string): Promise<void> {
    const poller = this.pollers.get(uuid);
    this.pollers.delete(uuid);
    await poller?.stop();
  }

  /** Words that tools quote of AWS. */
  private refuseInTransition({ uuid }: MappingRecord, what: 'update' | 'delete'): void {
    if (!this.transitions.has(uuid)) return;
    throw new AwsError(
      'ResourceInUseException',
      `Cannot ${what} the event source mapping because it is in use.`,
      { Type: 'User' },
    );
  }
}
