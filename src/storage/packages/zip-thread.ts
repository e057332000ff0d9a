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

interface ZipWorker {
  readonly thread: Worker;
  readonly waiting: Map<number, Waiting>;
}

interface Waiting {
  resolve(unpackedBytes: number): void;
  reject(error: Error): void;
}

export class ZipThread {
  /** The one that takes the next zip; one that is being ended is none. */
  private current: ZipWorker | undefined;
  private readonly ending = new Set<Promise<number>>();
  private lastId = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private readonly idleMs: number;

  constructor(idleMs = IDLE_MS) {
    this.idleMs = idleMs;
  }

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
    this.end();
    await Promise.all(this.ending);
  }

  private run(job: ZipJob): Promise<number> {
    clearTimeout(this.idleTimer);
    this.current ??= this.start();
    const { thread, waiting } = this.current;
    thread.ref();
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      thread.postMessage({ id, job } satisfies NumberedJob);
    });
  }

  private start(): ZipWorker {
    const thread = new Worker(siblingModule(import.meta.url, 'zip-worker'), { name: 'zips' });
    const worker: ZipWorker = { thread, waiting: new Map() };
    let cause = 'it was ended';
    thread.on('message', (outcome: ZipOutcome) => this.receive(outcome, worker));
    thread.on('error', (error) => {
      cause = error.message;
    });
    thread.on('exit', () => {
      if (this.current === worker) this.current = undefined;
      for (const { reject } of worker.waiting.values())
        reject(new Error(`the thread that reads zips has ended: ${cause}`));
      worker.waiting.clear();
    });
    return worker;
  }

  private receive(outcome: ZipOutcome, { thread, waiting }: ZipWorker): void {
    const job = waiting.get(outcome.id);
    waiting.delete(outcome.id);
    if ('unpackedBytes' in outcome) job?.resolve(outcome.unpackedBytes);
    else if ('failed' in outcome) job?.reject(new Error(outcome.failed));
    else job?.reject(new PackageRejected(outcome.rejected, outcome.message));
    if (waiting.size > 0) return;
    // An idle thread keeps no process alive.
    thread.unref();
    this.idleTimer = setTimeout(() => this.end(), this.idleMs);
    this.idleTimer.unref();
  }

  /** It takes some time to end, in which a zip may come: that one gets another thread. */
  private end(): void {
    clearTimeout(this.idleTimer);
    const ended = this.current?.thread.terminate();
    this.current = undefined;
    if (ended === undefined) return;
    this.ending.add(ended);
    void ended.finally(() => this.ending.delete(ended));
  }
}

/** Memory that both threads see: a message would copy the zip twice. */
function shared(zip: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(zip.byteLength);
  new Uint8Array(memory).set(zip);
  return memory;
}
