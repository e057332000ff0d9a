'use strict';
// Errors in the forms AWS gives them: the object a caller gets, and the line in the log.

/** An error of the runtime itself; its name, not enumerable, is the error type on the wire. */
class RuntimeFailure extends Error {
  constructor(name, message) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true });
    // The stack is written when the error is made, with the name it has then.
    Error.captureStackTrace(this, RuntimeFailure);
  }
}

/** Also an error of another realm (`vm`), and what merely looks like one, as AWS's runtime takes it. */
function isError(value) {
  if (value instanceof Error || Object.prototype.toString.call(value) === '[object Error]') return true;
  return ['name', 'message', 'stack'].every(
    (name) => typeof value?.[name] === 'string' && value[name] !== '',
  );
}

/** `{errorType, errorMessage, trace}`; what is thrown without being an error has its type's name. */
function toErrorObject(thrown) {
  try {
    if (isError(thrown)) {
      return {
        errorType: escaped(thrown.name),
        errorMessage: escaped(thrown.message),
        trace: escaped(thrown.stack).split('\n'),
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
}

/** An error of its own for what was thrown without being one; AWS's runtime logs that. */
function asError(thrown) {
  if (thrown instanceof Error) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error(typeof thrown);
  }
}

/** AWS sends errors through headers too, where the DEL character may not be. */
function escaped(text) {
  return text?.replaceAll('\x7F', '%7F');
}

/** The error as a text log shows it: a tab, then JSON with its own enumerable fields and its stack. */
function toLogText(thrown) {
  try {
    return `\t${JSON.stringify(thrown, (_key, value) => (value instanceof Error ? withFields(value) : value))}`;
  } catch {
    return `\t${JSON.stringify(toErrorObject(thrown))}`;
  }
}

function withFields(error) {
  const fields = { errorType: error.name, errorMessage: error.message, code: error.code, ...error };
  if (typeof error.stack === 'string') fields.stack = error.stack.split('\n');
  return fields;
}

module.exports = { RuntimeFailure, asError, toErrorObject, toLogText };
