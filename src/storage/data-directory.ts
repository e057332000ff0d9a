import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PlatformError } from '../core/errors.ts';
import { writeDurably } from './files/durable-file.ts';

/** Where everything of one server is kept; all paths are absolute and their directories exist. */
export interface DataDirectory {
  readonly path: string;
  /** `records.db`: see `openSqliteStateStore`. */
  readonly records: string;
  /** `logs.db`: see `openSqliteStreamLog`. */
  readonly logs: string;
  /** `events.db`: see `openSqliteEventQueue`. */
  readonly events: string;
  /** `messages.db`: see `openSqliteMessageStore`. */
  readonly messages: string;
  /** `shards.db`: see `openSqliteShardStore`. */
  readonly shards: string;
  /** `objects.db`: see `openSqliteObjectTable`. */
  readonly objects: string;
  /** `items.db`: see `openSqliteItemStore`. */
  readonly items: string;
  /** Bytes of S3 objects: see `openFileContentStore`. */
  readonly contents: string;
  readonly blobs: string;
  /** Extracted function packages. */
  readonly packages: string;
  /** Container images: what was fetched of them, and their root directories. */
  readonly images: string;
  /** What was pushed to this server's own registry. */
  readonly registry: string;
  /** Scratch space and sockets of running environments. */
  readonly environments: string;
  /** Interpreters fetched for runtimes. */
  readonly runtimes: string;
  /** True when it vanishes with `close`. */
  readonly temporary: boolean;
  /** Gives the directory free for another process; close what is stored in it first. Idempotent. */
  close(): Promise<void>;
}

/** Layout that this program writes; grows when an older program could not read what is there. */
export const DATA_DIRECTORY_VERSION = 1;

const VERSION_FILE = 'version';
const LOCK_FILE = 'lock';
/** Who holds the lock: its process id as text, for the message of those who come second. */
const OWNER_FILE = 'lock.pid';
const TEMPORARY_PREFIX = 'selfsame-data-';
/** A temporary directory younger than this may belong to a process that is just about to lock it. */
const TEMPORARY_GRACE_MS = 60_000;

/**
 * Opens or makes the data directory and keeps it from every other process until `close` or death,
 * `kill -9` included. Rejects with `PlatformError` when it is in use, of a newer version, or cannot be written.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  return openAt(resolve(path), false);
}

/** For no persistence: a fresh directory that `close` removes. Those left by killed processes go now. */
export async function openTemporaryDataDirectory(): Promise<DataDirectory> {
  await removeAbandoned();
  return openAt(await mkdtemp(join(tmpdir(), TEMPORARY_PREFIX)), true);
}

async function openAt(path: string, temporary: boolean): Promise<DataDirectory> {
  try {
    await makeDirectory(path);
    const lock = await acquireLock(path);
    try {
      await checkVersion(path);
      await writeFile(join(path, OWNER_FILE), `${process.pid}\n`);
      return await layOut(path, temporary, lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * Like `mkdir` with `recursive`, which never returns where a directory is missing and cannot be made
 * either, as in `/proc` (seen with Node.js 24).
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || (await isThere(dirname(path)))) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function layOut(path: string, temporary: boolean, lock: DatabaseSync): Promise<DataDirectory> {
  const [contents, blobs, packages, images, registry, environments, runtimes] = await Promise.all(
    ['contents', 'blobs', 'packages', 'images', 'registry', 'environments', 'runtimes'].map(async (name) => {
      const directory = join(path, name);
      await mkdir(directory, { recursive: true });
      // Functions' users get to what they need of it by its name, and learn no other.
      await chmod(directory, 0o711);
      return directory;
    }),
  );
  let closed = false;
  return {
    path,
    records: join(path, 'records.db'),
    logs: join(path, 'logs.db'),
    events: join(path, 'events.db'),
    messages: join(path, 'messages.db'),
    shards: join(path, 'shards.db'),
    objects: join(path, 'objects.db'),
    items: join(path, 'items.db'),
    contents: contents!,
    blobs: blobs!,
    packages: packages!,
    images: images!,
    registry: registry!,
    environments: environments!,
    runtimes: runtimes!,
    temporary,
    async close() {
      if (closed) return;
      closed = true;
      await rm(join(path, OWNER_FILE), { force: true });
      if (temporary) await rm(path, { recursive: true, force: true });
      lock.close();
    },
  };
}

/**
 * The lock is an open exclusive transaction on an empty SQLite file: a lock of the kernel (fcntl),
 * which ends with its process however that dies, and which Node.js reaches without native modules.
 */
async function acquireLock(path: string): Promise<DatabaseSync> {
  const lock = new DatabaseSync(join(path, LOCK_FILE), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch {
    lock.close();
    const pid = await readFile(join(path, OWNER_FILE), 'utf8').then(
      (text) => `process ${text.trim()}`,
      () => 'another process',
    );
    throw new PlatformError(
      `the data directory ${path} is in use by ${pid}`,
      'Stop that server, or choose another directory for this one.',
    );
  }
}

async function checkVersion(path: string): Promise<void> {
  const file = join(path, VERSION_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return writeDurably(file, `${DATA_DIRECTORY_VERSION}\n`);
  const found = Number(text.trim());
  if (!Number.isInteger(found) || found < 1) {
    throw new PlatformError(
      `${file} holds ${JSON.stringify(text.slice(0, 40))}, not the version of a data directory of selfsame`,
      'Choose another data directory, or an empty one.',
    );
  }
  if (found > DATA_DIRECTORY_VERSION) {
    throw new PlatformError(
      `the data directory ${path} was written by a newer selfsame: it has version ${found}, ` +
        `this program supports up to ${DATA_DIRECTORY_VERSION}`,
      'Start the newer selfsame, or choose another data directory.',
    );
  }
}

/** Removes temporary directories of this user whose process is gone, known by their free lock. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(tmpdir(), name);
    try {
      const status = await stat(path);
      if (status.uid !== process.getuid?.() || Date.now() - status.mtimeMs < TEMPORARY_GRACE_MS) continue;
      const lock = await acquireLock(path);
      await rm(path, { recursive: true, force: true });
      lock.close();
    } catch {
      // In use, or being removed by another process that starts now: either way not ours to remove.
    }
  }
}

function explain(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (error instanceof PlatformError || code === undefined) return error;
  const reason = error instanceof Error ? error.message : '';
  return new PlatformError(
    `the data directory ${path} cannot be used (${reason})`,
    code === 'ENOSPC'
      ? 'Free space on that file system.'
      : 'Check that it is a directory this user may write.',
    { cause: error },
  );
}
