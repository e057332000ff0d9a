/** Entry of the thread that owns `events.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import type { EventFileOptions } from './event-file.ts';
import { EventFile } from './event-file.ts';

serve(() => new EventFile(workerData as EventFileOptions));
