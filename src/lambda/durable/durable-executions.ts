/** All durable executions: those that run, and what is kept of those that have ended. */
import { createHash } from 'node:crypto';
import type { Timer, WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { InternalEvent, InternalTarget } from '../invoke/invoke.ts';
import type { InvocationResult } from '../invoke/outcome.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { alreadyStarted, executionNotFound } from './durable-errors.ts';
import type { DurableExecution, DurableOperation } from './durable-execution.ts';
import { durableExecutionArn, executionIdOf } from './durable-execution.ts';
import { DEFAULT_RETENTION_DAYS, MS_PER_DAY } from './durable-limits.ts';
import { ExecutionDraft } from './execution-draft.ts';
import type { OperationEnd } from './execution-end.ts';
import { ExecutionRunner } from './execution-runner.ts';
import { ExecutionStore } from './execution-store.ts';
import { errorOfPayload, invocationEnd, parsed } from './invocation-exchange.ts';

export interface DurableDependencies {
  readonly state: StateStore;
  readonly clock: WorkClock;
  readonly ids: Ids;
  readonly log: Log;
  /** Runs a version as it is, durable or not. */
  runVersion(target: InternalTarget, event: InternalEvent): Promise<InvocationResult>;
  /** Invokes a function as a caller would; a durable one runs to its end. */
  run(target: InternalTarget, event: InternalEvent, durableExecutionName: string): Promise<InvocationResult>;
}

export interface StartRequest {
  readonly record: Pick<
    FunctionRecord,
    'accountId' | 'region' | 'functionName' | 'version' | 'durableConfig'
  >;
  /** As the caller named it. */
  readonly qualifier: string;
  readonly name: string | undefined;
  readonly input: string;
  readonly traceId: string;
  readonly tenantId: string | undefined;
}

type Ended = (execution: DurableExecution) => void;

export class DurableExecutions {
  private readonly deps: DurableDependencies;
  private readonly store: ExecutionStore;
  /** By id, in the order in which they began. */
  private readonly executions = new Map<string, DurableExecution>();
  /** Ids by function and name: a name is used once for as long as what it names is kept. */
  private readonly names = new Map<string, string>();
  private readonly runners = new Map<string, ExecutionRunner>();
  /** Beginnings that are being stored. */
  private readonly starting = new Map<string, Promise<void>>();
  private readonly waiting = new Map<string, Ended[]>();
  private readonly retention = new Map<string, Timer>();

  private constructor(deps: DurableDependencies) {
    this.deps = deps;
    this.store = new ExecutionStore(deps.state);
  }

  static async open(deps: DurableDependencies): Promise<DurableExecutions> {
    const all = new DurableExecutions(deps);
    const found: DurableExecution[] = [];
    for await (const execution of all.store.executions()) found.push(execution);
    found.sort((a, b) => a.startMs - b.startMs);
    for (const execution of found) {
      all.remember(execution);
      if (execution.status !== 'RUNNING') all.keep(execution);
      else all.hold(execution, await all.store.operations(execution.executionId));
    }
    return all;
  }

  /** Takes up what was under way when the server ended; to be called when functions can be run. */
  resume(): void {
    for (const runner of this.runners.values()) runner.resume();
  }

  /** Starts an execution, or finds the one that was started by the same name with the same payload. */
  async start(request: StartRequest): Promise<DurableExecution> {
    const { record, name } = request;
    const existing = name === undefined ? undefined : this.byName(record, name);
    if (existing !== undefined) {
      if (existing.input !== request.input) throw alreadyStarted(existing.name);
      // Nobody is told of an execution that is not on disk.
      await this.starting.get(existing.executionId);
      return existing;
    }
    const execution = this.newExecution(request);
    // The name is taken before anything is waited for.
    this.remember(execution);
    const runner = this.hold(execution, []);
    const draft = new ExecutionDraft(execution, new Map(), execution.startMs);
    draft.record({
      EventType: 'ExecutionStarted',
      Id: execution.executionId,
      Name: execution.name,
      ExecutionStartedDetails: {
        Input: { Payload: execution.input },
        ExecutionTimeout: execution.executionTimeoutSeconds,
      },
    });
    const begun = runner.begin(draft);
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
    if (now !== undefined && now.status !== 'RUNNING') return Promise.resolve(now);
    return new Promise((resolve) => {
      const others = this.waiting.get(executionId) ?? [];
      this.waiting.set(executionId, [...others, resolve]);
    });
  }

  /** Throws `ResourceNotFoundException`. */
  get(arn: string): DurableExecution {
    const execution = this.executions.get(executionIdOf(arn));
    if (execution === undefined || durableExecutionArn(execution) !== arn) throw executionNotFound(arn);
    return execution;
  }

  /** Only while it runs. */
  runner(executionId: string): ExecutionRunner | undefined {
    return this.runners.get(executionId);
  }

  /** In the order in which they began. */
  *of(accountId: string, region: string, functionName: string): Generator<DurableExecution> {
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

  private byName(record: StartRequest['record'], name: string): DurableExecution | undefined {
    const id = this.names.get(nameKey(record, name));
    return id === undefined ? undefined : this.executions.get(id);
  }

  private newExecution({
    record,
    qualifier,
    name,
    input,
    traceId,
    tenantId,
  }: StartRequest): DurableExecution {
    const { accountId, region, functionName, version, durableConfig } = record;
    const startMs = this.deps.clock.now();
    const { executionTimeoutSeconds, retentionDays = DEFAULT_RETENTION_DAYS } = durableConfig!;
    return {
      executionId: this.deps.ids.uuid(),
      name: name ?? this.deps.ids.uuid(),
      accountId,
      region,
      functionName,
      version,
      qualifier,
      input,
      traceId,
      ...(tenantId === undefined ? {} : { tenantId }),
      status: 'RUNNING',
      startMs,
      timeoutMs: startMs + executionTimeoutSeconds * 1_000,
      executionTimeoutSeconds,
      retentionDays,
      needsInvocation: true,
      failures: 0,
      operationCount: 0,
      eventCount: 0,
    };
  }

  private hold(execution: DurableExecution, operations: readonly DurableOperation[]): ExecutionRunner {
    const { clock, ids } = this.deps;
    const runner = new ExecutionRunner(
      {
        clock,
        ids,
        store: this.store,
        invoke: async (running, requestId, payload) => {
          const outcome = await this.deps.runVersion(targetOf(running), {
            requestId,
            payload,
            traceId: running.traceId,
            ...(running.tenantId === undefined ? {} : { tenantId: running.tenantId }),
          });
          return invocationEnd(outcome);
        },
        chain: (running, operation) => this.chain(running, operation),
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

  /** After a crash a chained invocation is begun again: at least once, as all that is asynchronous. */
  private async chain(execution: DurableExecution, operation: DurableOperation): Promise<OperationEnd> {
    const { functionName, payload = 'null', tenantId } = operation.chained!;
    const { accountId, region, traceId } = execution;
    try {
      const outcome = await this.deps.run(
        { accountId, region, functionName },
        {
          requestId: this.deps.ids.uuid(),
          payload: Buffer.from(payload),
          traceId,
          ...(tenantId === undefined ? {} : { tenantId }),
        },
        chainedName(execution, operation),
      );
      const text = outcome.payload.toString();
      if (outcome.functionError === undefined) return { status: 'SUCCEEDED', result: text };
      return { status: 'FAILED', error: errorOfPayload(parsed(outcome.payload)) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { status: 'FAILED', error: { ErrorType: error.code, ErrorMessage: error.message } };
    }
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
    this.keep(execution);
    const removed = this.store.removeOperations(execution.executionId);
    // What is left goes with the execution itself.
    this.deps.clock.during(removed.catch((error: unknown) => this.failed(execution, error)));
  }

  private failed(execution: DurableExecution, error: unknown): void {
    const arn = durableExecutionArn(execution);
    this.deps.log.error({ arn, err: error }, 'Work on a durable execution failed.');
  }

  /** Forgets an execution that has ended when its time is over. */
  private keep(execution: DurableExecution): void {
    const { executionId, endMs = 0, retentionDays } = execution;
    const timer = this.deps.clock.at(endMs + retentionDays * MS_PER_DAY, async () => {
      this.retention.delete(executionId);
      await this.store.remove(executionId);
      this.forget(execution);
    });
    this.retention.set(executionId, timer);
  }

  private remember(execution: DurableExecution): void {
    this.executions.set(execution.executionId, execution);
    this.names.set(nameKey(execution, execution.name), execution.executionId);
  }

  private forget(execution: DurableExecution): void {
    this.executions.delete(execution.executionId);
    this.runners.delete(execution.executionId);
    this.names.delete(nameKey(execution, execution.name));
  }
}

function nameKey(
  { accountId, region, functionName }: Pick<FunctionRecord, 'accountId' | 'region' | 'functionName'>,
  name: string,
): string {
  return `${accountId}/${region}/${functionName}/${name}`;
}

/** Stable, so that what a crash made begin again is found to have begun; at most 64 characters. */
function chainedName({ executionId }: DurableExecution, { id }: DurableOperation): string {
  return createHash('sha256').update(`${executionId}/${id}`).digest('hex');
}

function targetOf({ accountId, region, functionName, version }: DurableExecution): InternalTarget {
  return { accountId, region, functionName, qualifier: version };
}
