/** All durable executions: those that run, and what is kept of those that have ended. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { Call } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { alreadyStarted, executionNotFound } from './durable-errors.ts';
import type { DurableExecution, DurableOperation, ExecutionSummary } from './durable-execution.ts';
import { durableExecutionArn, executionIdOf, summaryOf } from './durable-execution.ts';
import { MS_PER_DAY } from './durable-limits.ts';
import type { ExecutionKey } from './execution-cipher.ts';
import { ExecutionCipher, isKeyFailure } from './execution-cipher.ts';
import { ExecutionDraft } from './execution-draft.ts';
import { endExecution } from './execution-end.ts';
import type { FunctionRuns } from './execution-invocations.ts';
import { invokeChained, invokeOwn } from './execution-invocations.ts';
import { ExecutionRunner } from './execution-runner.ts';
import { ExecutionStore } from './execution-store.ts';
import type { StartRequest } from './new-execution.ts';
import { firstDraft, newExecution } from './new-execution.ts';

export interface DurableDependencies extends FunctionRuns {
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly call: Call;
}

type Ended = (execution: DurableExecution) => void;

export class DurableExecutions {
  private readonly deps: DurableDependencies;
  private readonly store: ExecutionStore;
  private readonly cipher: ExecutionCipher;
  /** By id, in the order in which they began. What one that has ended took and gave is in the store alone. */
  private readonly executions = new Map<string, ExecutionSummary>();
  /** Ids by function and name: a name is used once for as long as what it names is kept. */
  private readonly names = new Map<string, string>();
  private readonly runners = new Map<string, ExecutionRunner>();
  /** Beginnings that are being stored. */
  private readonly starting = new Map<string, Promise<void>>();
  private readonly waiting = new Map<string, Ended[]>();
  private readonly retention = new Map<string, Timer>();

  private constructor(deps: DurableDependencies) {
    this.deps = deps;
    this.cipher = new ExecutionCipher({ ...deps, keysInUse: () => this.keysInUse() });
    this.store = new ExecutionStore(deps.state, this.cipher);
  }

  static async open(deps: DurableDependencies): Promise<DurableExecutions> {
    const all = new DurableExecutions(deps);
    const running = new Map<string, DurableExecution>();
    const found: ExecutionSummary[] = [];
    for await (const execution of all.store.executions()) {
      if (execution.status === 'RUNNING') running.set(execution.executionId, execution);
      found.push(summaryOf(execution));
    }
    found.sort((a, b) => a.startMs - b.startMs);
    for (const summary of found) {
      all.remember(summary);
      const execution = running.get(summary.executionId);
      if (execution === undefined) all.keep(summary);
      else await all.takeUp(execution);
    }
    return all;
  }

  /** One that was running when the server ended. */
  private async takeUp(stored: DurableExecution): Promise<void> {
    try {
      const execution = await this.store.execution(stored.executionId);
      this.hold(execution!, await this.store.operations(stored));
    } catch (error) {
      if (!isKeyFailure(error)) throw error;
      const draft = new ExecutionDraft(stored, new Map(), this.deps.clock.now());
      endExecution(draft, 'FAILED', undefined, { ErrorType: error.code, ErrorMessage: error.message });
      await this.store.saveEnd(draft);
      this.remember(summaryOf(draft.execution));
      this.keep(draft.execution);
    }
  }

  /** Takes up what was under way when the server ended; to be called when functions can be run. */
  resume(): void {
    for (const runner of this.runners.values()) runner.resume();
  }

  /** Starts an execution, or finds the one that was started by the same name with the same payload. */
  async start(asked: StartRequest): Promise<DurableExecution> {
    const { record, name } = asked;
    const { kmsKeyArn } = record.durableConfig!;
    const request = kmsKeyArn ? { ...asked, key: await this.cipher.begin(record, kmsKeyArn) } : asked;
    const existing = name === undefined ? undefined : this.byName(record, name);
    if (existing !== undefined) {
      const whole = await this.whole(existing);
      if (whole.input !== request.input) throw alreadyStarted(existing.name);
      // Nobody is told of an execution that is not on disk.
      await this.starting.get(existing.executionId);
      return whole;
    }
    const execution = newExecution(request, this.deps.ids, this.deps.clock.now());
    // The name is taken before anything is waited for.
    this.remember(execution);
    const begun = this.hold(execution, []).begin(firstDraft(execution));
    this.starting.set(execution.executionId, begun);
    try {
      await begun;
    } catch (error) {
      this.forget(execution);
      throw error;
    } finally {
      this.starting.delete(execution.executionId);
    }
    return execution;
  }

  /** Resolves when the execution has ended. */
  ended({ executionId }: DurableExecution): Promise<DurableExecution> {
    const now = this.executions.get(executionId);
    if (now !== undefined && now.status !== 'RUNNING') return this.whole(now);
    return new Promise((resolve) => {
      const others = this.waiting.get(executionId) ?? [];
      this.waiting.set(executionId, [...others, resolve]);
    });
  }

  /** Throws `ResourceNotFoundException`. */
  get(arn: string): ExecutionSummary {
    const execution = this.executions.get(executionIdOf(arn));
    if (execution === undefined || durableExecutionArn(execution) !== arn) throw executionNotFound(arn);
    return execution;
  }

  /** With what it took and what it gave; throws `ResourceNotFoundException` where it is forgotten meanwhile. */
  async whole(summary: ExecutionSummary): Promise<DurableExecution> {
    const { executionId } = summary;
    const found = this.runners.get(executionId)?.execution ?? (await this.store.execution(executionId));
    if (found === undefined) throw executionNotFound(durableExecutionArn(summary));
    return found;
  }

  /** Only while it runs. */
  runner(executionId: string): ExecutionRunner | undefined {
    return this.runners.get(executionId);
  }

  /** In the order in which they began. */
  *of(accountId: string, region: string, functionName: string): Generator<ExecutionSummary> {
    for (const execution of this.executions.values()) {
      if (execution.functionName !== functionName) continue;
      if (execution.accountId === accountId && execution.region === region) yield execution;
    }
  }

  get events(): ExecutionStore['events'] {
    return this.store.events.bind(this.store);
  }

  async close(): Promise<void> {
    for (const timer of this.retention.values()) timer.cancel();
    await Promise.all([...this.runners.values()].map((runner) => runner.close()));
  }

  private *keysInUse(): Generator<ExecutionKey> {
    for (const { execution } of this.runners.values()) if (execution.key !== undefined) yield execution.key;
  }

  private byName(record: StartRequest['record'], name: string): ExecutionSummary | undefined {
    const id = this.names.get(nameKey(record, name));
    return id === undefined ? undefined : this.executions.get(id);
  }

  private hold(execution: DurableExecution, operations: readonly DurableOperation[]): ExecutionRunner {
    const { clock, ids } = this.deps;
    const runner = new ExecutionRunner(
      {
        clock,
        ids,
        store: this.store,
        invoke: (running, requestId, payload) => invokeOwn(this.deps, running, requestId, payload),
        chain: (running, operation) => invokeChained(this.deps, ids, running, operation),
        onChange: (changed) => this.changed(changed),
        onDone: (ended) => this.done(ended),
        onFailure: (failed, error) => this.failed(failed, error),
      },
      execution,
      operations,
    );
    this.runners.set(execution.executionId, runner);
    return runner;
  }

  private changed(execution: DurableExecution): void {
    const { executionId, status } = execution;
    if (this.executions.has(executionId)) this.executions.set(executionId, execution);
    if (status === 'RUNNING') return;
    for (const resolve of this.waiting.get(executionId) ?? []) resolve(execution);
    this.waiting.delete(executionId);
  }

  private done(execution: DurableExecution): void {
    if (!this.runners.delete(execution.executionId)) return;
    const summary = summaryOf(execution);
    this.executions.set(execution.executionId, summary);
    this.keep(summary);
    const removed = this.store.removeOperations(execution.executionId);
    // What is left goes with the execution itself.
    this.deps.clock.during(removed.catch((error: unknown) => this.failed(execution, error)));
  }

  private failed(execution: ExecutionSummary, error: unknown): void {
    const arn = durableExecutionArn(execution);
    this.deps.log.error({ arn, err: error }, 'Work on a durable execution failed.');
  }

  /** Forgets an execution that has ended when its time is over. */
  private keep(execution: ExecutionSummary): void {
    const { executionId, endMs = 0, retentionDays } = execution;
    const timer = this.deps.clock.at(endMs + retentionDays * MS_PER_DAY, () => {
      this.retention.delete(executionId);
      // First here: what is known is in the store. What a failure leaves there goes with the next start.
      this.forget(execution);
      return this.store.remove(executionId);
    });
    this.retention.set(executionId, timer);
  }

  private remember(execution: ExecutionSummary): void {
    this.executions.set(execution.executionId, execution);
    this.names.set(nameKey(execution, execution.name), execution.executionId);
  }

  private forget(execution: ExecutionSummary): void {
    const { executionId, name } = execution;
    this.executions.delete(executionId);
    this.runners.delete(executionId);
    // An older one that was left in the store may have had the same name.
    const key = nameKey(execution, name);
    if (this.names.get(key) === executionId) this.names.delete(key);
  }
}

function nameKey(
  { accountId, region, functionName }: Pick<ExecutionSummary, 'accountId' | 'region' | 'functionName'>,
  name: string,
): string {
  return `${accountId}/${region}/${functionName}/${name}`;
}
