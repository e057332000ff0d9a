import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ChunkRange, RecordChunk, ShardEnd } from '../../ports/shard-store.ts';
import { type DatabaseOptions, explainStorageError, openDatabase } from '../sqlite/database.ts';
import { commitGroup } from '../sqlite/group-commit.ts';
import type { Outcome } from '../worker-channel.ts';
import { transferError, type WorkerService } from '../worker-loop.ts';

type ShardChange =
  | { readonly append: readonly RecordChunk[] }
  | { readonly trim: { readonly shard: string; readonly beforeMs: number } }
  | { readonly remove: readonly string[] };

export type ShardRequest =
  | ShardChange
  | { readonly read: ChunkRange }
  | { readonly positionBefore: { readonly shard: string; readonly arrivedMs: number } }
  | 'ends';

const SHARDS_SCHEMA_VERSION = 1;

/** `trimmed` is the highest position removed, which must not be given again. */
const SCHEMA = `
  CREATE TABLE shards (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, trimmed INTEGER NOT NULL);
  CREATE TABLE chunks (
    shard INTEGER NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL, arrived INTEGER NOT NULL,
    bytes BLOB NOT NULL
  );
  CREATE UNIQUE INDEX places ON chunks (shard, last, arrived)`;

/** The file of shards inside its thread: commits in groups that share one sync of the disk. */
export class ShardTable implements WorkerService<ShardRequest> {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  /** Numbers of shards by name: those that are on disk for certain. */
  readonly #numbers = new Map<string, number>();

  constructor(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>) {
    this.#file = options.file;
    this.#database = openDatabase({
      ...options,
      synchronous: 'FULL',
      schemaVersion: SHARDS_SCHEMA_VERSION,
      schema: SCHEMA,
    });
    this.#statements = prepare(this.#database);
  }

  /** Reads of a batch see its commits, and only once those are on disk. */
  handle(requests: readonly ShardRequest[]): Outcome[] {
    const outcomes: Outcome[] = new Array(requests.length);
    const changes: { readonly index: number; readonly change: ShardChange }[] = [];
    requests.forEach((request, index) => {
      if (isChange(request)) changes.push({ index, change: request });
    });
    const committed = commitGroup(
      this.#database,
      this.#file,
      changes.map(({ change }) => change),
      (change) => this.#apply(change),
      () => this.#numbers.clear(),
    );
    changes.forEach(({ index }, order) => {
      outcomes[index] = committed[order]!;
    });
    requests.forEach((request, index) => {
      if (!isChange(request)) outcomes[index] = this.#answer(request);
    });
    return outcomes;
  }

  close(): void {
    this.#database.close();
  }

  #answer(request: Exclude<ShardRequest, ShardChange>): Outcome {
    try {
      if (request === 'ends') return { reply: this.#ends() };
      if ('read' in request) return { reply: this.#read(request.read) };
      const { shard, arrivedMs } = request.positionBefore;
      const row = this.#statements.before.get(this.#numberOf(shard) ?? null, arrivedMs);
      return { reply: Number(row?.['last'] ?? 0) };
    } catch (error) {
      return { error: transferError(explainStorageError(error, this.#file)) };
    }
  }

  #ends(): ShardEnd[] {
    return this.#statements.shards.all().map(({ number, name, trimmed }) => {
      const end = this.#statements.end.get(Number(number));
      return {
        shard: String(name),
        position: Number(end?.['last'] ?? trimmed),
        arrivedMs: Number(end?.['arrived'] ?? 0),
      };
    });
  }

  #read({ shard, after, sinceMs, maxBytes, maxRecords }: ChunkRange): RecordChunk[] {
    const chunks: RecordChunk[] = [];
    let bytes = 0;
    let records = 0;
    const number = this.#numberOf(shard);
    if (number === undefined) return chunks;
    for (const row of this.#statements.read.iterate(number, after, sinceMs)) {
      const chunk = { shard, ...row } as unknown as RecordChunk;
      chunks.push(chunk);
      bytes += chunk.bytes.byteLength;
      records += chunk.last - Math.max(chunk.first - 1, after);
      if (bytes >= maxBytes || records >= maxRecords) break;
    }
    return chunks;
  }

  #apply(change: ShardChange): unknown {
    if ('append' in change) {
      for (const { shard, first, last, arrivedMs, bytes } of change.append) {
        this.#statements.add.run(this.#numberFor(shard), last, first, arrivedMs, bytes);
      }
      return undefined;
    }
    if ('trim' in change) {
      const number = this.#numberOf(change.trim.shard);
      if (number === undefined) return undefined;
      const { beforeMs } = change.trim;
      this.#statements.noteTrimmed.run(number, beforeMs, number);
      this.#statements.trim.run(number, beforeMs);
      return this.#statements.oldest.get(number)?.['arrived'];
    }
    for (const name of change.remove) {
      const number = this.#numberOf(name);
      if (number === undefined) continue;
      this.#numbers.delete(name);
      this.#statements.empty.run(number);
      this.#statements.forget.run(number);
    }
    return undefined;
  }

  #numberOf(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const found = this.#statements.number.get(name)?.['number'];
    if (found === undefined) return undefined;
    this.#numbers.set(name, Number(found));
    return Number(found);
  }

  #numberFor(name: string): number {
    const found = this.#numberOf(name);
    if (found !== undefined) return found;
    const number = Number(this.#statements.make.run(name).lastInsertRowid);
    this.#numbers.set(name, number);
    return number;
  }
}

function isChange(request: ShardRequest): request is ShardChange {
  return typeof request === 'object' && ('append' in request || 'trim' in request || 'remove' in request);
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  return {
    add: statement('INSERT INTO chunks VALUES (?, ?, ?, ?, ?)'),
    read: statement(
      `SELECT first, last, arrived AS arrivedMs, bytes FROM chunks
       WHERE shard = ? AND last > ? AND arrived >= ? ORDER BY last`,
    ),
    before: statement('SELECT max(last) AS last FROM chunks WHERE shard = ? AND arrived < ?'),
    end: statement('SELECT last, arrived FROM chunks WHERE shard = ? ORDER BY last DESC LIMIT 1'),
    oldest: statement('SELECT arrived FROM chunks WHERE shard = ? ORDER BY last LIMIT 1'),
    noteTrimmed: statement(
      `UPDATE shards SET trimmed = max(
         trimmed, (SELECT coalesce(max(last), 0) FROM chunks WHERE shard = ? AND arrived < ?)
       ) WHERE number = ?`,
    ),
    trim: statement('DELETE FROM chunks WHERE shard = ? AND arrived < ?'),
    empty: statement('DELETE FROM chunks WHERE shard = ?'),
    shards: statement('SELECT number, name, trimmed FROM shards'),
    number: statement('SELECT number FROM shards WHERE name = ?'),
    make: statement('INSERT INTO shards (name, trimmed) VALUES (?, 0)'),
    forget: statement('DELETE FROM shards WHERE number = ?'),
  };
}
