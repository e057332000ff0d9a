/** Batches of one key group of a shard, one after the other. */
import type { Clock } from '../core/clock.ts';
import type { StreamRecord } from '../ports/stream-source.ts';
import { FRAME_BYTES, MAX_EVENT_BYTES } from './batch.ts';
import type { BatchAttemptsDependencies, StreamEntry } from './batch-attempts.ts';
import { BatchAttempts } from './batch-attempts.ts';
import type { Position } from './stream-checkpoints.ts';
import type { BatchWindow, OpenWindow } from './tumbling-window.ts';
import { IDLE_WINDOW_MS, isTooLarge, windowAt } from './tumbling-window.ts';

export interface ShardLaneDependencies<Run> extends Omit<BatchAttemptsDependencies<Run>, 'done'> {
  readonly clock: Clock;
  /** The window that was open when an earlier server ended. */
  readonly window?: OpenWindow;
  /** Called when records are done with, or a window has ended: what is to be stored has changed. */
  readonly progressed: () => void;
  /** Called when there may be room again. */
  readonly freed: () => void;
}

/** Batches that wait at most: few when keys are spread evenly, more where a batch takes long and others do not. */
const BATCHES_AHEAD = 10;

export class ShardLane<Run> {
  private readonly deps: ShardLaneDependencies<Run>;
  private readonly entries: StreamEntry[] = [];
  private bytes = 0;
  /** Of the batch that was taken last, what is not done with. */
  private underWay: readonly StreamEntry[] = [];
  private running: Promise<void> | undefined;
  private doneThrough: Position = { cursor: '' };
  private window: OpenWindow | undefined;
  private ending: Pick<BatchWindow, 'isFinal' | 'isTerminatedEarly'> = NOT_ENDING;
  /** Called when entries arrive, or no more will, while a batch is being gathered. */
  private arrived = (): void => {};
  private idleTimer: { cancel(): void } | undefined;
  private isShardOver = false;

  constructor(deps: ShardLaneDependencies<Run>) {
    this.deps = deps;
    this.window = deps.window;
  }

  get isFull(): boolean {
    return (
      this.entries.length >= this.deps.polling.batchSize * BATCHES_AHEAD || this.bytes >= MAX_EVENT_BYTES
    );
  }

  /** Whether the next batch would be a small one. */
  get isHungry(): boolean {
    return !this.holdsBatch();
  }

  /** Whether there are records that it is not done with. */
  get isBusy(): boolean {
    return this.underWay.length > 0 || this.entries.length > 0;
  }

  get openWindow(): OpenWindow | undefined {
    return this.window;
  }

  /** Where it is to go on after a crash, while it is busy. */
  get position(): Position {
    return this.doneThrough;
  }

  /** `before` is the place in front of the record. */
  push(record: StreamRecord, before: Position): void {
    if (!this.isBusy) this.doneThrough = before;
    const text = this.deps.handler.text?.(record) ?? JSON.stringify(record.record);
    const bytes = Buffer.byteLength(text) + 1;
    this.entries.push({ record, text, bytes });
    this.bytes += bytes;
  }

  /** To be called after what is there at once has been pushed. */
  begin(): void {
    this.arrived();
    if (this.running !== undefined || this.deps.isStopping()) return;
    if (this.entries.length === 0) return this.awaitEndOfWindow();
    this.idleTimer?.cancel();
    this.running = this.work().finally(() => {
      this.running = undefined;
      this.deps.freed();
      this.begin();
    });
  }

  /** No more will come: resolves when everything is done with, or the reader stops. */
  async finish(): Promise<void> {
    this.isShardOver = true;
    this.begin();
    while (this.running !== undefined) await this.running;
    this.idleTimer?.cancel();
    // Source: the guide on windows; when a shard ends its window does, and its children begin theirs.
    if (this.window !== undefined && !this.deps.isStopping()) await this.endWindow(NORMAL_END);
  }

  async stopped(): Promise<void> {
    this.arrived();
    this.idleTimer?.cancel();
    await this.running;
  }

  private async work(): Promise<void> {
    await this.gathered();
    if (this.deps.isStopping()) return;
    const { tumblingWindowSeconds } = this.deps.polling;
    if (tumblingWindowSeconds > 0) await this.enterWindow(tumblingWindowSeconds);
    if (this.deps.isStopping()) return;
    this.underWay = this.takeBatch();
    this.deps.freed();
    await this.attempts().run(this.underWay);
    if (this.window !== undefined && isTooLarge(this.window.state)) await this.endWindow(EARLY_END);
  }

  /** Waits until a batch is full, or its window of time over. */
  private async gathered(): Promise<void> {
    const { polling, clock, isStopping } = this.deps;
    if (polling.windowSeconds === 0) return;
    let isOver = false;
    const timer = clock.at(clock.now() + polling.windowSeconds * 1_000, async () => {
      isOver = true;
      this.arrived();
      // The clock waits until the batch is being worked on.
      await new Promise(setImmediate);
    });
    while (!isOver && !this.isShardOver && !isStopping() && !this.holdsBatch()) {
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
    timer.cancel();
    this.arrived = () => {};
  }

  private holdsBatch(): boolean {
    return this.entries.length >= this.deps.polling.batchSize || this.bytes >= MAX_EVENT_BYTES;
  }

  private takeBatch(): StreamEntry[] {
    const { batchSize, frameBytes = FRAME_BYTES } = this.deps.polling;
    const endMs = this.window?.endMs ?? Number.POSITIVE_INFINITY;
    let bytes = frameBytes;
    let count = 0;
    for (const entry of this.entries) {
      if (count === batchSize || entry.record.arrivedAtMs >= endMs) break;
      if (count > 0 && bytes + entry.bytes > MAX_EVENT_BYTES) break;
      bytes += entry.bytes;
      count += 1;
    }
    const batch = this.entries.splice(0, count);
    for (const entry of batch) this.bytes -= entry.bytes;
    return batch;
  }

  /** The window of the first record is open then, and an earlier one has ended. */
  private async enterWindow(lengthSeconds: number): Promise<void> {
    const { arrivedAtMs } = this.entries[0]!.record;
    if (this.window !== undefined && arrivedAtMs >= this.window.endMs) await this.endWindow(NORMAL_END);
    if (this.deps.isStopping()) return;
    this.window ??= windowAt(arrivedAtMs, lengthSeconds);
  }

  private async endWindow(how: typeof this.ending): Promise<void> {
    this.ending = how;
    const hasEnded = await this.attempts().run([]);
    this.ending = NOT_ENDING;
    if (hasEnded) this.window = undefined;
    this.deps.progressed();
  }

  private awaitEndOfWindow(): void {
    if (this.window === undefined || this.isShardOver) return;
    this.idleTimer?.cancel();
    this.idleTimer = this.deps.clock.at(this.window.endMs + IDLE_WINDOW_MS, () => {
      if (this.running !== undefined || this.deps.isStopping() || this.window === undefined) return;
      this.running = this.endWindow(NORMAL_END).finally(() => {
        this.running = undefined;
        this.begin();
      });
      return this.running;
    });
  }

  private attempts(): BatchAttempts<Run> {
    return new BatchAttempts(
      {
        ...this.deps,
        done: (entries, state) => {
          const last = entries.at(-1)?.record;
          this.underWay = this.underWay.slice(entries.length);
          if (last !== undefined) {
            this.doneThrough = { cursor: last.cursor, sequenceNumber: last.sequenceNumber };
          }
          if (this.window !== undefined) this.window = { ...this.window, state: state ?? {} };
          this.deps.progressed();
        },
      },
      () => (this.window === undefined ? undefined : { ...this.window, ...this.ending }),
    );
  }
}

const NOT_ENDING = { isFinal: false, isTerminatedEarly: false };
const NORMAL_END = { isFinal: true, isTerminatedEarly: false };
const EARLY_END = { isFinal: true, isTerminatedEarly: true };
