import type { ObjectTable } from '../../ports/object-table.ts';
import type { StoreFileOptions } from '../store-thread.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { ObjectRequest } from './object-file.ts';
import { ObjectFile } from './object-file.ts';

export type ClosableObjectTable = ObjectTable & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

const OPENING_READS: ReadonlySet<string> = new Set([
  'lastSequence',
  'buckets',
  'allPieces',
  'notifications',
  'nextNotificationMs',
]);

/** Objects in SQLite, owned by a thread. Rejects with `PlatformError` for a file that must not be used. */
export async function openSqliteObjectTable(options: StoreFileOptions): Promise<ClosableObjectTable> {
  const { log, onFatal, ...workerData } = options;
  const channel = await StoreThread.open<ObjectRequest>({
    openHere: () => new ObjectFile(workerData),
    isOpening: (request) => 'read' in request && OPENING_READS.has(request.read),
    module: siblingModule(import.meta.url, 'objects-worker'),
    workerData,
    name: 'objects',
    log,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  // What the thread replies to a request is what the port says of it.
  const ask = <Reply>(request: ObjectRequest): Promise<Reply> => channel.request(request) as Promise<Reply>;
  return {
    lastSequence: await ask({ read: 'lastSequence' }),
    buckets: () => ask({ read: 'buckets' }),
    putBucket: (bucket) => ask({ write: 'putBucket', bucket }),
    removeBucket: (name) => ask({ write: 'removeBucket', name }),
    put: (put) => ask({ write: 'put', put }),
    remove: (removal) => ask({ write: 'remove', removal }),
    set: (sequence, settings) => ask({ write: 'set', sequence, settings }),
    find: (bucket, key, versionId) => ask({ read: 'find', bucket, key, versionId }),
    list: (range) => ask({ read: 'list', range }),
    listVersions: (range) => ask({ read: 'listVersions', range }),
    putUpload: (upload) => ask({ write: 'putUpload', upload }),
    findUpload: (uploadId) => ask({ read: 'findUpload', uploadId }),
    listUploads: (range) => ask({ read: 'listUploads', range }),
    putPart: (part) => ask({ write: 'putPart', part }),
    parts: (uploadId) => ask({ read: 'parts', uploadId }),
    removeUpload: (uploadId) => ask({ write: 'removeUpload', uploadId }),
    notifications: (untilMs, limit) => ask({ read: 'notifications', untilMs, limit }),
    nextNotificationMs: () => ask({ read: 'nextNotificationMs' }),
    postponeNotification: (id, dueMs) => ask({ write: 'postponeNotification', id, dueMs }),
    removeNotification: (id) => ask({ write: 'removeNotification', id }),
    pieces: () => ask({ read: 'allPieces' }),
    close: () => channel.close(),
  };
}
