import {
  RevisionConflict,
  type StateRange,
  type StateRecord,
  type StateStore,
  type StateWrite,
} from '../../ports/state-store.ts';
import type { StoreFileOptions } from '../store-thread.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { CommitReply, RecordRange, RecordRequest, RecordWrite, StoredRecord } from './records.ts';
import { Records } from './records.ts';
import { textAfter } from './text-order.ts';

export type ClosableStateStore = StateStore & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/**
 * Documents in SQLite, owned by a thread. A commit is synced to disk before it resolves; commits
 * that arrive while one transaction syncs share the next. Rejects with `PlatformError` for a file
 * that is damaged, newer than this program, or in use.
 */
export async function openSqliteStateStore(options: StoreFileOptions): Promise<ClosableStateStore> {
  const { log, onFatal, ...workerData } = options;
  const channel = await StoreThread.open<RecordRequest>({
    openHere: () => new Records(workerData),
    isOpening: (request) => !('commit' in request),
    module: siblingModule(import.meta.url, 'state-worker'),
    workerData,
    name: 'records',
    log,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  return {
    async get<T>(table: string, key: string) {
      const found = (await channel.request({ get: { table, key } })) as StoredRecord | undefined;
      return found && parse<T>(found);
    },
    async list<T>(table: string, range: StateRange = {}) {
      const found = await channel.request({ list: { table, range: bounds(range) } });
      return (found as StoredRecord[]).map((record) => parse<T>(record));
    },
    async commit(writes: readonly StateWrite[]) {
      if (writes.length === 0) return [];
      const reply = (await channel.request({ commit: writes.map(serialize) })) as CommitReply;
      if ('conflict' in reply) throw new RevisionConflict(reply.conflict.table, reply.conflict.key);
      return [...reply.revisions];
    },
    close: () => channel.close(),
  };
}

function parse<T>(record: StoredRecord): StateRecord<T> {
  return { key: record.key, value: JSON.parse(record.json) as T, revision: record.revision };
}

function serialize(write: StateWrite): RecordWrite {
  const { table, key, ifRevision } = write;
  const json = 'delete' in write ? null : JSON.stringify(write.value);
  if (json === undefined) throw new TypeError(`the value of ${table}/${key} has no JSON form`);
  return { table, key, json, ifRevision };
}

function bounds(range: StateRange): RecordRange {
  const prefix = range.prefix ?? '';
  return { from: prefix, after: range.after, before: textAfter(prefix), limit: range.limit };
}
