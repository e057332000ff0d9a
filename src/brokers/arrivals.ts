import type { SourceRecord } from '../ports/event-source.ts';

/** Messages that have come and wait to be taken. */
export class Arrivals {
  private readonly waiting: SourceRecord[] = [];
  private news = Promise.withResolvers<void>();
  private end: { readonly reason: unknown } | undefined;

  push(record: SourceRecord): void {
    this.waiting.push(record);
    this.tell();
  }

  /** Whether what has come can no longer be answered for. */
  get isOver(): boolean {
    return this.end !== undefined;
  }

  /** Nothing more comes, and what has come is nobody's any more. */
  fail(reason: unknown): void {
    this.end ??= { reason };
    this.waiting.length = 0;
    this.tell();
  }

  /** As `BrokerQueue.take`. */
  async take(max: number, signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const stopped = Promise.withResolvers<void>();
    const stop = (): void => stopped.resolve();
    signal.addEventListener('abort', stop);
    try {
      while (this.waiting.length === 0 && this.end === undefined && !signal.aborted)
        await Promise.race([this.news.promise, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (this.end !== undefined) throw this.end.reason;
    return this.waiting.splice(0, max);
  }

  private tell(): void {
    this.news.resolve();
    this.news = Promise.withResolvers();
  }
}
