/** Entry of the thread that owns `records.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { Records } from './records.ts';

export interface StateWorkerData {
  readonly file: string;
  readonly maxBytes?: number;
}

serve(() => new Records(workerData as StateWorkerData));
