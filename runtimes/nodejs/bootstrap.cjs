'use strict';
// The Node.js runtime: loads the function, then takes one event after the other. See ../PROTOCOL.md.
const { Channel } = require('./channel.cjs');
const { patchConsole } = require('./console-log.cjs');
const { toErrorObject, toLogText, RuntimeFailure } = require('./failures.cjs');
const { loadHandler } = require('./handler-loader.cjs');

/** Exit codes of AWS's runtime for what nobody caught. */
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

const channel = new Channel(Number(process.env.SELFSAME_CHANNEL_FD));
delete process.env.SELFSAME_CHANNEL_FD;
const logged = patchConsole(channel, {
  format: process.env.AWS_LAMBDA_LOG_FORMAT,
  level: process.env.AWS_LAMBDA_LOG_LEVEL,
});

/** The event being handled: its `settle` sends the one outcome; later ones are dropped. */
let current;

process.on('uncaughtException', (error) => fatal('Uncaught Exception', error, EXIT_UNCAUGHT_EXCEPTION));
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeFailure('Runtime.UnhandledPromiseRejection', String(reason));
  error.reason = reason;
  fatal('Unhandled Promise Rejection', error, EXIT_UNHANDLED_REJECTION);
});
// The loop ran empty while an event waits for its answer: the callback's, or none.
process.on('beforeExit', () => current?.onEmptyLoop());

start();

async function start() {
  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER ?? '');
  } catch (error) {
    console.error('Uncaught Exception', toLogText(error));
    const failure = toErrorObject(error);
    channel.initError(failure.errorType, JSON.stringify(failure));
    process.exit(1);
  }
  channel.ready();
  take(handler);
}

/** Blocks for the next event and hands it over. */
function take(handler) {
  const event = channel.nextEvent();
  if (event === undefined) process.exit(0);
  const { header, payload } = event;
  logged.requestId = header.requestId;
  logged.tenantId = header.tenantId;
  if (header.traceId !== undefined) process.env._X_AMZN_TRACE_ID = header.traceId;
  else delete process.env._X_AMZN_TRACE_ID;
  current = new Invocation(header, handler);
  current.run(payload);
}

class Invocation {
  constructor(header, handler) {
    this.header = header;
    this.handler = handler;
    this.settled = false;
    /** What a callback gave, held back until the loop is empty. */
    this.held = undefined;
    this.waitForEmptyLoop = true;
  }

  run(payload) {
    let result;
    try {
      result = this.handler(JSON.parse(payload), this.context(), (error, value) =>
        this.callback(error, value),
      );
    } catch (error) {
      this.fail(error);
      return;
    }
    if (typeof result?.then === 'function') {
      result.then(
        (value) => this.succeed(value),
        (error) => this.fail(error),
      );
    } else if (this.handler.length < 3 && result !== undefined) this.succeed(result);
  }

  callback(error, value) {
    const finish = () => (error === undefined || error === null ? this.succeed(value) : this.fail(error));
    if (this.waitForEmptyLoop) this.held ??= finish;
    else finish();
  }

  onEmptyLoop() {
    if (this.settled) return;
    if (this.held === undefined) this.succeed(null);
    else this.held();
  }

  succeed(value) {
    if (this.settled) return;
    let text;
    try {
      text = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch {
      this.fail(new Error('Unable to stringify response body'));
      return;
    }
    this.settled = true;
    channel.response(text);
    this.next();
  }

  fail(error) {
    if (this.settled) return;
    this.settled = true;
    console.error('Invoke Error', toLogText(error));
    const failure = toErrorObject(error);
    channel.error(failure.errorType, JSON.stringify(failure));
    this.next();
  }

  /** One turn of the loop first: rejections that nobody handles are reported in it. */
  next() {
    setImmediate(take, this.handler);
  }

  context() {
    const { header } = this;
    const invocation = this;
    const env = process.env;
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return invocation.waitForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        invocation.waitForEmptyLoop = Boolean(value);
      },
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: header.clientContext === undefined ? undefined : JSON.parse(header.clientContext),
      identity: header.cognitoIdentity === undefined ? undefined : JSON.parse(header.cognitoIdentity),
      invokedFunctionArn: header.invokedFunctionArn,
      awsRequestId: header.requestId,
      ...(header.tenantId === undefined ? {} : { tenantId: header.tenantId }),
      getRemainingTimeInMillis: () => header.deadlineMs - Date.now(),
    };
    if (this.handler.length >= 3 || CALLBACKS) {
      context.succeed = (value) => this.succeed(value);
      context.fail = (error) => this.fail(error);
      context.done = (error, value) => this.callback(error, value);
    }
    return context;
  }
}

/** Before Node.js 24 a context could end the invocation too. */
const CALLBACKS = Number(process.versions.node.split('.')[0]) < 24;

function fatal(title, error, exitCode) {
  try {
    console.error(title, toLogText(error));
    const failure = toErrorObject(error);
    if (current !== undefined && !current.settled) channel.error(failure.errorType, JSON.stringify(failure));
  } finally {
    process.exit(exitCode);
  }
}
