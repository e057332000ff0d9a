/**
 * Reads zips in a thread of its own, so that a package of thousands of files does not hold up the
 * invocations of others. The thread begins with the first zip and ends when none has come for a while.
 */
import { Worker } from 'node:worker_threads';
import { PackageRejected } from '../../ports/package-store.ts';
import { siblingModule } from '../worker-channel.ts';
import type { NumberedJob, ZipJob, ZipOutcome } from './zip-job.ts';

/** How long the thread waits for another zip: it holds some 10 MB. Milliseconds. */
const IDLE_MS = 10_000;

interface Waiting {
  resolve(unpackedBytes: number): void;
  reject(error: Error): void;
}

export class ZipThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private idleTimer: NodeJS.Timeout | undefined;

  /** The bytes that its files have unpacked; rejects with `PackageRejected` for a zip that is refused. */
  check(zip: Uint8Array, maxUnpackedBytes: number): Promise<number> {
    return this.run({ check: shared(zip), maxUnpackedBytes });
  }

  /** Writes the files below `root`, which exists. */
  async extract(zip: Uint8Array, root: string): Promise<void> {
    await this.run({ extract: shared(zip), root });
  }

  /** Lays extracted packages one over the other into `root`, which exists and is empty. */
  async merge(directories: readonly string[], root: string): Promise<void> {
    await this.run({ merge: directories, root });
  }

  /** Ends the thread; what it still does is lost and rejects. */
  async close(): Promise<void> {
    clearTimeout(this.idleTimer);
    await this.worker?.terminate();
  }

  private run(job: ZipJob): Promise<number> {
    clearTimeout(this.idleTimer);
    const worker = this.worker ?? this.start();
    worker.ref();
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, job } satisfies NumberedJob);
    });
  }

  private start(): Worker {
    const worker = new Worker(siblingModule(import.meta.url, 'zip-worker'), { name: 'zips' });
    let cause = 'it was ended';
    worker.on('message', (outcome: ZipOutcome) => this.receive(outcome, worker));
    worker.on('error', (error) => {
      cause = error.message;
    });
    worker.on('exit', () => {
      this.worker = undefined;
      for (const { reject } of this.waiting.values())
        reject(new Error(`the thread that reads zips has ended: ${cause}`));
      this.waiting.clear();
    });
    this.worker = worker;
    return worker;
  }

  private receive(outcome: ZipOutcome, worker: Worker): void {
    const waiting = this.waiting.get(outcome.id);
    this.waiting.delete(outcome.id);
    if ('unpackedBytes' in outcome) waiting?.resolve(outcome.unpackedBytes);
    else if ('failed' in outcome) waiting?.reject(new Error(outcome.failed));
    else waiting?.reject(new PackageRejected(outcome.rejected, outcome.message));
    if (this.waiting.size > 0) return;
    // An idle thread keeps no process alive.
    worker.unref();
    this.idleTimer = setTimeout(() => void worker.terminate(), IDLE_MS);
    this.idleTimer.unref();
  }
}

/** Memory that both threads see: a message would copy the zip twice. */
function shared(zip: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(zip.byteLength);
  new Uint8Array(memory).set(zip);
  return memory;
}
