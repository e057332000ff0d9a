/** Entry of the thread that owns `messages.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { MessageTable } from './message-table.ts';

export interface MessagesWorkerData {
  readonly file: string;
  readonly maxBytes?: number;
}

serve(() => new MessageTable(workerData as MessagesWorkerData));
