/** Extracts an image in a thread of its own, so that a large one does not hold up what the server answers meanwhile. */
import { Worker } from 'node:worker_threads';
import { ImageProblem } from '../../ports/image-store.ts';
import { siblingModule } from '../worker-channel.ts';
import type { ExtractionJob, ExtractionOutcome } from './extraction-job.ts';

/** Rejects with `ImageProblem` for what is no image; when `signal` is aborted the thread ends, whatever it is at. */
export async function extractInThread(job: ExtractionJob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const thread = new Worker(siblingModule(import.meta.url, 'extraction-worker'), {
    workerData: job,
    name: 'image',
  });
  const end = (): void => void thread.terminate();
  signal.addEventListener('abort', end);
  try {
    const outcome = await outcomeOf(thread);
    if (outcome === 'extracted') return;
    if ('problem' in outcome) throw new ImageProblem(outcome.problem, outcome.message);
    throw new Error(outcome.failed);
  } finally {
    signal.removeEventListener('abort', end);
    // What it made belongs to the caller now, so nothing may be written any more.
    await thread.terminate();
  }
}

function outcomeOf(thread: Worker): Promise<ExtractionOutcome> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that extracts images has ended')));
  });
}
