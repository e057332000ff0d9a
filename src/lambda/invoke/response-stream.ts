/** What a function writes piece by piece, on its way to a caller who takes it as it comes. */

/** A function that is so far ahead of its caller waits, bytes. */
const HIGH_WATER_BYTES = 1024 * 1024;

export class ResponseStream {
  /** Resolves with the first piece. Never rejects. */
  readonly begun: Promise<void>;
  /** As the function says before its first piece; AWS's runtime says this where the function says nothing. */
  contentType = 'application/octet-stream';
  private readonly begin: () => void;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isEnded = false;
  /** The caller has gone; what is written goes nowhere, and nobody waits. */
  private isAbandoned = false;
  private isBegun = false;
  private reader: (() => void) | undefined;
  private writers: (() => void)[] = [];

  constructor() {
    let begin: (() => void) | undefined;
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.begin = begin!;
  }

  /** Something was written. */
  get hasBegun(): boolean {
    return this.isBegun;
  }

  /** A promise where the writer is to wait before it writes more. */
  write(piece: Buffer): Promise<void> | undefined {
    if (piece.length === 0) return undefined;
    if (!this.isBegun) {
      this.isBegun = true;
      this.begin();
    }
    if (this.isAbandoned || this.isEnded) return undefined;
    this.waiting.push(piece);
    this.waitingBytes += piece.length;
    this.wakeReader();
    if (this.waitingBytes < HIGH_WATER_BYTES) return undefined;
    return new Promise((resolve) => this.writers.push(resolve));
  }

  /** Nothing comes any more. */
  end(): void {
    this.isEnded = true;
    this.wakeReader();
    this.wakeWriters();
  }

  /** The caller has gone. The function may write on to its end, and does not wait for anybody. */
  abandon(): void {
    this.isAbandoned = true;
    this.waiting.length = 0;
    this.waitingBytes = 0;
    this.wakeReader();
    this.wakeWriters();
  }

  /** What was written, in its pieces; ends after `end` or `abandon`. For one reader. */
  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      const piece = this.waiting.shift();
      if (piece !== undefined) {
        this.waitingBytes -= piece.length;
        if (this.waitingBytes < HIGH_WATER_BYTES) this.wakeWriters();
        yield piece;
      } else if (this.isEnded || this.isAbandoned) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.reader = resolve;
        });
      }
    }
  }

  private wakeReader(): void {
    this.reader?.();
    this.reader = undefined;
  }

  private wakeWriters(): void {
    for (const wake of this.writers.splice(0)) wake();
  }
}
