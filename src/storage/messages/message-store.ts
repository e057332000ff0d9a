import type { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Deduplication, MessageStore, StoredMessage } from '../../ports/message-store.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { MessageRequest } from './message-table.ts';
import { MessageTable } from './message-table.ts';
import type { MessagesWorkerData } from './messages-worker.ts';

export interface SqliteMessageStoreOptions {
  /** `messages.db` of the data directory. */
  readonly file: string;
  readonly log: Log;
  /** Called once if the thread of the store dies: nothing can be stored any more. */
  readonly onFatal?: (error: PlatformError) => void;
  /** A file grown to this size counts as a full disk; unset: the disk decides. */
  readonly maxBytes?: number;
}

export type ClosableMessageStore = MessageStore & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/** Messages read at once at the start: a few megabytes. */
const PAGE_MESSAGES = 10_000;

/** Messages in SQLite, owned by a thread. Rejects with `PlatformError` for a file that must not be used. */
export async function openSqliteMessageStore(
  options: SqliteMessageStoreOptions,
): Promise<ClosableMessageStore> {
  const workerData: MessagesWorkerData = {
    file: options.file,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  };
  const channel = await StoreThread.open<MessageRequest>({
    openHere: () => new MessageTable(workerData),
    isOpening: (request) => typeof request === 'string' || 'page' in request,
    module: siblingModule(import.meta.url, 'messages-worker'),
    workerData,
    name: 'messages',
    sends: 'once a turn',
    log: options.log,
    ...(options.onFatal ? { onFatal: options.onFatal } : {}),
  });
  return {
    lastPosition: (await channel.request('last-position')) as number,
    async *messages() {
      for (let after = 0; ; ) {
        const page = (await channel.request({ page: { after, limit: PAGE_MESSAGES } })) as StoredMessage[];
        if (page.length === 0) return;
        yield page;
        after = page.at(-1)!.position;
      }
    },
    deduplications: async () => (await channel.request('deduplications')) as Deduplication[],
    commit: async (changes) => (await channel.request({ commit: changes })) as (string | undefined)[],
    close: () => channel.close(),
  };
}
