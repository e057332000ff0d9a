import type { Clock, Timer } from '../../core/clock.ts';
import type { Ids } from '../../core/ids.ts';
import type { MessageStore } from '../../ports/message-store.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { Message } from './message.ts';
import type { MessageBroker } from './message-broker.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';

/** As ListMessageMoveTasks tells of it; stored, so that a task goes on after a restart. */
export interface MoveTask {
  readonly id: string;
  readonly sourceArn: string;
  /** Absent: each message goes back to the queue it came from. */
  readonly destinationArn?: string;
  readonly perSecond?: number;
  readonly startedMs: number;
  readonly toMove: number;
  readonly moved: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly failureReason?: string;
}

export interface MoveTasksDependencies {
  readonly state: StateStore;
  readonly store: MessageStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly queues: Queues;
  readonly broker: MessageBroker;
}

const TABLE = 'sqs.move-tasks';
const SECOND_MS = 1000;
/** Source: API reference of StartMessageMoveTask: the most a second, and what AWS itself chooses at most. */
export const MAX_PER_SECOND = 500;
/** Tasks remembered of one queue, as many as can be listed. */
export const MAX_LISTED = 10;
/** While a message is on its way it is nobody else's. */
const MOVING_MS = 60_000;

/** Redrives messages from dead-letter queues, a second's worth at a time by the service clock. */
export class MoveTasks {
  private readonly options: MoveTasksDependencies;
  private readonly tasks = new Map<string, MoveTask>();
  private readonly timers = new Map<string, Timer>();

  private constructor(options: MoveTasksDependencies) {
    this.options = options;
  }

  static async open(options: MoveTasksDependencies): Promise<MoveTasks> {
    const tasks = new MoveTasks(options);
    for (const { value } of await options.state.list<MoveTask>(TABLE)) {
      tasks.tasks.set(value.id, value);
      if (value.status === 'RUNNING') tasks.continueAt(value.id, options.clock.now());
    }
    return tasks;
  }

  find(id: string): MoveTask | undefined {
    return this.tasks.get(id);
  }

  /** Of one source, the latest first. */
  list(sourceArn: string): MoveTask[] {
    return [...this.tasks.values()].filter((task) => task.sourceArn === sourceArn).reverse();
  }

  async start(task: Pick<MoveTask, 'sourceArn' | 'destinationArn' | 'perSecond'>, source: Queue) {
    const { ids, clock } = this.options;
    const started: MoveTask = {
      ...task,
      id: ids.uuid(),
      startedMs: clock.now(),
      toMove: source.backlog.counts.available,
      moved: 0,
      status: 'RUNNING',
    };
    await this.save(started);
    await this.forgetOld(task.sourceArn);
    this.continueAt(started.id, clock.now());
    return started;
  }

  async cancel(task: MoveTask): Promise<void> {
    this.timers.get(task.id)?.cancel();
    this.timers.delete(task.id);
    await this.save({ ...task, status: 'CANCELLED' });
  }

  close(): void {
    for (const timer of this.timers.values()) timer.cancel();
  }

  private continueAt(id: string, dueMs: number): void {
    const timer = this.options.clock.at(dueMs, async () => {
      this.timers.delete(id);
      const task = this.tasks.get(id);
      if (task?.status === 'RUNNING') await this.step(task);
    });
    this.timers.set(id, timer);
  }

  /** One second's worth. */
  private async step(task: MoveTask): Promise<void> {
    const { queues, clock } = this.options;
    const source = queues.findByArn(task.sourceArn);
    if (source === undefined) return this.save({ ...task, status: 'FAILED', failureReason: NO_QUEUE });
    const nowMs = clock.now();
    source.backlog.settle(nowMs);
    const max = Math.min(task.perSecond ?? MAX_PER_SECOND, task.toMove - task.moved);
    const messages = source.backlog.take(
      max,
      nowMs + MOVING_MS,
      (message) => !source.isExpired(message, nowMs),
    );
    const failureReason = await this.moveAll(task, source, messages);
    const moved = messages.filter(({ state }) => state === 'gone').length;
    const current = this.tasks.get(task.id) ?? task;
    const after: MoveTask = { ...current, moved: current.moved + moved };
    if (failureReason !== undefined) return this.save({ ...after, status: 'FAILED', failureReason });
    if (messages.length === 0 || after.moved >= after.toMove) {
      return this.save(after.status === 'RUNNING' ? { ...after, status: 'COMPLETED' } : after);
    }
    await this.save(after);
    if (after.status === 'RUNNING')
      this.continueAt(task.id, nowMs + (task.perSecond === undefined ? 0 : SECOND_MS));
  }

  /** Moves what it can; those that cannot be moved stay. The reason of a failure, in AWS's words. */
  private async moveAll(
    task: MoveTask,
    source: Queue,
    messages: readonly Message[],
  ): Promise<string | undefined> {
    const { queues, broker, ids, clock } = this.options;
    let failure: string | undefined;
    for (const [arn, group] of byDestination(task, messages)) {
      const destination = queues.findByArn(arn);
      if (destination === undefined) {
        failure = arn === '' ? 'CouldNotDetermineMessageSource' : NO_QUEUE;
        for (const message of group) source.backlog.postpone(message, clock.now());
        continue;
      }
      // Source: "Dead-letter queue redrive": new messages with new ids and a new time of enqueueing.
      await broker.move(group, destination, ({ header: { sourceArn: _, ...header } }) => ({
        header: { ...header, messageId: ids.uuid(), sentMs: clock.now() },
        receiveCount: 0,
        firstReceivedMs: 0,
      }));
      for (const message of group) source.backlog.remove(message);
    }
    broker.expect(source);
    return failure;
  }

  private async save(task: MoveTask): Promise<void> {
    this.tasks.set(task.id, task);
    await this.options.state.commit([{ table: TABLE, key: task.id, value: task }]);
  }

  private async forgetOld(sourceArn: string): Promise<void> {
    const old = this.list(sourceArn).slice(MAX_LISTED);
    for (const { id } of old) this.tasks.delete(id);
    await this.options.state.commit(old.map(({ id }) => ({ table: TABLE, key: id, delete: true as const })));
  }
}

const NO_QUEUE = 'AWS.SimpleQueueService.NonExistentQueue';

function byDestination(task: MoveTask, messages: readonly Message[]): Map<string, Message[]> {
  return Map.groupBy(messages, ({ header }) => task.destinationArn ?? header.sourceArn ?? '');
}
