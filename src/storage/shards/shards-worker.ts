/** Entry of the thread that owns `shards.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { ShardTable } from './shard-table.ts';

export interface ShardsWorkerData {
  readonly file: string;
  readonly maxBytes?: number;
}

serve(() => new ShardTable(workerData as ShardsWorkerData));
