/** Tells those who wait at a stream that something has come, or that its shards have changed. */
export class StreamSignals {
  private readonly counts = new Map<number, number>();
  private readonly waiting = new Map<number, Set<() => void>>();

  /** How often the stream was woken so far. */
  count(stream: number): number {
    return this.counts.get(stream) ?? 0;
  }

  wake(stream: number): void {
    this.counts.set(stream, this.count(stream) + 1);
    const waiters = this.waiting.get(stream);
    if (waiters === undefined) return;
    this.waiting.delete(stream);
    for (const end of [...waiters]) end();
  }

  /** Resolves once the stream has been woken more than `count` times, or when the signal ends it. */
  beyond(stream: number, count: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.count(stream) > count) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.waiting.get(stream) ?? new Set();
      this.waiting.set(stream, waiters);
      const end = (): void => {
        signal.removeEventListener('abort', end);
        waiters.delete(end);
        if (waiters.size === 0 && this.waiting.get(stream) === waiters) this.waiting.delete(stream);
        resolve();
      };
      waiters.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
