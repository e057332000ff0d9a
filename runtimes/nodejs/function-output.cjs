'use strict';
// What a function writes: `console` as Lambda patches it, one log event a call with time, request id and level, as
// text or JSON; and its standard streams. (One file, as each costs every cold start half a millisecond.)
const { format } = require('node:util');

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/**
 * Patches the global console. `begin(header)` tells which event later lines belong to; `error(title, thrown)`
 * writes what the runtime itself has to say of an error. Where events overlap, `overlapping` knows which one it is.
 */
function patchConsole(channel, isCallbackEra, overlapping) {
  const { AWS_LAMBDA_LOG_FORMAT, AWS_LAMBDA_LOG_LEVEL } = process.env;
  const isJson = AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const lowest = Math.max(0, LEVELS.indexOf(AWS_LAMBDA_LOG_LEVEL?.toUpperCase()));
  // What AWS's two generations of the runtime say before the first event.
  const current = overlapping ?? { requestId: isCallbackEra ? undefined : '-', tenantId: undefined };
  const render = isJson ? (level, values) => renderJson(level, values, current, isCallbackEra) : renderText;

  for (const level of LEVELS) {
    const isWritten = LEVELS.indexOf(level) >= lowest || (isCallbackEra && level === 'FATAL');
    console[level.toLowerCase()] = isWritten
      ? (...values) => channel.log(level, render(level, values, current))
      : () => {};
  }
  console.log = console.info;

  return {
    begin({ requestId, tenantId }) {
      current.requestId = requestId;
      current.tenantId = tenantId;
    },
    error(title, thrown) {
      const { asError, toLogText } = require('./failures.cjs');
      const error = asError(thrown);
      if (isJson) console.error(error);
      else console.error(title, toLogText(error));
    },
  };
}

/** AWS's runtime formats a first value always: `console.log()` writes `undefined`. */
function renderText(level, [first, ...more], { requestId }) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${format(first, ...more)}`;
}

function renderJson(level, values, { requestId, tenantId }, isCallbackEra) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  if (tenantId) line.tenantId = tenantId;
  const [first, ...more] = values;
  if (more.length === 0) {
    try {
      return JSON.stringify({ ...line, message: first }, (_key, value) =>
        value instanceof Error ? { ...errorFields(value), ...value } : value,
      );
    } catch {
      return JSON.stringify({ ...line, message: format(first) });
    }
  }
  line.message = format(first, ...more);
  const error = (isCallbackEra ? values : more).find((value) => value instanceof Error);
  return JSON.stringify(error === undefined ? line : { ...line, ...errorFields(error) });
}

function errorFields(error) {
  return {
    errorType: error.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

// Node.js queues what the host does not take at once from a standard stream, and nothing of the queue moves while the
// runtime blocks for its next event; so it must be empty before.

const used = [];

/** Notes a stream's first use; making one costs a start some milliseconds that most functions need not pay. */
function watchStandardStreams() {
  for (const name of ['stdout', 'stderr']) {
    const { get, enumerable } = Object.getOwnPropertyDescriptor(process, name);
    let stream;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable,
      get() {
        if (stream === undefined) {
          stream = get.call(process);
          used.push(stream);
        }
        return stream;
      },
    });
  }
}

/** Resolves when nothing is queued any more; undefined when nothing is. */
function flushed() {
  const waiting = used.filter((stream) => stream.writableLength > 0);
  if (waiting.length === 0) return undefined;
  return Promise.all(
    waiting.map(
      (stream) =>
        new Promise((resolve) => {
          stream.write('', resolve);
          stream.once('error', resolve);
        }),
    ),
  );
}

module.exports = { patchConsole, watchStandardStreams, flushed };
