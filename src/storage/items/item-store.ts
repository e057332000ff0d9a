import type { ItemStore } from '../../ports/item-store.ts';
import type { StoreFileOptions } from '../store-thread.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import { openItemDatabase } from './item-file.ts';
import type { ItemsWorkerData } from './items-worker.ts';

export interface ItemStoreOptions extends StoreFileOptions {
  /** The module that decides about requests, loaded by the thread. It exports `openEngine`. */
  readonly engine: URL;
}

export type ClosableItemStore<Request, Reply> = ItemStore<Request, Reply> & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/** Items in SQLite, owned by a thread. Rejects with `PlatformError` for a file that must not be used. */
export async function openSqliteItemStore<Request, Reply>(
  options: ItemStoreOptions,
): Promise<ClosableItemStore<Request, Reply>> {
  const { log, onFatal, engine, ...file } = options;
  const workerData: ItemsWorkerData = { ...file, engine: engine.href };
  const channel = await StoreThread.open<Request>({
    // Nothing is read before a request, but a file that must not be used is told of at the start.
    openHere: () => {
      const database = openItemDatabase(file);
      return { handle: () => [], close: () => database.close() };
    },
    isOpening: () => false,
    module: siblingModule(import.meta.url, 'items-worker'),
    workerData,
    name: 'items',
    sends: 'once a turn',
    log,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  return {
    ask: (request) => channel.request(request) as Promise<Reply>,
    close: () => channel.close(),
  };
}
