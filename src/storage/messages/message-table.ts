import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { MessageChanges } from '../../ports/message-store.ts';
import { type DatabaseOptions, explainStorageError, openDatabase } from '../sqlite/database.ts';
import type { Outcome } from '../worker-channel.ts';
import { transferError, type WorkerService } from '../worker-loop.ts';

export type MessageRequest =
  | { readonly commit: MessageChanges }
  | { readonly page: { readonly after: number; readonly limit: number } }
  | 'last-position'
  | 'deduplications';

export const MESSAGES_SCHEMA_VERSION = 1;

/** AUTOINCREMENT keeps the highest position ever used, which removed messages must not take with them. */
const SCHEMA = `
  CREATE TABLE messages (
    position INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, header TEXT NOT NULL, due INTEGER NOT NULL,
    receives INTEGER NOT NULL, first_received INTEGER NOT NULL, content TEXT NOT NULL
  );
  CREATE TABLE deduplications (
    queue TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
  ) WITHOUT ROWID`;

/** The messages file inside its thread: commits in groups that share one sync of the disk. */
export class MessageTable implements WorkerService<MessageRequest> {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>) {
    this.#file = options.file;
    this.#database = openDatabase({
      ...options,
      synchronous: 'FULL',
      schemaVersion: MESSAGES_SCHEMA_VERSION,
      schema: SCHEMA,
    });
    this.#statements = prepare(this.#database);
  }

  handle(requests: readonly MessageRequest[]): Outcome[] {
    const outcomes: Outcome[] = new Array(requests.length);
    const commits: { index: number; changes: MessageChanges }[] = [];
    requests.forEach((request, index) => {
      if (typeof request === 'object' && 'commit' in request)
        commits.push({ index, changes: request.commit });
    });
    const committed = this.#commitGroup(commits.map(({ changes }) => changes));
    commits.forEach(({ index }, order) => {
      outcomes[index] = committed[order]!;
    });
    requests.forEach((request, index) => {
      outcomes[index] ??= this.#read(request);
    });
    return outcomes;
  }

  close(): void {
    this.#database.close();
  }

  #read(request: MessageRequest): Outcome {
    try {
      if (request === 'last-position') return { reply: Number(this.#statements.last.get()?.['seq'] ?? 0) };
      if (request === 'deduplications') return { reply: this.#statements.remembered.all() };
      if ('page' in request) {
        return { reply: this.#statements.page.all(request.page.after, request.page.limit) };
      }
      throw new TypeError('not a read');
    } catch (error) {
      return { error: transferError(explainStorageError(error, this.#file)) };
    }
  }

  /** One transaction for all; if the disk refuses it, each gets its own, so that one cannot fail the rest. */
  #commitGroup(group: readonly MessageChanges[]): Outcome[] {
    if (group.length === 0) return [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const outcomes = group.map((changes): Outcome => ({ reply: this.#apply(changes) }));
      this.#database.exec('COMMIT');
      return outcomes;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      if (group.length === 1) return [{ error: transferError(explainStorageError(error, this.#file)) }];
      return group.flatMap((changes) => this.#commitGroup([changes]));
    }
  }

  #apply(changes: MessageChanges): (string | undefined)[] {
    const { add, update, receive, move, remove, remember, forgetBeforeMs } = changes;
    const statements = this.#statements;
    for (const message of add ?? []) {
      const { position, queueId, header, dueMs, receiveCount, firstReceivedMs, content } = message;
      statements.add.run(position, queueId, header, dueMs, receiveCount, firstReceivedMs, content);
    }
    for (const { position, dueMs, receiveCount, firstReceivedMs } of update ?? []) {
      statements.touch.run(dueMs, receiveCount, firstReceivedMs, position);
    }
    const contents = (receive ?? []).map(({ position, dueMs, receiveCount, firstReceivedMs }) => {
      const row = statements.receive.get(dueMs, receiveCount, firstReceivedMs, position);
      return row?.['content'] as string | undefined;
    });
    for (const { position, queueId, header, dueMs, receiveCount, firstReceivedMs, from } of move ?? []) {
      // A new row, not a new key for the old one: only insertions are noted as the highest position.
      statements.copy.run(position, queueId, header, dueMs, receiveCount, firstReceivedMs, from);
      statements.remove.run(from);
    }
    for (const position of remove ?? []) statements.remove.run(position);
    for (const { queueId, key, value, expiresMs } of remember ?? []) {
      statements.remember.run(queueId, key, value, expiresMs);
    }
    if (forgetBeforeMs !== undefined) statements.forget.run(forgetBeforeMs);
    return contents;
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => database.prepare(sql);
  const touch = 'UPDATE messages SET due = ?, receives = ?, first_received = ? WHERE position = ?';
  return {
    add: statement('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)'),
    touch: statement(touch),
    receive: statement(`${touch} RETURNING content`),
    copy: statement('INSERT INTO messages SELECT ?, ?, ?, ?, ?, ?, content FROM messages WHERE position = ?'),
    remove: statement('DELETE FROM messages WHERE position = ?'),
    remember: statement('INSERT OR REPLACE INTO deduplications VALUES (?, ?, ?, ?)'),
    forget: statement('DELETE FROM deduplications WHERE expires <= ?'),
    last: statement("SELECT seq FROM sqlite_sequence WHERE name = 'messages'"),
    remembered: statement(
      'SELECT queue AS queueId, key, value, expires AS expiresMs FROM deduplications ORDER BY expires',
    ),
    page: statement(
      `SELECT position, queue AS queueId, header, due AS dueMs, receives AS receiveCount,
              first_received AS firstReceivedMs
       FROM messages WHERE position > ? ORDER BY position LIMIT ?`,
    ),
  };
}
