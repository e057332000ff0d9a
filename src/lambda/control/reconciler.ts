/**
 * Makes functions so as they are wanted: from Pending to Active, from InProgress to Successful.
 * What is to be done is read from the stored record, so a restart takes it up again.
 */
import type { FunctionRecord } from '../records/function-record.ts';
import type { ControlContext } from './control-context.ts';

export class Reconciler {
  private readonly context: ControlContext;
  private readonly running = new Set<Promise<void>>();
  private closed = false;

  constructor(context: ControlContext) {
    this.context = context;
    context.table.onChange((before, after) => {
      if (after !== undefined && isUnfinished(after)) this.begin(after);
      if (before !== undefined && after?.code.blob !== before.code.blob)
        context.packages.discard(before.code.blob);
    });
  }

  /** Takes up what an earlier process had not finished, and removes the packages it left. */
  resume(): void {
    const { table, packages } = this.context;
    for (const record of table.all()) if (isUnfinished(record)) this.begin(record);
    this.track(packages.collect((blob) => table.usesCode(blob)));
  }

  /** Waits for what is under way; nothing new begins. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.running);
    await this.context.packages.idle();
  }

  private begin(record: FunctionRecord): void {
    if (this.closed) return;
    this.track(this.reconcile(record));
  }

  private track(work: Promise<void>): void {
    const tracked = work.catch((error: Error) => {
      this.context.log.error({ error: error.message }, 'Work on functions and their packages failed.');
    });
    this.running.add(tracked);
    void tracked.finally(() => this.running.delete(tracked));
  }

  private async reconcile(record: FunctionRecord): Promise<void> {
    const problem = await this.prepare(record);
    const { table, ids } = this.context;
    const { accountId, region, functionName, version, generation } = record;
    await table.change(accountId, region, functionName, () => {
      const current = table.find(accountId, region, functionName, version);
      // Deleted or changed meanwhile: that change has a run of its own.
      if (current === undefined || current.generation !== generation || !isUnfinished(current))
        return undefined;
      const settled = problem === undefined ? succeeded(current) : failed(current, problem);
      // A published version keeps the revision it was published with, as was recorded from AWS.
      return { put: [{ ...settled, revisionId: version === '$LATEST' ? ids.uuid() : current.revisionId }] };
    });
  }

  /** Undefined when the function can run, else the reason why not. */
  private async prepare(record: FunctionRecord): Promise<string | undefined> {
    try {
      const resolution = await this.context.catalog.resolve(record.runtime ?? '');
      if (!resolution.available) return resolution.reason;
      await this.context.packages.acquire(record.code.blob);
      this.context.packages.release(record.code.blob);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function isUnfinished({ state, lastUpdateStatus }: FunctionRecord): boolean {
  return state === 'Pending' || lastUpdateStatus === 'InProgress';
}

function succeeded(record: FunctionRecord): FunctionRecord {
  const {
    stateReason: _1,
    stateReasonCode: _2,
    lastUpdateStatusReason: _3,
    lastUpdateStatusReasonCode: _4,
    ...rest
  } = record;
  return { ...rest, state: 'Active', lastUpdateStatus: 'Successful' };
}

/** A new function is `Failed`; an update that fails leaves the state and says so in its status. */
function failed(record: FunctionRecord, reason: string): FunctionRecord {
  const status = {
    lastUpdateStatus: 'Failed',
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: 'InvalidRuntime',
  } as const;
  if (record.state !== 'Pending') return { ...record, ...status };
  return { ...record, ...status, state: 'Failed', stateReason: reason, stateReasonCode: 'InvalidRuntime' };
}
