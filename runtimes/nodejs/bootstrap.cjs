'use strict';
// The Node.js runtime: loads the function, then takes one event after the other. See ../PROTOCOL.md.
//
// AWS has two generations of this program, and functions can tell them apart; both are followed here.
// Up to nodejs22.x (AWS's `aws-lambda-ric` 3): callbacks, an event loop that is waited for, and listeners
// for what nobody caught. From nodejs24.x (version 4): promises only, and what nobody caught ends Node.js.
// Which one a function gets follows the runtime's name, not the interpreter, which may stand in for another.
const { Channel, KEEP_LOOP } = require('./channel.cjs');
const { flushed, patchConsole, watchStandardStreams } = require('./function-output.cjs');
const { invokeContext, loadHandler } = require('./handler-loader.cjs');

/** The first generation of AWS's client without callbacks. Source: AWS, "Node.js 24 runtime now available". */
const FIRST_MAJOR_OF_PROMISES = 24;

const channel = new Channel(Number(process.env.SELFSAME_CHANNEL_FD));
delete process.env.SELFSAME_CHANNEL_FD;
if (process.env.SELFSAME_POOLED !== undefined) {
  const { takeAssignment } = require('./assignment.cjs');
  if (!takeAssignment(channel)) process.exit(0);
}

let compiling;
const { SELFSAME_COMPILED: compiledDirectory } = process.env;
if (compiledDirectory !== undefined) {
  delete process.env.SELFSAME_COMPILED;
  compiling = require('./compiled-code.cjs').beginCompiling(channel, compiledDirectory);
}

const major = Number(
  /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? process.versions.node.split('.')[0],
);
const isCallbackEra = major < FIRST_MAJOR_OF_PROMISES;

watchStandardStreams();
const log = patchConsole(channel, isCallbackEra);
const runtime = { channel, log, flushed, invokeContext, next };
const failures = isCallbackEra ? require('./callback-invocation.cjs').listen(runtime) : undefined;

let handle;
let events = 0;

start();

async function start() {
  try {
    const { handler, isStreaming } = await loadHandler(process.env, isCallbackEra);
    handle = invocationOf(handler, isStreaming);
  } catch (error) {
    if (failures === undefined) initFailed(error);
    else failures.uncaught(error);
  }
  channel.ready();
  next();
}

function invocationOf(handler, isStreaming) {
  if (isStreaming) return require('./streaming-invocation.cjs').invocationOf(runtime, handler);
  if (isCallbackEra) return require('./callback-invocation.cjs').invocationOf(runtime, handler);
  return require('./promise-invocation.cjs').invocationOf(runtime, handler);
}

/** Exit status of a Node.js that ends by an error; AWS's client lets the failed init become that. */
function initFailed(error) {
  const { toErrorObject } = require('./failures.cjs');
  log.error('Init Error', error);
  const failure = toErrorObject(error);
  channel.initError(failure.errorType, JSON.stringify(failure));
  process.exit(1);
}

/** Blocks for the next event and hands it over; called when nothing of the one before is left to do. */
function next() {
  // Compiled is what the first event has needed too.
  if (compiling !== undefined && events > 0) {
    compiling.end();
    compiling = undefined;
  }
  if (channel.keepsLoop) channel.whenReadable(take);
  else take();
}

function take() {
  const event = channel.nextEvent();
  if (event === undefined) process.exit(0);
  if (event === KEEP_LOOP) return next();
  events += 1;
  const { header, payload } = event;
  log.begin(header);
  if (header.traceId !== undefined) process.env._X_AMZN_TRACE_ID = header.traceId;
  else delete process.env._X_AMZN_TRACE_ID;
  handle(header, payload);
}
