import type { DatabaseSync } from 'node:sqlite';
import type { ItemEngine } from '../../ports/item-store.ts';
import { type DatabaseOptions, openDatabase } from '../sqlite/database.ts';
import { commitGroup } from '../sqlite/group-commit.ts';
import type { Outcome } from '../worker-channel.ts';
import type { WorkerService } from '../worker-loop.ts';
import { ITEMS_SCHEMA, ITEMS_SCHEMA_VERSION } from './item-schema.ts';

/** Opens the file, or throws `PlatformError`. */
export function openItemDatabase(options: Pick<DatabaseOptions, 'file' | 'maxBytes'>): DatabaseSync {
  return openDatabase({
    ...options,
    synchronous: 'FULL',
    schemaVersion: ITEMS_SCHEMA_VERSION,
    schema: ITEMS_SCHEMA,
  });
}

/** The items file inside its thread: requests that came together share a transaction and its sync of the disk. */
export class ItemFile implements WorkerService<unknown> {
  private readonly file: string;
  private readonly database: DatabaseSync;
  private readonly engine: ItemEngine<unknown, unknown>;

  constructor(file: string, database: DatabaseSync, engine: ItemEngine<unknown, unknown>) {
    this.file = file;
    this.database = database;
    this.engine = engine;
  }

  handle(requests: readonly unknown[]): Outcome[] {
    return commitGroup(
      this.database,
      this.file,
      requests,
      (request) => this.engine.apply(request),
      () => this.engine.forget(),
    );
  }

  close(): void {
    this.database.close();
  }
}
