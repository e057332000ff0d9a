'use strict';
// The Node.js runtime for functions that take several events at once: worker threads, each of which has loaded the
// function and takes its share of the events. Source: AWS, "Node.js runtime for Lambda Managed Instances".
const { availableParallelism } = require('node:os');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');
const { RuntimeApi } = require('./runtime-api.cjs');

const maxConcurrency = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY);
/** "The default number of worker threads is determined by the number of vCPUs available" (as above). */
const wanted = Number(process.env.AWS_LAMBDA_NODEJS_WORKER_COUNT) || availableParallelism();
const count = Math.max(1, Math.min(wanted, maxConcurrency));

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
const living = new Set();
/** Thread-shared: whether one of them is writing to the log. */
const writing = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

for (let index = 0; index < count; index += 1) {
  const share = Math.floor(maxConcurrency / count) + (index < maxConcurrency % count ? 1 : 0);
  watch(new Worker(join(__dirname, 'event-worker.cjs'), { workerData: { share, writing } }));
}

/** The others go on where one has ended: "the execution environment continues with the remaining healthy workers". */
function watch(worker) {
  const open = new Set();
  let failure;
  living.add(worker);
  worker.on('message', (message) => {
    if (message.begun !== undefined) open.add(message.begun);
    if (message.done !== undefined) open.delete(message.done);
    failure = message.failure ?? failure;
  });
  worker.on('error', (error) => {
    failure ??= require('./failures.cjs').toErrorObject(error);
  });
  worker.on('exit', async (code) => {
    living.delete(worker);
    const isFailedInit = failure?.isInit === true;
    const { errorType, errorMessage, trace } = failure ?? {
      errorType: 'Runtime.ExitError',
      errorMessage: `Runtime worker exited with exit status ${code}`,
    };
    const payload = (requestId) => JSON.stringify({ errorType, errorMessage, trace, requestId });
    const told = [...open].map((requestId) => api.eventError(requestId, errorType, payload(requestId)));
    if (isFailedInit && open.size === 0) told.push(api.initError(errorType, payload()));
    await Promise.allSettled(told);
    if (living.size === 0) process.exit(code || 1);
  });
}
