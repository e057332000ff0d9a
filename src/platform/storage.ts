/** Everything that services keep: the data directory and its stores, each with a thread or files of its own. */
import type { Log } from '../ports/log.ts';
import type { EngineReply, EngineRequest } from '../services/dynamodb/engine/requests.ts';
import { ITEM_ENGINE_MODULE } from '../services/dynamodb/item-engine.ts';
import { openDataDirectory, openTemporaryDataDirectory } from '../storage/data-directory.ts';
import { openSqliteEventQueue } from '../storage/event-queue/event-queue.ts';
import { openFileBlobStore } from '../storage/files/blob-store.ts';
import { openSqliteItemStore } from '../storage/items/item-store.ts';
import { openSqliteMessageStore } from '../storage/messages/message-store.ts';
import { openFileContentStore } from '../storage/objects/content-files.ts';
import { openSqliteObjectTable } from '../storage/objects/object-table.ts';
import { openPackageStore } from '../storage/packages/package-store.ts';
import { openSqliteShardStore } from '../storage/shards/shard-store.ts';
import { openSqliteStateStore } from '../storage/sqlite/state-store.ts';
import { openSqliteStreamLog } from '../storage/stream-log/stream-log.ts';
import type { Cleanup } from './cleanup.ts';

/** `dataDir` is a path or `temporary`. Opened first, and by that closed last. */
export async function openStorage(dataDir: string, log: Log, cleanup: Cleanup) {
  const data = await cleanup.opening(
    dataDir === 'temporary' ? openTemporaryDataDirectory() : openDataDirectory(dataDir),
  );
  const onFatal = (error: Error): never => stopAtOnce(log, error);
  const [state, streamLog, eventQueue, messages, shards, objects, contents, blobs, registryBlobs] =
    await Promise.all([
      cleanup.opening(openSqliteStateStore({ file: data.records, log, onFatal })),
      cleanup.opening(openSqliteStreamLog({ file: data.logs, log, onFatal })),
      cleanup.opening(openSqliteEventQueue({ file: data.events, log, onFatal })),
      cleanup.opening(openSqliteMessageStore({ file: data.messages, log, onFatal })),
      cleanup.opening(openSqliteShardStore({ file: data.shards, log, onFatal })),
      cleanup.opening(openSqliteObjectTable({ file: data.objects, log, onFatal })),
      openFileContentStore({ directory: data.contents }),
      openFileBlobStore({ directory: data.blobs }),
      openFileBlobStore({ directory: data.registry }),
    ]);
  const items = await cleanup.opening(
    openSqliteItemStore<EngineRequest, EngineReply>({
      file: data.items,
      log,
      onFatal,
      engine: ITEM_ENGINE_MODULE,
    }),
  );
  const packages = await cleanup.opening(openPackageStore({ directory: data.packages, blobs }));
  return {
    data,
    state,
    streamLog,
    eventQueue,
    messages,
    shards,
    objects,
    items,
    contents,
    blobs,
    registryBlobs,
    packages,
  };
}

export type Storage = Awaited<ReturnType<typeof openStorage>>;

/** Storage that cannot go on must not pretend to: nothing more is answered. */
function stopAtOnce(log: Log, error: Error): never {
  log.error({ error: error.message }, 'The storage thread has ended; the server stops.');
  process.exit(1);
}
