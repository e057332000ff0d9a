/** SHA-256 of content that comes in pieces: of a large one in a thread, so that the request loop has its time for requests. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../worker-channel.ts';

/** Less is hashed in the time that a thread takes to begin, bytes. */
const INLINE_BYTES = 4 * 1024 * 1024;

/** What the thread is told: a piece, or that there is no other. */
export type HashMessage = Uint8Array | 'end';

export class StreamHash {
  private early: Uint8Array[] = [];
  private earlyBytes = 0;
  private thread: HashThread | undefined;

  /** The piece must stay as it is. */
  update(chunk: Uint8Array): void {
    if (this.thread !== undefined) return this.thread.send(chunk);
    this.early.push(chunk);
    this.earlyBytes += chunk.byteLength;
    if (this.earlyBytes <= INLINE_BYTES) return;
    this.thread = new HashThread();
    for (const piece of this.early) this.thread.send(piece);
    this.early = [];
  }

  /** Hexadecimal digits. Rejects where the thread has failed. */
  async digest(): Promise<string> {
    if (this.thread !== undefined) return this.thread.digest();
    const hash = createHash('sha256');
    for (const piece of this.early) hash.update(piece);
    return hash.digest('hex');
  }

  /** Ends the thread, where there is one; idempotent. */
  async close(): Promise<void> {
    await this.thread?.close();
  }
}

class HashThread {
  private readonly worker = new Worker(siblingModule(import.meta.url, 'hash-worker'), { name: 'hash' });
  private readonly result = new Promise<string>((resolve, reject) => {
    this.worker.once('message', resolve);
    this.worker.once('error', reject);
    this.worker.once('exit', () => reject(new Error('the thread that hashes has ended')));
  });

  constructor() {
    // Whoever asks for the digest hears of it.
    this.result.catch(() => {});
  }

  send(chunk: Uint8Array): void {
    // A copy of its own: a message would carry all of the memory that the piece is a part of.
    const copy = new Uint8Array(chunk);
    this.worker.postMessage(copy satisfies HashMessage, [copy.buffer]);
  }

  digest(): Promise<string> {
    this.worker.postMessage('end' satisfies HashMessage);
    return this.result;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
