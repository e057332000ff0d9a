'use strict';
// One event for a handler that returns a value or a promise of one: all that nodejs24.x and later know.
const { RuntimeFailure, toErrorObject } = require('./failures.cjs');
const { invokeContext } = require('./invoke-context.cjs');
const { flushed } = require('./standard-streams.cjs');

function invocationOf({ channel, log, next }, handler) {
  return async (header, payload) => {
    const context = invokeContext(header);
    // Named here as AWS's generation 4 has it; the one before offers the id in its environment only.
    context.xRayTraceId = header.traceId;
    try {
      const value = await handler(JSON.parse(payload), context);
      await turn();
      channel.response(toJson(value));
    } catch (error) {
      await turn();
      log.error('Invoke Error', error);
      const failure = toErrorObject(error);
      channel.error(failure.errorType, JSON.stringify(failure));
    }
    next();
  };
}

/**
 * One turn of the event loop, and what is left to be written: a rejection that nobody handled ends Node.js in it,
 * before the outcome is told. AWS's client does the same (aws-lambda-ric 4.0.2, LifecycleManager).
 */
async function turn() {
  await new Promise((resolve) => setImmediate(resolve));
  await flushed();
}

function toJson(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch {
    throw new RuntimeFailure('Runtime.JSONStringifyError', 'Unable to stringify response body');
  }
}

module.exports = { invocationOf, turn };
