'use strict';
// One event for a handler of nodejs22.x and before: it may return a promise, call a callback, use
// `context.succeed`, `fail` and `done`, or do nothing until its event loop is empty.
// The rules are those of AWS's aws-lambda-ric 3.3.0 (Runtime.js, CallbackContext.js, index.mjs).
const { RuntimeFailure, toErrorObject } = require('./failures.cjs');

/** Exit statuses of AWS's runtime for what nobody caught. */
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

/** The event being handled; an error that nobody caught becomes its outcome. */
let current;

function invocationOf(runtime, handler) {
  return (header, payload) => {
    current = new Invocation(runtime, header);
    current.run(handler, payload);
  };
}

class Invocation {
  constructor(runtime, header) {
    this.runtime = runtime;
    this.header = header;
    /** Writes the outcome to the channel, once it is known. */
    this.tell = undefined;
    this.isSettled = false;
    /** The function has chosen an outcome; what it says later is not heard. */
    this.isFinished = false;
    this.waitsForEmptyLoop = true;
    /** Called once the event loop is empty. Without an outcome by then, it is null. */
    this.onEmptyLoop = () => this.complete(null);
  }

  run(handler, payload) {
    const callback = this.first((error, value) => this.callback(error, value));
    try {
      const context = this.context();
      const result = handler(JSON.parse(payload), context, callback);
      // A value that is not a promise is not an answer: as on AWS, only its callback gives one.
      if (typeof result?.then === 'function') result.then(context.succeed, context.fail).catch(context.fail);
    } catch (error) {
      callback(error);
    }
  }

  context() {
    const done = (error, value) =>
      error === undefined || error === null ? this.complete(value) : this.fail(error);
    const invocation = this;
    return Object.assign(
      {
        get callbackWaitsForEmptyEventLoop() {
          return invocation.waitsForEmptyLoop;
        },
        set callbackWaitsForEmptyEventLoop(value) {
          invocation.waitsForEmptyLoop = value;
        },
        succeed: this.first((value) => done(null, value)),
        fail: this.first((error) => done(error ?? 'handled', null)),
        done: this.first(done),
      },
      this.runtime.invokeContext(this.header),
    );
  }

  callback(error, value) {
    if (error !== undefined && error !== null) this.fail(error);
    else if (!this.waitsForEmptyLoop) this.complete(value);
    else this.onEmptyLoop = () => setImmediate(() => this.complete(value));
  }

  complete(value) {
    if (this.isSettled) {
      console.error(
        'Invocation has already been reported as done. Cannot call complete more than once per invocation.',
      );
      return;
    }
    const text = toJson(value);
    this.settle((channel) => channel.response(text));
  }

  fail(error) {
    this.runtime.log.error('Invoke Error', error);
    this.failWith(error);
  }

  failWith(error) {
    const failure = toErrorObject(error);
    this.settle((channel) => channel.error(failure.errorType, JSON.stringify(failure)));
  }

  /** One turn of the loop first: a rejection that nobody handled is found in it, and makes this event the last. */
  settle(tell) {
    this.isSettled = true;
    this.onEmptyLoop = undefined;
    this.tell = tell;
    setImmediate(async () => {
      await this.runtime.flushed();
      this.tell(this.runtime.channel);
      this.runtime.next();
    });
  }

  /** `action`, unless this invocation's outcome was chosen before. One that throws has not chosen. */
  first(action) {
    return (...values) => {
      if (this.isFinished) return;
      action(...values);
      this.isFinished = true;
    };
  }
}

function toJson(value) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

/** Hears what nobody caught, and the empty event loop. */
function listen({ channel, log }) {
  const end = (title, error, exitCode) => {
    try {
      log.error(title, error);
      if (current === undefined) {
        const failure = toErrorObject(error);
        channel.initError(failure.errorType, JSON.stringify(failure));
      } else {
        // An outcome that was known already stands, as on AWS.
        if (!current.isSettled) current.failWith(error);
        channel.leaving();
        current.tell(channel);
      }
    } finally {
      process.exit(exitCode);
    }
  };
  const uncaught = (error) => end('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION);
  process.on('uncaughtException', uncaught);
  process.on('unhandledRejection', (reason, promise) => {
    const error = new RuntimeFailure('Runtime.UnhandledPromiseRejection', reason);
    end('Unhandled Promise Rejection', Object.assign(error, { reason, promise }), EXIT_UNHANDLED_REJECTION);
  });
  process.on('beforeExit', () => current?.onEmptyLoop?.());
  return { uncaught };
}

module.exports = { invocationOf, listen };
