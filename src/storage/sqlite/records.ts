import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Outcome } from '../worker-channel.ts';
import { transferError, type WorkerService } from '../worker-loop.ts';
import { type DatabaseOptions, explainStorageError, openDatabase } from './database.ts';
import { commitGroup } from './group-commit.ts';

/** A write with its value as JSON text; null deletes. */
export interface RecordWrite {
  readonly table: string;
  readonly key: string;
  readonly json: string | null;
  readonly ifRevision: number | undefined;
}

/** The bounds are exclusive above and below, `from` is inclusive; all compare as UTF-8 bytes. */
export interface RecordRange {
  readonly from: string;
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly limit: number | undefined;
}

export type RecordRequest =
  | { readonly get: { readonly table: string; readonly key: string } }
  | { readonly list: { readonly table: string; readonly range: RecordRange } }
  | { readonly commit: readonly RecordWrite[] };

export interface StoredRecord {
  readonly key: string;
  readonly json: string;
  readonly revision: number;
}

export type CommitReply =
  | { readonly revisions: readonly number[] }
  | { readonly conflict: { readonly table: string; readonly key: string } };

/**
 * `sequence` gives out revisions, one counter for the whole file, so that a key deleted and made
 * again never repeats one.
 */
const SCHEMA = `
  CREATE TABLE records (
    collection TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, key)
  ) WITHOUT ROWID;
  CREATE TABLE sequence (last INTEGER NOT NULL);
  INSERT INTO sequence VALUES (0)`;

export const RECORDS_SCHEMA_VERSION = 1;

class Conflict extends Error {
  readonly write: RecordWrite;

  constructor(write: RecordWrite) {
    super('revision conflict');
    this.write = write;
  }
}

/** The records file inside its thread: reads, and commits in groups that share one sync of the disk. */
export class Records implements WorkerService<RecordRequest> {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #revision: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #saveSequence: StatementSync;
  #lastRevision: number;

  constructor(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>) {
    this.#file = options.file;
    const database = openDatabase({
      ...options,
      synchronous: 'FULL',
      schemaVersion: RECORDS_SCHEMA_VERSION,
      schema: SCHEMA,
    });
    this.#database = database;
    this.#get = database.prepare(
      'SELECT key, value AS json, revision FROM records WHERE collection = ? AND key = ?',
    );
    this.#list = database.prepare(
      `SELECT key, value AS json, revision FROM records
       WHERE collection = ? AND key >= ? AND (?3 IS NULL OR key > ?3) AND (?4 IS NULL OR key < ?4)
       ORDER BY key LIMIT ?5`,
    );
    this.#revision = database.prepare('SELECT revision FROM records WHERE collection = ? AND key = ?');
    this.#put = database.prepare(
      `INSERT INTO records (collection, key, revision, value) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET revision = excluded.revision, value = excluded.value`,
    );
    this.#delete = database.prepare('DELETE FROM records WHERE collection = ? AND key = ?');
    this.#saveSequence = database.prepare('UPDATE sequence SET last = ?');
    this.#lastRevision = this.#readSequence();
  }

  /** Reads of a batch see its commits, and only once those are on disk. */
  handle(requests: readonly RecordRequest[]): Outcome[] {
    const outcomes: Outcome[] = new Array(requests.length);
    const commits: { index: number; writes: readonly RecordWrite[] }[] = [];
    requests.forEach((request, index) => {
      if ('commit' in request) commits.push({ index, writes: request.commit });
    });
    const committed = commitGroup(
      this.#database,
      this.#file,
      commits.map((commit) => commit.writes),
      (writes) => this.#apply(writes),
      () => {
        this.#lastRevision = this.#readSequence();
      },
    );
    commits.forEach((commit, order) => {
      outcomes[commit.index] = committed[order]!;
    });
    requests.forEach((request, index) => {
      if (!('commit' in request)) outcomes[index] = this.#read(request);
    });
    return outcomes;
  }

  close(): void {
    this.#database.close();
  }

  #read(request: Exclude<RecordRequest, { readonly commit: unknown }>): Outcome {
    try {
      if ('get' in request) return { reply: this.#get.get(request.get.table, request.get.key) };
      const { from, after, before, limit } = request.list.range;
      return {
        reply: this.#list.all(request.list.table, from, after ?? null, before ?? null, limit ?? -1),
      };
    } catch (error) {
      return { error: transferError(explainStorageError(error, this.#file)) };
    }
  }

  #apply(writes: readonly RecordWrite[]): CommitReply {
    const guarded = writes.some((write) => write.ifRevision !== undefined);
    if (guarded) this.#database.exec('SAVEPOINT one');
    try {
      const revisions = writes.map((write) => this.#write(write));
      this.#saveSequence.run(this.#lastRevision);
      if (guarded) this.#database.exec('RELEASE one');
      return { revisions };
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      this.#database.exec('ROLLBACK TO one; RELEASE one');
      return { conflict: { table: error.write.table, key: error.write.key } };
    }
  }

  #write(write: RecordWrite): number {
    if (write.ifRevision !== undefined) {
      const found = this.#revision.get(write.table, write.key)?.['revision'] ?? 0;
      if (found !== write.ifRevision) throw new Conflict(write);
    }
    if (write.json === null) {
      this.#delete.run(write.table, write.key);
      return 0;
    }
    this.#lastRevision += 1;
    this.#put.run(write.table, write.key, this.#lastRevision, write.json);
    return this.#lastRevision;
  }

  #readSequence(): number {
    return Number(this.#database.prepare('SELECT last FROM sequence').get()?.['last']);
  }
}
