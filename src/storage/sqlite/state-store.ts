import type { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import {
  RevisionConflict,
  type StateRange,
  type StateRecord,
  type StateStore,
  type StateWrite,
} from '../../ports/state-store.ts';
import { StoreThread } from '../store-thread.ts';
import { siblingModule } from '../worker-channel.ts';
import type { CommitReply, RecordRange, RecordRequest, RecordWrite, StoredRecord } from './records.ts';
import { Records } from './records.ts';
import type { StateWorkerData } from './state-worker.ts';

export interface SqliteStateStoreOptions {
  /** `records.db` of the data directory. */
  readonly file: string;
  readonly log: Log;
  /** Called once if the thread of the store dies: nothing can be stored any more. */
  readonly onFatal?: (error: PlatformError) => void;
  /** A file grown to this size counts as a full disk; unset: the disk decides. */
  readonly maxBytes?: number;
}

export type ClosableStateStore = StateStore & {
  /** Finishes what was asked before and closes the file. */
  close(): Promise<void>;
};

/**
 * Documents in SQLite, owned by a thread. A commit is synced to disk before it resolves; commits
 * that arrive while one transaction syncs share the next. Rejects with `PlatformError` for a file
 * that is damaged, newer than this program, or in use.
 */
export async function openSqliteStateStore(options: SqliteStateStoreOptions): Promise<ClosableStateStore> {
  const workerData: StateWorkerData = {
    file: options.file,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
  };
  const channel = await StoreThread.open<RecordRequest>({
    openHere: () => new Records(workerData),
    isOpening: (request) => !('commit' in request),
    module: siblingModule(import.meta.url, 'state-worker'),
    workerData,
    name: 'records',
    log: options.log,
    ...(options.onFatal ? { onFatal: options.onFatal } : {}),
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
  return { from: prefix, after: range.after, before: successor(prefix), limit: range.limit };
}

const LAST_CODE_POINT = 0x10ffff;

/** The least string above every string that begins with `prefix`, in byte order; undefined if there is none. */
function successor(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last === LAST_CODE_POINT) continue;
    // Surrogates are no characters of their own and have no place in UTF-8.
    const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}
