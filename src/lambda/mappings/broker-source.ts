import type { BrokerAddress } from '../../core/broker-address.ts';
import type { BrokerQueue, OpenBrokerQueue } from '../../ports/broker-queue.ts';
import type { EventSource, Pull, SourceDescription, SourceRecord } from '../../ports/event-source.ts';

export interface BrokerSourceOptions {
  readonly open: OpenBrokerQueue;
  readonly address: BrokerAddress;
  readonly queue: string;
  readonly virtualHost: string;
  readonly prefetch: number;
  /** Asked before each connection, so that a password may change. */
  readonly credentials: () => Promise<{ readonly username: string; readonly password: string }>;
  /** Told where the broker cannot be read from, which the reader tries again. */
  readonly failed: () => void;
  readonly now: () => number;
}

/** What a broker holds back for its readers does not matter here: it says itself when a message comes again. */
const DESCRIPTION: SourceDescription = {
  isOrdered: true,
  visibilityTimeoutSeconds: Number.POSITIVE_INFINITY,
};

/** One queue of a broker as a source, over one connection at a time, of which the next is made when it is wanted. */
export class BrokerSource implements EventSource {
  private readonly options: BrokerSourceOptions;
  private opening: Promise<BrokerQueue> | undefined;
  private opened: BrokerQueue | undefined;
  private connections = 0;

  constructor(options: BrokerSourceOptions) {
    this.options = options;
  }

  async describe(): Promise<SourceDescription> {
    return DESCRIPTION;
  }

  async pull(_arn: string, { max, signal }: Pull): Promise<readonly SourceRecord[]> {
    const opening = this.opening ?? this.open();
    this.opening = opening;
    try {
      const queue = await untilAborted(opening, signal);
      if (queue === undefined) return [];
      if (this.opening === opening) this.opened = queue;
      return await queue.take(max, signal);
    } catch (error) {
      // Another reader may have met the same, and have begun anew.
      if (this.opening === opening) {
        this.opening = undefined;
        this.opened = undefined;
        this.options.failed();
        closeLater(opening);
      }
      throw error;
    }
  }

  async acknowledge(_arn: string, handles: readonly string[]): Promise<void> {
    (await this.current())?.acknowledge(handles);
  }

  async release(_arn: string, handles: readonly string[]): Promise<void> {
    (await this.current())?.release(handles);
  }

  /** As `release`, of records that were tried and could not be dealt with. */
  async giveBackFailed(handles: readonly string[]): Promise<void> {
    (await this.current())?.giveBackFailed(handles);
  }

  /** Does not wait for a connection that is still being made, which is closed when it is. */
  async close(): Promise<void> {
    const { opening, opened } = this;
    this.opening = undefined;
    this.opened = undefined;
    if (opened !== undefined) await opened.close();
    else if (opening !== undefined) closeLater(opening);
  }

  private async open(): Promise<BrokerQueue> {
    const { open, address, queue, virtualHost, prefetch, credentials, now } = this.options;
    const handlePrefix = `${++this.connections}.`;
    return open({ address, queue, virtualHost, prefetch, now, handlePrefix, ...(await credentials()) });
  }

  /** Undefined where there is none, or it did not come to be: then nobody has anything of it. */
  private async current(): Promise<BrokerQueue | undefined> {
    return this.opening?.catch(() => undefined);
  }
}

/** Undefined where the signal comes first. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function closeLater(opening: Promise<BrokerQueue>): void {
  // It has failed already, which was told.
  void opening.then((queue) => queue.close()).catch(() => {});
}
