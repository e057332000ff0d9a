/** Replays: the events of an archive, a page at a time, to the bus that they came from. A restart goes on behind the last page. */
import type { Timer, WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { QueuedEvent } from '../../ports/event-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { StateStore } from '../../ports/state-store.ts';
import { StoredRecords } from '../../records/stored-records.ts';
import type { Archives } from './archives.ts';
import { parsedEvent } from './event.ts';
import type { EventRouter } from './event-router.ts';
import { resourceNotFound } from './events-errors.ts';
import type { ReplayRecord } from './replay-record.ts';
import { isActive, replayArn, replayKey } from './replay-record.ts';

const TABLE = 'events.replays';
/** A replay can be cancelled before it begins. On AWS that takes longer. */
const START_DELAY_MS = 100;
/** Where a disk has refused, it is asked again this much later. */
const AGAIN_MS = 1_000;

export interface ReplaysDependencies {
  readonly state: StateStore;
  readonly archives: Archives;
  readonly router: EventRouter;
  readonly clock: WorkClock;
  readonly log: Log;
}

export class Replays {
  private readonly deps: ReplaysDependencies;
  private readonly records: StoredRecords<ReplayRecord>;
  private readonly timers = new Map<string, Timer>();
  private readonly work: ClockedWork;
  private isClosed = false;

  private constructor(deps: ReplaysDependencies, records: StoredRecords<ReplayRecord>) {
    this.deps = deps;
    this.records = records;
    this.work = new ClockedWork(deps.clock);
  }

  static async open(deps: ReplaysDependencies): Promise<Replays> {
    return new Replays(deps, await StoredRecords.open(deps.state, TABLE));
  }

  /** Goes on with those that an earlier process has left. */
  begin(): void {
    for (const replay of this.records.list().filter(isActive)) this.wait(replayKey(replay), 0);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers.values()) timer.cancel();
    await this.work.ended();
  }

  find(key: string): ReplayRecord | undefined {
    return this.records.get(key);
  }

  /** In the order of their names. */
  of({ accountId, region }: { readonly accountId: string; readonly region: string }): ReplayRecord[] {
    return this.records.list(`${accountId}/${region}/`);
  }

  /** `check` throws where it may not be; it sees what has the name by then. */
  async start(replay: ReplayRecord, check: (known: ReplayRecord | undefined) => void): Promise<void> {
    const key = replayKey(replay);
    await this.records.change(key, (known) => {
      check(known);
      return replay;
    });
    this.wait(key, START_DELAY_MS);
  }

  /** Throws `ResourceNotFoundException` where there is none by then. */
  async update(key: string, name: string, change: (replay: ReplayRecord) => ReplayRecord) {
    const changed = await this.records.change(key, (known) => {
      if (known === undefined) throw resourceNotFound(`Replay ${name}`);
      return change(known);
    });
    return changed!;
  }

  private wait(key: string, delayMs: number): void {
    if (this.isClosed) return;
    const { clock, log } = this.deps;
    const timer = clock.at(clock.now() + delayMs, () =>
      this.work.run(async () => {
        this.timers.delete(key);
        try {
          await this.run(key);
        } catch (error) {
          log.error({ replay: key, error: String(error) }, 'A replay could not go on.');
          this.wait(key, AGAIN_MS);
        }
      }),
    );
    this.timers.set(key, timer);
  }

  private async run(key: string): Promise<void> {
    for (;;) {
      const replay = this.records.get(key);
      if (this.isClosed || replay === undefined || !isActive(replay)) return;
      if (replay.state === 'CANCELLING') return this.end(replay, 'CANCELLED');
      const { archiveId, fromMs, untilMs, position: after } = replay;
      const { events } = await this.deps.archives.read(archiveId, { fromMs, untilMs, after });
      const last = events.at(-1);
      if (last === undefined) return this.end(replay, 'COMPLETED');
      await Promise.all(events.map((event) => this.hand(replay, event)));
      const position = { dueMs: last.dueMs, id: last.id };
      await this.update(key, replay.name, (known) => ({
        ...known,
        position,
        ...(known.state === 'STARTING' ? { state: 'RUNNING' } : {}),
      }));
    }
  }

  private async hand({ bus, name, ruleArns }: ReplayRecord, { payload }: QueuedEvent): Promise<void> {
    await this.deps.router.accept(
      bus,
      { ...parsedEvent(payload), 'replay-name': name },
      ruleArns && { ruleArns },
    );
  }

  private async end(replay: ReplayRecord, state: 'COMPLETED' | 'CANCELLED'): Promise<void> {
    const { clock, log } = this.deps;
    await this.update(replayKey(replay), replay.name, (known) => ({
      ...known,
      // Asked to be cancelled while its last page was read, it has ended all the same.
      state: known.state === 'CANCELLING' ? 'CANCELLED' : state,
      endedMs: clock.now(),
    }));
    log.debug({ replay: replayArn(replay), state }, 'A replay has ended.');
  }
}
