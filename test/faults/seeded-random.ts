/** Numbers from a seed, so that a run that failed can be repeated. */
import * as core from '../../src/core/seeded-random.ts';

export class SeededRandom extends core.SeededRandom {
  readonly seed: number;

  /** Of `SELFSAME_SEED`, or of the clock; printed by who uses it. */
  constructor(seed = Number(process.env['SELFSAME_SEED'] ?? Date.now() % 2 ** 31)) {
    super(seed);
    this.seed = seed;
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)]!;
  }
}
