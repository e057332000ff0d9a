/** Work of which each key's is done in turn; that of different keys is not held up by one another. */
export class Turns {
  /** What each key's next work waits for; none rejects. */
  private readonly last = new Map<string, Promise<void>>();

  /** Begins `work` when all that was asked for before under this key has ended, well or not. Its outcome is passed on. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const done = (this.last.get(key) ?? Promise.resolve()).then(work);
    const settled = done.then(
      () => {},
      () => {},
    );
    this.last.set(key, settled);
    void settled.then(() => {
      if (this.last.get(key) === settled) this.last.delete(key);
    });
    return done;
  }
}
