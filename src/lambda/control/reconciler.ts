/**
 * Makes functions so as they are wanted: from Pending to Active, from InProgress to Successful.
 * What is to be done is read from the stored record, so a restart takes it up again.
 */
import type { RuntimeInstallation } from '../../ports/environment.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import { mergedPackage } from '../../ports/package-store.ts';
import type { CodeReference, FunctionRecord } from '../records/function-record.ts';
import { hasSnapStart, LATEST, packagesOf } from '../records/function-record.ts';
import { isManaged } from '../records/managed-record.ts';
import type { SnapshotProblem } from '../records/snapshot-problem.ts';
import type { ControlContext } from './control-context.ts';
import { imageStateReasonCode } from './function-image.ts';
import type { StateProblem } from './snap-start.ts';
import { needsSnapshotAgain, RESTORING, snapshotStateProblem } from './snap-start.ts';

/** AWS's word for what this host is. */
const HOST_ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64';

export class Reconciler {
  private readonly context: ControlContext;
  private readonly running = new Set<Promise<void>>();
  private closed = false;

  constructor(context: ControlContext) {
    this.context = context;
    context.table.onChange((before, after) => {
      if (after !== undefined && isUnfinished(after)) this.begin(after);
      if (before !== undefined) this.discard(before, after);
    });
    context.layers.onChange((before, after) => {
      if (before !== undefined && after === undefined) context.packages.discard(before.code.blob);
    });
  }

  /** Takes up what an earlier process had not finished, and removes the packages it left. */
  resume(): void {
    const { table, layers, packages, images } = this.context;
    for (const record of table.all()) {
      if (isUnfinished(record)) this.begin(record);
      else if (needsSnapshotAgain(record)) this.track(this.snapshotAgain(record));
    }
    this.track(images.collect((sha256) => table.usesCode(sha256)));
    this.track(packages.collect((blob) => table.usesCode(blob) || layers.usesCode(blob)));
  }

  /** Waits for what is under way; nothing new begins. */
  async close(): Promise<void> {
    this.closed = true;
    this.context.images.interrupt();
    await Promise.all(this.running);
    await this.context.packages.idle();
    await this.context.images.close();
  }

  private discard(before: FunctionRecord, after: FunctionRecord | undefined): void {
    if (before.code.image !== undefined) {
      this.context.images.discard(before.code.blob);
      return;
    }
    const kept = after === undefined ? new Set() : packagesOf(after);
    for (const blob of packagesOf(before)) if (!kept.has(blob)) this.context.packages.discard(blob);
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
    const problem = (await this.prepare(record)) ?? (await this.startProblem(record));
    // The record stays as it is, so that the next start takes it up again.
    if (problem === 'interrupted') return;
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

  /** Undefined when the function can run, else why not. */
  private async prepare(record: FunctionRecord): Promise<Problem | 'interrupted' | undefined> {
    const { catalog, packages } = this.context;
    const { runtime = '', code, layers } = record;
    if (code.image !== undefined) return this.prepareImage(code, code.image.resolvedUri);
    const resolution = await catalog.resolve(runtime);
    if (!resolution.available) return { reason: resolution.reason, code: 'InvalidRuntime' };
    this.warnOfArchitecture(record, resolution.installation);
    try {
      await packages.acquire(code.blob);
      packages.release(code.blob);
      const blobs = layers.map(({ blob }) => blob);
      if (blobs.length > 0) {
        await packages.acquireMerged(blobs);
        packages.release(mergedPackage(blobs));
      }
      return undefined;
    } catch (error) {
      return { reason: (error as Error).message, code: 'InternalError' };
    }
  }

  /** Of a version that has something running before it is Active. */
  private async startProblem(record: FunctionRecord): Promise<Problem | 'interrupted' | undefined> {
    const { takeSnapshot, startManaged } = this.context;
    const isPublished = record.version !== LATEST;
    try {
      let problem: SnapshotProblem | undefined;
      if (hasSnapStart(record)) problem = await takeSnapshot(record);
      else if (isPublished && isManaged(record)) problem = await startManaged(record);
      return problem && snapshotStateProblem(problem);
    } catch (error) {
      return { reason: (error as Error).message, code: 'InternalError' };
    }
  }

  /** Makes the version Pending, and so begins it anew. */
  private async snapshotAgain({ accountId, region, functionName, version }: FunctionRecord): Promise<void> {
    const { table } = this.context;
    await table.change(accountId, region, functionName, () => {
      const current = table.find(accountId, region, functionName, version);
      return current === undefined ? undefined : { put: [{ ...current, ...RESTORING }] };
    });
  }

  private async prepareImage(
    { blob: sha256 }: CodeReference,
    resolvedUri: string,
  ): Promise<Problem | 'interrupted' | undefined> {
    const { images } = this.context;
    try {
      await images.acquire({ sha256, resolvedUri });
      images.release(sha256);
      return undefined;
    } catch (error) {
      const reason = (error as Error).message;
      if (!(error instanceof ImageProblem)) return { reason, code: 'InternalError' };
      return error.kind === 'interrupted' ? 'interrupted' : { reason, code: imageStateReasonCode(error) };
    }
  }

  /** Interpreted code mostly runs anywhere; what brings its own runtime is made for one architecture. */
  private warnOfArchitecture(record: FunctionRecord, { family }: RuntimeInstallation): void {
    const [wanted = 'x86_64'] = record.architectures;
    if (family !== 'provided' || wanted === HOST_ARCHITECTURE) return;
    this.context.log.warn(
      { functionName: record.functionName, wanted, here: HOST_ARCHITECTURE },
      'A function with a runtime of its own asks for another architecture than this host has.',
    );
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

interface Problem {
  readonly reason: string;
  readonly code: 'InvalidRuntime' | StateProblem['code'] | ReturnType<typeof imageStateReasonCode>;
}

/** A new function is `Failed`; an update that fails leaves the state and says so in its status. */
function failed(record: FunctionRecord, { reason, code }: Problem): FunctionRecord {
  const status = {
    lastUpdateStatus: 'Failed',
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: code,
  } as const;
  if (record.state !== 'Pending') return { ...record, ...status };
  return { ...record, ...status, state: 'Failed', stateReason: reason, stateReasonCode: code };
}
