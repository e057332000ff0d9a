'use strict';
// `console` as Lambda patches it: one log event a call, with time, request id and level, as text or JSON.
const { isError } = require('./failures.cjs');

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const METHODS = {
  trace: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  fatal: 'FATAL',
};

/** Patches the global console; the result is told which request the lines belong to. */
function patchConsole(channel, { format, level }) {
  const current = { requestId: undefined, tenantId: undefined };
  const isJson = format === 'JSON';
  const lowest = isJson ? Math.max(0, LEVELS.indexOf(String(level ?? 'INFO').toUpperCase())) : 0;
  const render = isJson ? renderJson : renderText;
  for (const [method, name] of Object.entries(METHODS)) {
    console[method] =
      LEVELS.indexOf(name) < lowest
        ? () => {}
        : (...values) => channel.log(name, render(name, values, current));
  }
  return current;
}

function renderText(level, values, { requestId }) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${require('node:util').format(...values)}`;
}

function renderJson(level, values, { requestId, tenantId }) {
  const { format } = require('node:util');
  const line = { timestamp: new Date().toISOString(), level, requestId };
  if (tenantId !== undefined) line.tenantId = tenantId;
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...line, message: values[0] }, (_key, value) =>
        isError(value) ? errorFields(value) : value,
      );
    } catch {
      return JSON.stringify({ ...line, message: format(values[0]) });
    }
  }
  line.message = format(...values);
  for (const value of values) {
    if (!isError(value)) continue;
    Object.assign(line, errorFields(value));
    break;
  }
  return JSON.stringify(line);
}

function errorFields(error) {
  return {
    errorType: error.name,
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

module.exports = { patchConsole };
