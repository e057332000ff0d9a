/** A content store of files: `<directory>/<hundreds>/<number>`, each written once. */
import { copyFile, type FileHandle, link, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContentStore } from '../../ports/content-store.ts';
import type { ContentPiece } from '../../ports/object-table.ts';
import { explainFullDisk } from '../files/full-disk.ts';
import { SharedSync } from './shared-sync.ts';

/** Files in one directory. New ones share a directory, and so the sync of its entries. */
const FILES_PER_DIRECTORY = 4096;
/** Gathered before a write: fewer, larger writes are quicker, and two of them are all the memory a body takes. */
const WRITE_BYTES = 256 * 1024;
const READ_BYTES = 128 * 1024;

/** The directory must belong to this process alone (see `openDataDirectory`). */
export async function openFileContentStore(options: { readonly directory: string }): Promise<ContentStore> {
  const { directory } = options;
  const groups = await groupsOf(directory);
  const lastGroup = Math.max(0, ...groups);
  const files = groups.length === 0 ? [] : await readdir(join(directory, String(lastGroup)));
  return new FileContentStore(directory, Math.max(lastGroup * FILES_PER_DIRECTORY, ...files.map(Number)) + 1);
}

/** Whatever else is in the directory was not put there by a store. */
async function groupsOf(directory: string): Promise<number[]> {
  return (await readdir(directory)).map(Number).filter(Number.isInteger);
}

class FileContentStore implements ContentStore {
  private readonly directory: string;
  private readonly firstId: number;
  private nextId: number;
  /** How many are reading a piece. */
  private readonly readers = new Map<number, number>();
  /** Removed while somebody reads them. */
  private readonly unwanted = new Set<number>();
  /** Being removed: of several that an object is made of, some may still be there. */
  private readonly leaving = new Set<number>();
  private readonly syncs = new Map<string, SharedSync>();

  constructor(directory: string, firstId: number) {
    this.directory = directory;
    this.firstId = firstId;
    this.nextId = firstId;
  }

  write(pieces: AsyncIterable<Uint8Array>): Promise<ContentPiece> {
    return this.make(async (path) => {
      const file = await open(path, 'wx', 0o600);
      // The entry is there already: its directory is synced while the content comes.
      const entry = this.syncEntry(path);
      entry.catch(() => undefined);
      try {
        const sizeBytes = await writeAll(file, pieces);
        await Promise.all([file.datasync(), entry]);
        return sizeBytes;
      } finally {
        await file.close();
      }
    });
  }

  copy(id: number): Promise<ContentPiece> {
    return this.make(async (path) => {
      const source = this.path(id);
      await link(source, path).catch(async (error: NodeJS.ErrnoException) => {
        // A file can have so many names only.
        if (error.code !== 'EMLINK' && error.code !== 'EPERM' && error.code !== 'ENOTSUP') throw error;
        await copyFile(source, path);
      });
      const file = await open(path);
      try {
        await Promise.all([file.datasync(), this.syncEntry(path)]);
        return (await file.stat()).size;
      } finally {
        await file.close();
      }
    });
  }

  async read(
    pieces: readonly ContentPiece[],
    start: number,
    end: number,
  ): Promise<AsyncGenerator<Uint8Array, void>> {
    const spans = spansOf(pieces, start, end);
    const [first] = spans;
    if (first === undefined) return noBytes();
    // Before anything is waited for: who removes them now leaves them to the last reader.
    this.beginReading(spans);
    const file = await open(this.path(first.id)).catch(async (error: unknown) => {
      await this.endReading(spans);
      throw error;
    });
    const reading = this.readSpans(spans, file);
    // A generator that has not begun would not close its file when it is told to return.
    await reading.next();
    return reading;
  }

  async remove(ids: readonly number[]): Promise<void> {
    const free = ids.filter((id) => !this.readers.has(id));
    for (const id of ids) (this.readers.has(id) ? this.unwanted : this.leaving).add(id);
    await Promise.all(
      free.map(async (id) => {
        // What cannot be removed now is found by the next start.
        await unlink(this.path(id)).catch(() => undefined);
        this.leaving.delete(id);
      }),
    );
  }

  /** Throws ENOENT. */
  private beginReading(spans: readonly Span[]): void {
    const gone = spans.find(({ id }) => this.leaving.has(id));
    if (gone !== undefined)
      throw Object.assign(new Error(`ENOENT: content ${gone.id} is being removed`), { code: 'ENOENT' });
    for (const { id } of spans) this.readers.set(id, (this.readers.get(id) ?? 0) + 1);
  }

  /** The first it yields is nothing. */
  private async *readSpans(spans: readonly Span[], opened: FileHandle): AsyncGenerator<Uint8Array, void> {
    let first: FileHandle | undefined = opened;
    try {
      yield NOTHING;
      for (const { id, start, end } of spans) {
        const file: FileHandle = first ?? (await open(this.path(id)));
        first = undefined;
        yield* readRange(file, start, end);
      }
    } finally {
      await first?.close();
      await this.endReading(spans);
    }
  }

  private async endReading(spans: readonly Span[]): Promise<void> {
    const free: number[] = [];
    for (const { id } of spans) {
      const others = this.readers.get(id)! - 1;
      if (others > 0) this.readers.set(id, others);
      else this.readers.delete(id);
      if (others === 0 && this.unwanted.delete(id)) free.push(id);
    }
    await this.remove(free);
  }

  async keepOnly(ids: readonly number[]): Promise<void> {
    const kept = new Set(ids);
    for (const group of await groupsOf(this.directory)) {
      const files = (await readdir(join(this.directory, String(group)))).map(Number);
      await this.remove(files.filter((id) => id < this.firstId && !kept.has(id)));
    }
  }

  private async make(fill: (path: string) => Promise<number>): Promise<ContentPiece> {
    const id = this.nextId++;
    const path = this.path(id);
    try {
      await this.makeGroup(dirname(path));
      return { id, sizeBytes: await fill(path) };
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw explainFullDisk(error, 'an object', this.directory);
    }
  }

  private async makeGroup(group: string): Promise<void> {
    if (this.syncs.has(group)) return;
    const made = await mkdir(group, { recursive: true });
    if (made !== undefined) await new SharedSync(this.directory).run();
    this.syncs.set(group, new SharedSync(group));
  }

  private syncEntry(path: string): Promise<void> {
    return this.syncs.get(dirname(path))!.run();
  }

  private path(id: number): string {
    return join(this.directory, String(Math.floor(id / FILES_PER_DIRECTORY)), String(id));
  }
}

/** A part of a piece, offsets within it. */
interface Span {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

function spansOf(pieces: readonly ContentPiece[], start: number, end: number): Span[] {
  const spans: Span[] = [];
  let offset = 0;
  for (const { id, sizeBytes } of pieces) {
    const span = { id, start: Math.max(0, start - offset), end: Math.min(sizeBytes, end - offset) };
    if (span.start < span.end) spans.push(span);
    offset += sizeBytes;
  }
  return spans;
}

const NOTHING = new Uint8Array();

async function* noBytes(): AsyncGenerator<Uint8Array, void> {}

/** Writes one batch while the next one is gathered. */
async function writeAll(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    writing = writeBatch(file, gathered, gatheredBytes);
    writing.catch(() => undefined);
    gathered = [];
    gatheredBytes = 0;
  };
  try {
    for await (const piece of pieces) {
      gathered.push(piece);
      gatheredBytes += piece.length;
      sizeBytes += piece.length;
      if (gatheredBytes >= WRITE_BYTES) await flush();
    }
    if (gatheredBytes > 0) await flush();
  } finally {
    await writing;
  }
  return sizeBytes;
}

async function writeBatch(file: FileHandle, batch: readonly Uint8Array[], bytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(batch);
  if (bytesWritten === bytes) return;
  // A file system that is nearly full takes less than it was given, and says why at the next attempt.
  await file.writeFile(Buffer.concat(batch).subarray(bytesWritten));
}

async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  try {
    for (let position = start; position < end; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error(`content ends at ${position} where ${end} bytes were expected`);
      position += bytesRead;
      yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
