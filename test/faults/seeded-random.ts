/** Numbers from a seed, so that a run that failed can be repeated. */
export class SeededRandom {
  readonly seed: number;
  private state: number;

  /** Of `SELFSAME_SEED`, or of the clock; printed by who uses it. */
  constructor(seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 2 ** 31)) {
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. The generator is mulberry32, by Tommy Ettinger. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}
