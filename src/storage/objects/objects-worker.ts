/** Entry of the thread that owns `objects.db`. */
import { workerData } from 'node:worker_threads';
import { serve } from '../worker-loop.ts';
import { ObjectFile } from './object-file.ts';

serve(() => new ObjectFile(workerData as ConstructorParameters<typeof ObjectFile>[0]));
