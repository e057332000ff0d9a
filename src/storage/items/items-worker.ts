/** Entry of the thread that owns `items.db`. */
import { workerData } from 'node:worker_threads';
import type { ItemEngineModule } from '../../ports/item-store.ts';
import { serve } from '../worker-loop.ts';
import { ItemFile, openItemDatabase } from './item-file.ts';
import { SqliteItemRows } from './sqlite-item-rows.ts';

export interface ItemsWorkerData {
  readonly file: string;
  readonly maxBytes?: number;
  /** URL of the module of the engine. */
  readonly engine: string;
}

const { engine, ...options } = workerData as ItemsWorkerData;
const { openEngine } = (await import(engine)) as ItemEngineModule<unknown, unknown>;

serve(() => {
  const database = openItemDatabase(options);
  return new ItemFile(options.file, database, openEngine(new SqliteItemRows(database)));
});
