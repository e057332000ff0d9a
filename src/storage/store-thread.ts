import { PlatformError } from '../core/errors.ts';
import type { Log } from '../ports/log.ts';
import type { WorkerChannelOptions } from './worker-channel.ts';
import { outcomeOf, WorkerChannel } from './worker-channel.ts';
import type { WorkerService } from './worker-loop.ts';

/** How a store is opened that is one file of the data directory. */
export interface StoreFileOptions {
  readonly file: string;
  readonly log: Log;
  /** Called once if the thread of the store dies: nothing can be stored any more. */
  readonly onFatal?: (error: PlatformError) => void;
  /** A file grown to this size counts as a full disk; unset: the disk decides. */
  readonly maxBytes?: number;
}

export interface StoreThreadOptions<Request> extends WorkerChannelOptions {
  /** Opens here what the thread serves. Throws `PlatformError` for a file that must not be used. */
  readonly openHere: () => WorkerService<Request>;
  /** What is asked while the server starts: answered here, as long as there is no thread. */
  readonly isOpening: (request: Request) => boolean;
}

/**
 * Files that a thread owns once there is something to do. A thread takes 14 MB and a twentieth of a second, and most
 * servers use only some of their stores; what a start reads is read here, when no request waits for the loop yet.
 */
export class StoreThread<Request> {
  readonly #options: StoreThreadOptions<Request>;
  #here: WorkerService<Request> | undefined;
  #channel: WorkerChannel<Request, unknown> | undefined;
  #opening: Promise<WorkerChannel<Request, unknown>> | undefined;
  #closed = false;

  private constructor(options: StoreThreadOptions<Request>) {
    this.#options = options;
    this.#here = options.openHere();
  }

  /** Rejects with the reason why the files cannot be opened. */
  static async open<Request>(options: StoreThreadOptions<Request>): Promise<StoreThread<Request>> {
    return new StoreThread(options);
  }

  async request(request: Request): Promise<unknown> {
    if (this.#channel !== undefined) return this.#channel.request(request);
    if (this.#closed)
      throw new PlatformError(`the ${this.#options.name} store is closed`, 'Start selfsame again.');
    if (this.#here !== undefined && this.#options.isOpening(request))
      return outcomeOf(this.#here.handle([request])[0]!);
    return (await this.#started()).request(request);
  }

  /** Lets everything asked before finish, then closes the files and ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closeHere();
    const opening = await this.#opening?.catch(() => undefined);
    await opening?.close();
  }

  /** The files have one owner at a time. */
  #closeHere(): void {
    this.#here?.close();
    this.#here = undefined;
  }

  #started(): Promise<WorkerChannel<Request, unknown>> {
    this.#closeHere();
    this.#opening ??= WorkerChannel.open<Request, unknown>(this.#options).then(
      (channel) => {
        this.#channel = channel;
        return channel;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }
}
