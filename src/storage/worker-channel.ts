import { Worker } from 'node:worker_threads';
import { PlatformError } from '../core/errors.ts';
import type { Log } from '../ports/log.ts';

/** An error as it crosses from a storage thread; `platform` is for operators, `bug` is a defect. */
export type TransferredError =
  | { readonly kind: 'platform'; readonly message: string; readonly remedy: string }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string | undefined };

export type Outcome = { readonly reply: unknown } | { readonly error: TransferredError };

/** What the main thread sends: every request made since the last message, or the wish to stop. */
export type ToWorker = { readonly requests: readonly unknown[]; readonly firstId: number } | 'close';

/** What the worker sends: once whether it could open its files, then outcomes by request number. */
export type FromWorker =
  | 'ready'
  | { readonly refused: TransferredError }
  | { readonly outcomes: readonly { readonly id: number; readonly outcome: Outcome }[] };

export interface WorkerChannelOptions {
  /** Entry module of the thread, see `siblingModule`. */
  readonly module: URL;
  readonly workerData: unknown;
  /** What the thread keeps, for messages: `records`, `logs`. */
  readonly name: string;
  readonly log: Log;
  /**
   * When what is asked is sent: as soon as whoever asks is done, or when the loop has looked at all that has arrived.
   * The latter is for many small requests of many clients: a message wakes the thread, which costs more than what is
   * in it. What waits takes memory, and larger messages more of it. Default: `at once`.
   */
  readonly sends?: 'at once' | 'once a turn';
  /** Called once if the thread dies: nothing can be stored any more, the server should end. */
  readonly onFatal?: (error: PlatformError) => void;
}

/** A module beside the one that asks: `.ts` where the sources run unbuilt, `.js` in a built package. */
export function siblingModule(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith('.ts') ? '.ts' : '.js'}`, importMetaUrl);
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/**
 * Requests to a thread that owns files. Those made together travel in one message; those that wait
 * while the thread works are taken together by it (see `worker-loop`).
 */
export class WorkerChannel<Request, Reply> {
  readonly #worker: Worker;
  readonly #name: string;
  readonly #defer: (send: () => void) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #unsent: Request[] = [];
  #nextId = 1;
  #state: 'opening' | 'open' | 'closing' | 'dead' = 'opening';
  #death: PlatformError | undefined;

  private constructor(options: WorkerChannelOptions) {
    this.#name = options.name;
    this.#defer = options.sends === 'once a turn' ? setImmediate : queueMicrotask;
    this.#worker = new Worker(options.module, { workerData: options.workerData, name: options.name });
    this.#exited = new Promise((resolve) => {
      let cause: unknown;
      this.#worker.on('error', (error) => {
        cause = error;
      });
      this.#worker.on('exit', (code) => {
        const expected = this.#state === 'closing' || this.#state === 'opening';
        this.#die(cause ?? new Error(`exit code ${code}`));
        if (!expected && this.#death) {
          options.log.error({ err: cause, thread: options.name }, this.#death.message);
          options.onFatal?.(this.#death);
        }
        resolve();
      });
    });
  }

  /** Resolves when the thread has opened its files; rejects with the reason why it could not. */
  static async open<Request, Reply>(options: WorkerChannelOptions): Promise<WorkerChannel<Request, Reply>> {
    const channel = new WorkerChannel<Request, Reply>(options);
    const first = await Promise.race([
      new Promise<FromWorker>((resolve) => channel.#worker.once('message', resolve)),
      channel.#exited,
    ]);
    if (first === 'ready') {
      channel.#state = 'open';
      channel.#worker.on('message', (message: FromWorker) => channel.#receive(message));
      return channel;
    }
    await channel.#exited;
    if (typeof first === 'object' && 'refused' in first) throw fromTransferred(first.refused);
    throw channel.#death ?? new Error(`the ${options.name} thread did not start`);
  }

  request(request: Request): Promise<Reply> {
    if (this.#state !== 'open') {
      return Promise.reject(this.#death ?? new PlatformError(`the ${this.#name} store is closed`, RESTART));
    }
    if (this.#unsent.push(request) === 1) this.#defer(() => this.#send());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (reply: unknown) => void, reject });
    });
  }

  /** Lets everything asked before finish, then closes the files and ends the thread. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#send();
      this.#state = 'closing';
      this.#worker.postMessage('close' satisfies ToWorker);
    }
    await this.#exited;
  }

  #send(): void {
    const requests = this.#unsent;
    if (requests.length === 0) return;
    this.#unsent = [];
    this.#worker.postMessage({ requests, firstId: this.#nextId - requests.length } satisfies ToWorker);
  }

  #receive(message: FromWorker): void {
    if (typeof message !== 'object' || !('outcomes' in message)) return;
    for (const { id, outcome } of message.outcomes) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if ('reply' in outcome) waiting?.resolve(outcome.reply);
      else waiting?.reject(fromTransferred(outcome.error));
    }
  }

  #die(cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    this.#death = new PlatformError(`the thread that keeps the ${this.#name} has ended (${text})`, RESTART, {
      cause,
    });
    this.#state = 'dead';
    for (const waiting of this.#waiting.values()) waiting.reject(this.#death);
    this.#waiting.clear();
  }
}

const RESTART = 'Start selfsame again: everything acknowledged before is on disk.';

/** The reply; throws what is in its place. */
export function outcomeOf(outcome: Outcome): unknown {
  if ('reply' in outcome) return outcome.reply;
  throw fromTransferred(outcome.error);
}

function fromTransferred(error: TransferredError): Error {
  if (error.kind === 'platform') return new PlatformError(error.message, error.remedy);
  const bug = new Error(error.message);
  if (error.stack) bug.stack = error.stack;
  return bug;
}
