import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PlatformError } from '../../core/errors.ts';

export interface DatabaseOptions {
  readonly file: string;
  /** `FULL` syncs every commit; `NORMAL` only checkpoints: survives a killed process, not a power cut. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** `user_version` that this program writes. */
  readonly schemaVersion: number;
  /** Statements that bring an empty file to `schemaVersion`. */
  readonly schema: string;
  /** A file grown to this size counts as a full disk; unset: no bound of our own. */
  readonly maxBytes?: number;
}

/** Files up to this size are checked whole when opened; reading 16 MiB takes a few milliseconds. */
const CHECK_WHOLE_BYTES = 16 * 1024 * 1024;
/** Size to which the write-ahead log is cut back after a checkpoint. */
const WAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Upper bound; SQLite takes it only as pages are used. */
const CACHE_KIB = 16 * 1024;
/** Pages in the write-ahead log before they are copied into the file: 16 MiB, four times SQLite's default. */
const CHECKPOINT_PAGES = 4096;

/** Primary result codes, https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Opens the file in WAL mode for this connection alone; throws a `PlatformError` when it must not. */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const { file } = options;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('PRAGMA locking_mode=EXCLUSIVE');
    const found = pragmaNumber(database, 'user_version');
    if (found > options.schemaVersion) throw newerVersion(file, found, options.schemaVersion);
    checkIntegrity(database, file);
    database.exec('PRAGMA journal_mode=WAL');
    database.exec(`PRAGMA synchronous=${options.synchronous}`);
    database.exec(`PRAGMA journal_size_limit=${WAL_SIZE_LIMIT_BYTES}`);
    database.exec(`PRAGMA cache_size=-${CACHE_KIB}; PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`);
    if (options.maxBytes !== undefined) {
      const pages = Math.floor(options.maxBytes / pragmaNumber(database, 'page_size'));
      database.exec(`PRAGMA max_page_count=${pages}`);
    }
    if (found === 0) {
      database.exec(
        `BEGIN IMMEDIATE; ${options.schema}; PRAGMA user_version=${options.schemaVersion}; COMMIT`,
      );
    }
    return database;
  } catch (error) {
    database?.close();
    throw explainStorageError(error, file);
  }
}

/** Turns a failure of the disk or of the file into a `PlatformError`; other errors pass unchanged. */
export function explainStorageError(error: unknown, file: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  const cause = { cause: error };
  const detail = error instanceof Error ? error.message : '';
  switch (code) {
    case SQLITE_FULL:
      return new PlatformError(
        `no space left to write ${file}; the write was refused and nothing of it is stored`,
        'Free space on that file system, then repeat the request.',
        cause,
      );
    case SQLITE_IOERR:
      return new PlatformError(
        `the disk failed while accessing ${file} (${detail})`,
        'Check the file system and its free space, then repeat the request.',
        cause,
      );
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(file, detail, error);
    case SQLITE_BUSY:
      return new PlatformError(
        `${file} is in use by another process`,
        'Stop that process, or choose another data directory.',
        cause,
      );
    case SQLITE_CANTOPEN:
      return new PlatformError(
        `${file} cannot be opened (${detail})`,
        'Check that the directory exists and may be written by this user.',
        cause,
      );
    default:
      return error;
  }
}

function checkIntegrity(database: DatabaseSync, file: string): void {
  if (statSync(file).size > CHECK_WHOLE_BYTES) return;
  const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (answer !== 'ok') throw corrupt(file, String(answer), undefined);
}

function newerVersion(file: string, found: number, supported: number): PlatformError {
  return new PlatformError(
    `${file} was written by a newer selfsame: it has version ${found}, this program supports up to ${supported}`,
    'Start the newer selfsame, or choose another data directory.',
  );
}

function corrupt(file: string, detail: string, cause: unknown): PlatformError {
  return new PlatformError(
    `${file} is damaged or not a database of selfsame (${detail.replaceAll('\n', ' ')})`,
    'Restore it from a backup, or move it away to start empty; selfsame has not changed it.',
    { cause },
  );
}

function pragmaNumber(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}
