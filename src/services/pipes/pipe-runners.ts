/** One reader for each pipe that runs, and the states in between. */
import type { PipeState } from '@aws-sdk/client-pipes';
import { parseArn } from '../../core/arn.ts';
import type { WorkClock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import { QueuePoller } from '../../polling/queue-poller.ts';
import { StreamCheckpoints } from '../../polling/stream-checkpoints.ts';
import { StreamPoller } from '../../polling/stream-poller.ts';
import type { CallAs, RequireOfRole } from '../../ports/call.ts';
import type { EventSource } from '../../ports/event-source.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { StreamSource } from '../../ports/stream-source.ts';
import { queueHandler, streamHandler } from './batch-handlers.ts';
import type { PipeFailure, PipeKey, PipeRecord } from './pipe-record.ts';
import { pipeArn, pipeKeyText } from './pipe-record.ts';
import type { PipeTable } from './pipe-table.ts';
import { pipeInTransition } from './pipes-errors.ts';
import { roleCaller } from './role-caller.ts';
import { filtersOf, isQueueSource, readingActions, streamPolling } from './source-settings.ts';

export interface PipeRunnersDependencies {
  readonly table: PipeTable;
  readonly state: StateStore;
  /** By the service that an ARN names. */
  readonly eventSources: ReadonlyMap<string, EventSource>;
  readonly streamSources: ReadonlyMap<string, StreamSource>;
  readonly callAs: CallAs;
  readonly requireOfRole: RequireOfRole;
  readonly clock: WorkClock;
  readonly log: Log;
}

interface Runner {
  start(): void;
  /** Resolves when what was taken has been dealt with. */
  stop(): Promise<void>;
  /** Takes no more, and resolves when what has been dealt with is stored; what is under way ends with the server. */
  abandon(): void | Promise<void>;
  /** Of a stream: resolves when it is stored where reading begins. */
  begun?(): Promise<void>;
}

type Transition = Extract<PipeState, 'CREATING' | 'UPDATING' | 'DELETING' | 'STARTING' | 'STOPPING'>;

const FAILED: Readonly<Record<Transition, PipeFailure['state']>> = {
  CREATING: 'CREATE_FAILED',
  UPDATING: 'UPDATE_FAILED',
  DELETING: 'DELETE_FAILED',
  STARTING: 'START_FAILED',
  STOPPING: 'STOP_FAILED',
};

export class PipeRunners {
  private readonly deps: PipeRunnersDependencies;
  private readonly runners = new Map<string, Runner>();
  private readonly transitions = new Map<string, Transition>();
  private isClosed = false;

  constructor(deps: PipeRunnersDependencies) {
    this.deps = deps;
  }

  stateOf(pipe: PipeRecord): PipeState {
    const transition = this.transitions.get(pipeKeyText(pipe));
    return transition ?? pipe.failure?.state ?? pipe.desiredState;
  }

  /** Throws `ConflictException` while the pipe is on its way to another state. */
  requireSettled(pipe: PipeKey): void {
    const transition = this.transitions.get(pipeKeyText(pipe));
    if (transition !== undefined) throw pipeInTransition(pipe.name, transition);
  }

  /** What ran when an earlier server ended goes on; what it was deleting is gone. */
  async resume(): Promise<void> {
    for (const pipe of this.deps.table.all()) {
      if (pipe.isDeleting) await this.remove(pipe);
      else if (pipe.desiredState === 'RUNNING' && pipe.failure === undefined) this.start(pipe);
    }
  }

  /** Stores `pipe` and lets it run, or not, by its settings. Resolves when it is stored; the rest follows. */
  async change(pipe: PipeRecord, transition: Exclude<Transition, 'DELETING'>): Promise<void> {
    await this.whileIn(transition, pipe, async () => {
      await this.stop(pipe);
      if (pipe.desiredState === 'STOPPED') return;
      const reason = await this.sourceProblem(pipe);
      if (this.isClosed) return;
      if (reason === undefined) await this.start(pipe).begun?.();
      else await this.fail(pipe, FAILED[transition], reason);
    });
  }

  async delete(pipe: PipeRecord): Promise<void> {
    await this.whileIn('DELETING', { ...pipe, isDeleting: true }, async () => {
      await this.stop(pipe);
      // The next start goes on with it.
      if (!this.isClosed) await this.remove(pipe);
    });
  }

  /** Takes no more, and resolves when what has been dealt with is stored; what is under way ends with the server. */
  async close(): Promise<void> {
    this.isClosed = true;
    const abandoned = [...this.runners.values()].map((runner) => runner.abandon());
    this.runners.clear();
    await Promise.all(abandoned);
  }

  private async whileIn(transition: Transition, pipe: PipeRecord, work: () => Promise<void>): Promise<void> {
    const key = pipeKeyText(pipe);
    this.transitions.set(key, transition);
    try {
      // Tags may have been changed since the pipe was looked up.
      await this.deps.table.change(pipe, (now) => ({ ...pipe, tags: now?.tags ?? pipe.tags }));
    } catch (error) {
      this.transitions.delete(key);
      throw error;
    }
    void work()
      .catch((error: unknown) => {
        this.deps.log.error({ pipe: key, error: String(error) }, 'A pipe could not be changed.');
        return this.fail(pipe, FAILED[transition], String(error));
      })
      .catch((error: unknown) => {
        this.deps.log.error({ pipe: key, error: String(error) }, 'That a pipe has failed is not stored.');
      })
      .finally(() => this.transitions.delete(key));
  }

  /** Why the source cannot be read; undefined where it can. */
  private async sourceProblem(pipe: PipeRecord): Promise<string | undefined> {
    const { source } = pipe;
    const { eventSources, streamSources, requireOfRole } = this.deps;
    const service = parseArn(source)!.service;
    const isThere = isQueueSource(source)
      ? (await eventSources.get(service)?.describe(source)) !== undefined
      : (await streamSources.get(service)?.exists(source)) === true;
    if (!isThere) return `The source ${source} does not exist.`;
    try {
      for (const action of readingActions(source)) await requireOfRole(roleCaller(pipe), action, source);
      return undefined;
    } catch (error) {
      if (error instanceof AwsError) return error.message;
      throw error;
    }
  }

  private async fail(pipe: PipeKey, state: PipeFailure['state'], reason: string): Promise<void> {
    await this.deps.table.change(pipe, (now) => now && { ...now, failure: { state, reason } });
  }

  private start(pipe: PipeRecord): Runner {
    const runner = isQueueSource(pipe.source) ? this.queueRunner(pipe) : this.streamRunner(pipe);
    this.runners.set(pipeKeyText(pipe), runner);
    runner.start();
    return runner;
  }

  private queueRunner(pipe: PipeRecord): Runner {
    const { eventSources, clock, log } = this.deps;
    const { BatchSize, MaximumBatchingWindowInSeconds } = pipe.sourceParameters.SqsQueueParameters!;
    const source = eventSources.get(parseArn(pipe.source)!.service)!;
    return new QueuePoller(
      { source, handle: queueHandler(pipe, this.deps), clock, log },
      {
        sourceArn: pipe.source,
        batchSize: BatchSize!,
        windowSeconds: MaximumBatchingWindowInSeconds!,
        ...filtersOf(pipe),
        logFields: { pipe: pipe.name, source: pipe.source },
      },
    );
  }

  private streamRunner(pipe: PipeRecord): Runner {
    const { streamSources, state, clock, log } = this.deps;
    const source = streamSources.get(parseArn(pipe.source)!.service)!;
    const handler = streamHandler(pipe, this.deps);
    return new StreamPoller(
      { source, handler, state, owner: pipeArn(pipe), clock, log },
      streamPolling(pipe),
    );
  }

  private async stop(pipe: PipeKey): Promise<void> {
    const key = pipeKeyText(pipe);
    await this.runners.get(key)?.stop();
    this.runners.delete(key);
  }

  /** With how far it has come in a stream: another pipe of the name begins anew. */
  private async remove(pipe: PipeRecord): Promise<void> {
    await StreamCheckpoints.remove(this.deps.state, pipeArn(pipe));
    await this.deps.table.delete(pipe);
  }
}
