/** Entry of the thread that extracts one image. */
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../../core/errors.ts';
import { ImageProblem } from '../../ports/image-store.ts';
import type { ExtractionJob, ExtractionOutcome } from './extraction-job.ts';
import { extractLayer } from './layer-extraction.ts';

const port = parentPort;
invariant(port, 'the extraction worker must be started as a worker thread');

port.postMessage(await outcomeOf(workerData as ExtractionJob));

async function outcomeOf({ layers, root, maxBytes }: ExtractionJob): Promise<ExtractionOutcome> {
  let left = maxBytes;
  try {
    for (const { file, compression } of layers)
      left -= await extractLayer(createReadStream(file), compression, root, left);
    return 'extracted';
  } catch (error) {
    const { message } = error as Error;
    return error instanceof ImageProblem ? { problem: error.kind, message } : { failed: message };
  }
}
