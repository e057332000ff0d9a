/** Lets so many starts proceed at once; the rest wait in order. Starting is CPU-bound: more at once makes each slower. */
export class StartGate {
  private readonly parallel: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(parallel: number) {
    this.parallel = parallel;
  }

  async run<T>(start: () => Promise<T>): Promise<T> {
    if (this.running >= this.parallel) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await start();
    } finally {
      // The place passes straight to the next in line.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
