/** What those who wait at a stream may wait for. */
export type StreamNews = 'records' | 'shards';

/** Tells those who wait at a stream that something has come, or that its shards have changed. */
export class StreamSignals {
  private readonly counts = new Map<string, number>();
  private readonly waiting = new Map<string, Set<() => void>>();

  /** How often there was such news of the stream so far. */
  count(stream: number, news: StreamNews): number {
    return this.counts.get(topicOf(stream, news)) ?? 0;
  }

  /** Records have come. */
  wake(stream: number): void {
    this.tell(topicOf(stream, 'records'));
  }

  /** Its shards have changed, which those who read one of them want to know too. */
  wakeAll(stream: number): void {
    this.tell(topicOf(stream, 'records'));
    this.tell(topicOf(stream, 'shards'));
  }

  /** Of a stream that is no more: who waits still is told to look. */
  forget(stream: number): void {
    this.wakeAll(stream);
    this.counts.delete(topicOf(stream, 'records'));
    this.counts.delete(topicOf(stream, 'shards'));
  }

  /** Resolves once there was such news more than `count` times, or when the signal ends it. */
  beyond(stream: number, news: StreamNews, count: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.count(stream, news) > count) return Promise.resolve();
    const topic = topicOf(stream, news);
    return new Promise((resolve) => {
      const waiters = this.waiting.get(topic) ?? new Set();
      this.waiting.set(topic, waiters);
      const end = (): void => {
        signal.removeEventListener('abort', end);
        waiters.delete(end);
        if (waiters.size === 0 && this.waiting.get(topic) === waiters) this.waiting.delete(topic);
        resolve();
      };
      waiters.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  private tell(topic: string): void {
    this.counts.set(topic, (this.counts.get(topic) ?? 0) + 1);
    const waiters = this.waiting.get(topic);
    if (waiters === undefined) return;
    this.waiting.delete(topic);
    for (const end of [...waiters]) end();
  }
}

function topicOf(stream: number, news: StreamNews): string {
  return `${news}/${stream}`;
}
