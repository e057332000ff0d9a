/** Entry of the thread that owns `logs.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { EventFile } from './event-file.ts';

export interface LogsWorkerData {
  readonly file: string;
  readonly maxBytes?: number;
}

serve(() => new EventFile(workerData as LogsWorkerData));
