/** Entry of the thread that owns `records.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { Records } from './records.ts';

serve(() => new Records(workerData as ConstructorParameters<typeof Records>[0]));
