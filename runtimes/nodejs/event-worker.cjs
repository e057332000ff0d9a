'use strict';
// A thread of concurrent.cjs: it loads the function, then has so many events at once as are its share.
const fs = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { toErrorObject } = require('./failures.cjs');
const { flushed, patchConsole, watchStandardStreams } = require('./function-output.cjs');
const { invokeContext, loadHandler } = require('./handler-loader.cjs');
const { contextOf, invokeStore } = require('./invoke-store.cjs');
const { RuntimeApi } = require('./runtime-api.cjs');

const STDOUT = 1;
const RETRY_MS = 1;

const isWriting = new Int32Array(workerData.writing);
const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);

watchStandardStreams();
const log = patchConsole({ log: (_level, text) => writeLine(text) }, false, {
  get requestId() {
    return invokeStore.getRequestId();
  },
  get tenantId() {
    return invokeStore.getTenantId();
  },
});

process.on('uncaughtException', (error) => end('Uncaught Exception', error));
process.on('unhandledRejection', (reason) => end('Unhandled Promise Rejection', reason));

void start();

async function start() {
  let handle;
  try {
    // Callbacks and their empty event loops belong to one event at a time; here every handler is one of promises.
    const { handler, isStreaming } = await loadHandler(process.env, false);
    if (globalThis.awslambda !== undefined) globalThis.awslambda.InvokeStore ??= invokeStore;
    const { invocationOf } = require(isStreaming ? './streaming-invocation.cjs' : './promise-invocation.cjs');
    handle = (runtime, header, payload) => invocationOf(runtime, handler)(header, payload);
  } catch (error) {
    log.error('Init Error', error);
    parentPort.postMessage({ failure: { ...toErrorObject(error), isInit: true } });
    process.exit(1);
  }
  for (let place = 0; place < workerData.share; place += 1) void takeEvents(handle);
}

async function takeEvents(handle) {
  for (;;) {
    const event = await api.next();
    if (event === undefined) return;
    const { header, payload, channel } = event;
    parentPort.postMessage({ begun: header.requestId });
    await new Promise((next) => {
      const runtime = { channel, log, flushed, invokeContext, next };
      invokeStore.run(contextOf(header), () => handle(runtime, header, payload));
    });
    await channel.sent;
    parentPort.postMessage({ done: header.requestId });
  }
}

function end(title, error) {
  log.error(title, error);
  parentPort.postMessage({ failure: toErrorObject(error) });
  process.exit(1);
}

/** Lines of several threads go through one pipe, which keeps only short ones whole by itself. */
function writeLine(text) {
  while (Atomics.compareExchange(isWriting, 0, 0, 1) !== 0) Atomics.wait(isWriting, 0, 1);
  try {
    writeAll(Buffer.from(`${text}\n`));
  } finally {
    Atomics.store(isWriting, 0, 0);
    Atomics.notify(isWriting, 0, 1);
  }
}

function writeAll(bytes) {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += fs.writeSync(STDOUT, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
