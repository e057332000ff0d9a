/** Copies of snapshots that have been made ahead: one for each snapshot that was used of late, up to a limit for all. */

/** The invocation that took one goes first, milliseconds of real time. */
const REFILL_DELAY_MS = 100;

interface Ending {
  end(): void;
}

export class ReadyCopies<Copy extends Ending> {
  private readonly limit: number;
  /** By snapshot; the one used last is last. */
  private readonly copies = new Map<object, Copy>();
  private readonly making = new Set<object>();

  /** `limit` 0: none is made. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Copies that wait. */
  get size(): number {
    return this.copies.size;
  }

  take(snapshot: object): Copy | undefined {
    const copy = this.copies.get(snapshot);
    this.copies.delete(snapshot);
    return copy;
  }

  /** `start` is called in a moment, where the snapshot has none then. */
  expect(snapshot: object, start: (onExit: () => void) => Promise<Copy>): void {
    if (this.limit === 0 || this.making.has(snapshot)) return;
    this.making.add(snapshot);
    setTimeout(() => {
      void this.make(snapshot, start)
        // Whoever needs one meets the same problem, and reports it.
        .catch(() => {})
        .finally(() => this.making.delete(snapshot));
    }, REFILL_DELAY_MS).unref();
  }

  private async make(snapshot: object, start: (onExit: () => void) => Promise<Copy>): Promise<void> {
    if (this.copies.has(snapshot)) return;
    let made: Copy | undefined;
    let hasEnded = false;
    made = await start(() => {
      hasEnded = true;
      if (made !== undefined && this.copies.get(snapshot) === made) this.copies.delete(snapshot);
    });
    if (hasEnded) return;
    this.copies.set(snapshot, made);
    for (const [owner, copy] of this.copies) {
      if (this.copies.size <= this.limit) return;
      this.copies.delete(owner);
      copy.end();
    }
  }
}
