'use strict';
// One event for a handler that returns a value or a promise of one: all that nodejs24.x and later know.

function invocationOf(runtime, handler) {
  const { channel, log, next } = runtime;
  return async (header, payload) => {
    const context = runtime.invokeContext(header);
    // The generation before offers it in the environment only.
    context.xRayTraceId = header.traceId;
    try {
      const value = await handler(JSON.parse(payload), context);
      await settled(runtime);
      channel.response(toJson(value));
    } catch (error) {
      await settled(runtime);
      log.error('Invoke Error', error);
      const failure = require('./failures.cjs').toErrorObject(error);
      channel.error(failure.errorType, JSON.stringify(failure));
    }
    next();
  };
}

/**
 * One turn of the event loop, and what is left to be written: a rejection that nobody handled ends Node.js in it,
 * before the outcome is told. AWS's client does the same (aws-lambda-ric 4.0.2, LifecycleManager).
 */
async function settled({ flushed }) {
  await new Promise((resolve) => setImmediate(resolve));
  await flushed();
}

function toJson(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch {
    const { RuntimeFailure } = require('./failures.cjs');
    throw new RuntimeFailure('Runtime.JSONStringifyError', 'Unable to stringify response body');
  }
}

module.exports = { invocationOf, settled };
