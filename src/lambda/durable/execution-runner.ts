/**
 * One durable execution that has not ended. Its changes follow one another; each is stored before its
 * consequences: timers, invocations, those who wait for its end.
 *
 *   idle ──(something to do)──► invoking ──► idle | ended
 *
 * At most one invocation is under way. What changes meanwhile is told to it by its next checkpoint,
 * or, when it answers PENDING first, leads to the next invocation at once.
 */
import type { OperationUpdate } from '@aws-sdk/client-lambda';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { applyDue, nextDueMs } from './due-operations.ts';
import { callbackClosed, callbackNotFound, invalidCheckpointToken } from './durable-errors.ts';
import type { DurableExecution, DurableOperation } from './durable-execution.ts';
import { isOpen } from './durable-execution.ts';
import { CALLBACK_SECRET_BYTES, RETRY } from './durable-limits.ts';
import { isKeyFailure } from './execution-cipher.ts';
import { ExecutionDraft } from './execution-draft.ts';
import type { OperationEnd } from './execution-end.ts';
import { endExecution, endOperation } from './execution-end.ts';
import { countUpdates } from './execution-size.ts';
import type { ExecutionStore } from './execution-store.ts';
import { encodeCheckpointToken } from './execution-token.ts';
import { completeInvocation } from './invocation-completion.ts';
import type { InvocationEnd } from './invocation-exchange.ts';
import { invocationInput } from './invocation-exchange.ts';
import { applyUpdate } from './operation-updates.ts';
import { checkUpdates } from './update-validation.ts';

export interface RunnerDependencies {
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly store: ExecutionStore;
  /** Runs the execution's version with an event; throws AWS's error where it cannot be run. */
  invoke(execution: DurableExecution, requestId: string, payload: Buffer): Promise<InvocationEnd>;
  /** Runs another function for an operation of the execution. */
  chain(execution: DurableExecution, operation: DurableOperation): Promise<OperationEnd>;
  /** After each change that has been stored. */
  onChange(execution: DurableExecution): void;
  /** The execution has ended, and so has its last invocation: it is not needed any more. */
  onDone(execution: DurableExecution): void;
  /** Work that nobody waits for has failed, as when nothing can be stored; it is tried again. */
  onFailure(execution: DurableExecution, error: unknown): void;
}

/** What a checkpoint is answered with. */
export interface Checkpoint {
  /** Absent once the execution has ended. */
  readonly token: string | undefined;
  /** Operations that have changed since the checkpoint before. */
  readonly operations: readonly DurableOperation[];
}

interface Invocation {
  readonly invocationId: string;
  sequence: number;
  /** The last checkpoint, for a client that asks again because it has not heard. */
  last?: { readonly clientToken: string; readonly answer: Checkpoint };
}

export class ExecutionRunner {
  private current: DurableExecution;
  private readonly held: Map<string, DurableOperation>;
  private readonly deps: RunnerDependencies;
  private turn: Promise<unknown> = Promise.resolve();
  private timer: Timer | undefined;
  private invocation: Invocation | undefined;
  /** Changed by something else than the function, which has not been told yet. */
  private readonly news = new Set<string>();
  private readonly chaining = new Set<string>();
  private isClosed = false;
  /** It has begun: others know of it. */
  private isStored: boolean;

  constructor(
    deps: RunnerDependencies,
    execution: DurableExecution,
    operations: readonly DurableOperation[],
  ) {
    this.deps = deps;
    this.current = execution;
    this.isStored = execution.eventCount > 0;
    this.held = new Map(operations.map((operation) => [operation.id, operation]));
  }

  get execution(): DurableExecution {
    return this.current;
  }

  get operations(): ReadonlyMap<string, DurableOperation> {
    return this.held;
  }

  /** Stores the beginning of the execution, and begins. */
  begin(draft: ExecutionDraft): Promise<void> {
    return this.inTurn(async () => {
      await this.store(draft);
      this.follow();
    });
  }

  /** Takes up what is to be done after a start of the server. */
  resume(): void {
    this.follow();
  }

  /** Throws where the token is not the latest one. */
  checkToken(token: string): void {
    if (token !== this.token()) throw invalidCheckpointToken();
  }

  checkpoint(
    token: string,
    clientToken: string | undefined,
    updates: readonly OperationUpdate[],
  ): Promise<Checkpoint> {
    return this.inTurn(async () => {
      const { invocation } = this;
      const { last } = invocation ?? {};
      if (last !== undefined && clientToken !== undefined && last.clientToken === clientToken)
        return last.answer;
      this.checkToken(token);
      checkUpdates(updates, this.held);
      const draft = this.draft();
      for (const update of updates) applyUpdate(draft, update, this.deps.ids.hex(CALLBACK_SECRET_BYTES));
      countUpdates(draft, updates);
      const told = new Set([...this.news, ...draft.changed.keys()]);
      await this.store(draft);
      for (const id of told) this.news.delete(id);
      if (invocation !== undefined) invocation.sequence += 1;
      const answer: Checkpoint = {
        token: this.token(),
        operations: [...told].map((id) => this.held.get(id)!),
      };
      if (invocation !== undefined && clientToken !== undefined) invocation.last = { clientToken, answer };
      this.follow();
      return answer;
    });
  }

  /** Ends a callback from outside. */
  endCallback(operationId: string, callbackId: string, end: OperationEnd): Promise<void> {
    return this.change((draft) => endOperation(draft, this.openCallback(operationId, callbackId), end));
  }

  heartbeat(operationId: string, callbackId: string): Promise<void> {
    return this.change((draft) => {
      const operation = this.openCallback(operationId, callbackId);
      const { heartbeatSeconds } = operation.callback!;
      if (heartbeatSeconds === undefined) return;
      const heartbeatMs = draft.nowMs + heartbeatSeconds * 1_000;
      draft.put({ ...operation, callback: { ...operation.callback!, heartbeatMs } });
    });
  }

  /** Ends the execution from outside, unless it has ended. */
  stop(error: DurableExecution['error']): Promise<void> {
    return this.change((draft) => {
      if (draft.execution.status === 'RUNNING') endExecution(draft, 'STOPPED', undefined, error ?? {});
    });
  }

  /** Nothing more is begun; resolves when what has been is over. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.turn;
  }

  private token(): string | undefined {
    if (this.invocation === undefined || this.current.status !== 'RUNNING') return undefined;
    const { invocationId, sequence } = this.invocation;
    return encodeCheckpointToken({ executionId: this.current.executionId, invocationId, sequence });
  }

  private openCallback(operationId: string, callbackId: string): DurableOperation {
    const operation = this.held.get(operationId);
    if (operation?.callback?.callbackId !== callbackId) throw callbackNotFound(callbackId);
    if (!isOpen(operation) || this.current.status !== 'RUNNING') throw callbackClosed(callbackId);
    return operation;
  }

  private draft(): ExecutionDraft {
    return new ExecutionDraft(this.current, this.held, this.deps.clock.now());
  }

  private change(decide: (draft: ExecutionDraft) => void): Promise<void> {
    return this.inTurn(async () => {
      const draft = this.draft();
      decide(draft);
      if (draft.news.size > 0 && draft.execution.status === 'RUNNING') draft.set({ needsInvocation: true });
      // What comes too late changes nothing, and must not store again an execution that is forgotten.
      if (draft.execution !== this.current || draft.changed.size > 0) await this.store(draft);
      this.follow();
    });
  }

  private async store(draft: ExecutionDraft): Promise<void> {
    const isOver = this.current.status !== 'RUNNING';
    try {
      await (isOver ? this.deps.store.saveEnd(draft) : this.deps.store.save(draft));
    } catch (error) {
      if (isKeyFailure(error) && this.isStored) await this.failFor(error);
      throw error;
    }
    this.isStored = true;
    this.take(draft);
  }

  /** Without its KMS key an execution cannot go on, and does not when the key is there again. */
  private async failFor({ code, message }: AwsError): Promise<void> {
    const draft = this.draft();
    endExecution(draft, 'FAILED', undefined, { ErrorType: code, ErrorMessage: message });
    await this.deps.store.saveEnd(draft);
    this.take(draft);
    this.follow();
  }

  private take(draft: ExecutionDraft): void {
    this.current = draft.execution;
    for (const [id, operation] of draft.changed) this.held.set(id, operation);
    for (const id of draft.news) this.news.add(id);
    this.deps.onChange(this.current);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => {});
    return mine;
  }

  /** Begins what follows from how things stand. */
  private follow(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.isClosed) return;
    if (this.current.status !== 'RUNNING') {
      if (this.invocation === undefined) this.deps.onDone(this.current);
      return;
    }
    for (const operation of this.held.values()) this.followChained(operation);
    if (this.current.needsInvocation && this.invocation === undefined && this.current.retryMs === undefined)
      this.deps.clock.during(this.guarded(this.runInvocation()));
    const dueMs = nextDueMs(this.current, this.held.values());
    this.timer = this.deps.clock.at(dueMs, () => this.guarded(this.change(applyDue)));
  }

  /** What failed has left everything as it was stored last, from where it is taken up again later. */
  private async guarded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.isClosed) return;
      this.deps.onFailure(this.current, error);
      this.timer?.cancel();
      this.timer = this.deps.clock.at(this.deps.clock.now() + RETRY.firstMs, () => this.follow());
    }
  }

  private followChained(operation: DurableOperation): void {
    const { id, type } = operation;
    if (type !== 'CHAINED_INVOKE' || !isOpen(operation) || this.chaining.has(id)) return;
    this.chaining.add(id);
    const run = async (): Promise<void> => {
      try {
        const end = await this.deps.chain(this.current, operation);
        if (this.isClosed) return;
        await this.change((draft) => {
          const now = this.held.get(id)!;
          if (isOpen(now) && draft.execution.status === 'RUNNING') endOperation(draft, now, end);
        });
      } finally {
        this.chaining.delete(id);
      }
    };
    void this.guarded(run());
  }

  private async runInvocation(): Promise<void> {
    const { clock, ids } = this.deps;
    const invocationId = ids.uuid();
    const startMs = clock.now();
    this.invocation = { invocationId, sequence: 0 };
    const payload = invocationInput(this.current, this.held, this.token()!, this.news);
    this.news.clear();
    const invoked = this.deps.invoke(this.current, invocationId, payload);
    const end = await invoked.catch((error: unknown) => this.refusedEnd(error));
    await this.inTurn(async () => {
      this.invocation = undefined;
      if (this.isClosed) return;
      const draft = this.draft();
      completeInvocation(draft, { invocationId, startMs, end, hasNews: this.news.size > 0 });
      await this.store(draft);
      this.follow();
    });
  }

  /** A function that is gone will not come back; whatever else kept it from being run may pass. */
  private refusedEnd(thrown: unknown): InvocationEnd {
    if (!(thrown instanceof AwsError)) {
      if (!this.isClosed) this.deps.onFailure(this.current, thrown);
      return { status: 'RETRY', error: { ErrorType: 'ServiceException', ErrorMessage: String(thrown) } };
    }
    const { code, message } = thrown;
    const error = { ErrorType: code, ErrorMessage: message };
    return { status: code === 'ResourceNotFoundException' ? 'FAILED' : 'RETRY', error };
  }
}
