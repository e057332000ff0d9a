/**
 * Environments started before anyone asks for them, by shape. Demand decides how many: a start that found none makes
 * the pool keep one more of that shape, up to a limit for all shapes together; the shape not used for longest gives way.
 */
import type { Log } from '../../ports/log.ts';
import type { PoolShape } from './pool-shape.ts';
import { shapeKey } from './pool-shape.ts';
import type { PooledEnvironment } from './pooled-environment.ts';

/** The invocation that made a place in the pool goes first, and what follows it at once; milliseconds of real time. */
const REFILL_DELAY_MS = 100;

export interface EnvironmentPoolOptions {
  /** Environments waiting at most, of all shapes together. */
  readonly limit: number;
  /** `onExit` is to be called when it ends before it was taken. */
  start(shape: PoolShape, onExit: () => void): Promise<PooledEnvironment>;
  readonly log: Log;
}

interface Shelf {
  readonly shape: PoolShape;
  readonly waiting: PooledEnvironment[];
  /** How many it should have. */
  target: number;
}

export class EnvironmentPool {
  private readonly options: EnvironmentPoolOptions;
  /** The shape asked for last is last. */
  private readonly shelves = new Map<string, Shelf>();
  private timer: NodeJS.Timeout | undefined;
  private refilling: Promise<void> | undefined;
  private isClosed = false;

  constructor(options: EnvironmentPoolOptions) {
    this.options = options;
  }

  /** Environments that wait. */
  get size(): number {
    return [...this.shelves.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  /** An environment of that shape, which is the caller's from now on; undefined where none waits. */
  take(shape: PoolShape): PooledEnvironment | undefined {
    if (this.options.limit === 0) return undefined;
    const shelf = this.shelfOf(shape);
    const taken = shelf.waiting.shift();
    if (taken === undefined) shelf.target = Math.min(this.options.limit, shelf.target + 1);
    this.refillLater();
    return taken;
  }

  /** An environment of that shape is likely to be asked for. */
  expect(shape: PoolShape): void {
    if (this.options.limit === 0) return;
    const shelf = this.shelfOf(shape);
    shelf.target = Math.max(1, shelf.target);
    this.refillLater();
  }

  /** Ends what waits; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.refilling;
    await Promise.all([...this.shelves.values()].flatMap(({ waiting }) => waiting.map(end)));
    this.shelves.clear();
  }

  private shelfOf(shape: PoolShape): Shelf {
    const key = shapeKey(shape);
    const shelf = this.shelves.get(key) ?? { shape, waiting: [], target: 0 };
    this.shelves.delete(key);
    this.shelves.set(key, shelf);
    return shelf;
  }

  private refillLater(): void {
    if (this.isClosed || this.timer !== undefined || this.refilling !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.refilling = this.refill().finally(() => {
        this.refilling = undefined;
      });
    }, REFILL_DELAY_MS);
    this.timer.unref();
  }

  /** One after the other: starts that nobody waits for must not slow those that somebody does. */
  private async refill(): Promise<void> {
    for (;;) {
      const shelf = this.isClosed ? undefined : this.shortest();
      if (shelf === undefined) return;
      try {
        await this.add(shelf);
      } catch (error) {
        // The start that needs one will meet the same problem, and report it.
        shelf.target = 0;
        this.options.log.debug({ error: String(error) }, 'No environment could be started ahead.');
        return;
      }
    }
  }

  /** The shape asked for last that lacks one, where there is room or a shape asked for earlier can give way. */
  private shortest(): Shelf | undefined {
    const byUse = [...this.shelves.values()];
    const lacking = byUse.findLast(({ waiting, target }) => waiting.length < target);
    if (lacking === undefined) return undefined;
    if (this.size < this.options.limit) return lacking;
    const givesWay = byUse.find(({ waiting }) => waiting.length > 0);
    if (givesWay === undefined || givesWay === lacking) return undefined;
    if (byUse.indexOf(givesWay) > byUse.indexOf(lacking)) return undefined;
    givesWay.target = Math.max(0, givesWay.target - 1);
    void end(givesWay.waiting.shift()!);
    return lacking;
  }

  private async add(shelf: Shelf): Promise<void> {
    let added: PooledEnvironment | undefined;
    let hasEnded = false;
    added = await this.options.start(shelf.shape, () => {
      hasEnded = true;
      if (added === undefined) return;
      const index = shelf.waiting.indexOf(added);
      if (index >= 0) shelf.waiting.splice(index, 1);
    });
    if (hasEnded) throw new Error('it ended at once');
    shelf.waiting.push(added);
  }
}

async function end({ running }: PooledEnvironment): Promise<void> {
  await running.kill();
}
