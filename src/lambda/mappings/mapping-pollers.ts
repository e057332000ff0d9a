import { parseArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { QueuePoller } from '../../polling/queue-poller.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { Invoker } from '../invoke/invoke.ts';
import type { MappingRecord, MappingTable } from '../records/mapping-table.ts';
import { queueBatches } from './function-batches.ts';

export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

export interface MappingPollersDependencies {
  readonly table: MappingTable;
  /** By the service that an ARN names. */
  readonly sources: ReadonlyMap<string, EventSource>;
  readonly invoker: Pick<Invoker, 'run'>;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
}

/** One poller for each mapping that is enabled, and the states in between. */
export class MappingPollers {
  private readonly deps: MappingPollersDependencies;
  private readonly pollers = new Map<string, QueuePoller>();
  private readonly transitions = new Map<string, MappingState>();

  constructor(deps: MappingPollersDependencies) {
    this.deps = deps;
  }

  sourceOf(eventSourceArn: string): EventSource | undefined {
    return this.deps.sources.get(parseArn(eventSourceArn)?.service ?? '');
  }

  stateOf({ uuid, enabled }: MappingRecord): MappingState {
    return this.transitions.get(uuid) ?? (enabled ? 'Enabled' : 'Disabled');
  }

  /** What was enabled when an earlier server ended goes on; what it was deleting is gone. */
  async resume(): Promise<void> {
    for (const record of this.deps.table.all()) {
      if (record.deleting) await this.deps.table.delete(record.uuid);
      else this.startPoller(record);
    }
  }

  async create(record: MappingRecord): Promise<void> {
    await this.deps.table.put(record);
    this.startPoller(record);
  }

  /** Resolves when it is stored; it works by the new settings once the batches under way have ended. */
  async update(before: MappingRecord, after: MappingRecord): Promise<void> {
    this.refuseInTransition(before, 'update');
    const state = before.enabled === after.enabled ? 'Updating' : after.enabled ? 'Enabling' : 'Disabling';
    await this.whileIn(state, before.uuid, async (stored) => {
      await this.deps.table.put(after);
      stored();
      await this.stopPoller(before.uuid);
      this.startPoller(after);
    });
  }

  async delete(record: MappingRecord): Promise<void> {
    this.refuseInTransition(record, 'delete');
    await this.whileIn('Deleting', record.uuid, async (stored) => {
      await this.deps.table.put({ ...record, deleting: true });
      stored();
      await this.stopPoller(record.uuid);
      await this.deps.table.delete(record.uuid);
    });
  }

  close(): void {
    for (const poller of this.pollers.values()) poller.abandon();
    this.pollers.clear();
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

  private startPoller(record: MappingRecord): void {
    const source = this.sourceOf(record.eventSourceArn);
    if (!record.enabled || source === undefined) return;
    const { functionName, eventSourceArn: sourceArn } = record;
    const poller = new QueuePoller(
      { ...this.deps, source, handle: queueBatches(this.deps, record) },
      { ...record, sourceArn, logFields: { functionName, sourceArn } },
    );
    this.pollers.set(record.uuid, poller);
    poller.start();
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
