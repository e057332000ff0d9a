'use strict';
// Errors in the forms AWS gives them: the object a caller gets, and the line in the log.

/** An error of the runtime itself; its name is the error type on the wire. */
class RuntimeFailure extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** `{errorType, errorMessage, trace}`; what is thrown without being an error has its type's name. */
function toErrorObject(thrown) {
  try {
    if (isError(thrown)) {
      return {
        errorType: String(thrown.name),
        errorMessage: thrown.message,
        trace: String(thrown.stack ?? '').split('\n'),
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

/** The error as the log shows it: a tab, then JSON with its own enumerable fields and its stack. */
function toLogText(thrown) {
  try {
    return `\t${JSON.stringify(thrown, (_key, value) => (isError(value) ? withFields(value) : value))}`;
  } catch {
    return `\t${JSON.stringify(toErrorObject(thrown))}`;
  }
}

function withFields(error) {
  return {
    errorType: error.name,
    errorMessage: error.message,
    code: error.code,
    ...error,
    stack: typeof error.stack === 'string' ? error.stack.split('\n') : error.stack,
  };
}

module.exports = { RuntimeFailure, isError, toErrorObject, toLogText };
