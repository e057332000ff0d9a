/** Entry of the thread that reads zips: one job after the other. */
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../core/errors.ts';
import { PackageRejected } from '../../ports/package-store.ts';
import { mergeTrees } from './merged-tree.ts';
import type { NumberedJob, ZipJob, ZipOutcome } from './zip-job.ts';
import { checkZip, extractZip } from './zip-package.ts';

const port = parentPort;
invariant(port, 'the zip worker must be started as a worker thread');

let last: Promise<void> = Promise.resolve();
port.on('message', ({ id, job }: NumberedJob) => {
  last = last.then(async () => port.postMessage(await outcome(id, job)));
});

async function outcome(id: number, job: ZipJob): Promise<ZipOutcome> {
  try {
    return { id, unpackedBytes: await run(job) };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof PackageRejected ? { id, rejected: error.kind, message } : { id, failed: message };
  }
}

async function run(job: ZipJob): Promise<number> {
  if ('check' in job) return checkZip(Buffer.from(job.check), job.maxUnpackedBytes);
  if ('merge' in job) mergeTrees(job.merge, job.root);
  else await extractZip(Buffer.from(job.extract), job.root);
  return 0;
}
