import type { RecordChunk, ShardEnd, ShardStore } from '../../ports/shard-store.ts';
import type { StoreFileOptions } from '../store-thread.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { ShardRequest } from './shard-table.ts';
import { ShardTable } from './shard-table.ts';
import type { ShardsWorkerData } from './shards-worker.ts';

export type ClosableShardStore = ShardStore & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/**
 * Shards in SQLite, `shards.db` of the data directory, owned by a thread. Rejects with `PlatformError` for a file
 * that must not be used.
 */
export async function openSqliteShardStore(options: StoreFileOptions): Promise<ClosableShardStore> {
  const workerData: ShardsWorkerData = {
    file: options.file,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  };
  const thread = await StoreThread.open<ShardRequest>({
    openHere: () => new ShardTable(workerData),
    isOpening: (request) => request === 'ends',
    module: siblingModule(import.meta.url, 'shards-worker'),
    workerData,
    name: 'shards',
    log: options.log,
    ...(options.onFatal ? { onFatal: options.onFatal } : {}),
  });
  return {
    ends: async () => (await thread.request('ends')) as ShardEnd[],
    async append(chunks) {
      await thread.request({ append: chunks });
    },
    read: async (range) => (await thread.request({ read: range })) as RecordChunk[],
    positionBefore: async (shard, arrivedMs) =>
      (await thread.request({ positionBefore: { shard, arrivedMs } })) as number,
    trim: async (shard, beforeMs) =>
      (await thread.request({ trim: { shard, beforeMs } })) as number | undefined,
    async remove(shards) {
      await thread.request({ remove: shards });
    },
    close: () => thread.close(),
  };
}
