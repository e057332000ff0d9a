'use strict';
// One event for a handler wrapped by `awslambda.streamifyResponse`. What it writes goes out as it is written;
// the host gathers it for a caller of Invoke.
const { Writable } = require('node:stream');
const { RuntimeFailure, toErrorObject } = require('./failures.cjs');
const { HIGH_WATER_MARK } = require('./handler-loader.cjs');
const { settled } = require('./promise-invocation.cjs');

const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

function invocationOf(runtime, handler) {
  const { channel, log, next } = runtime;
  return async (header, payload) => {
    try {
      const stream = new ResponseStream(channel, handler[HIGH_WATER_MARK]);
      const result = handler(JSON.parse(payload), stream, runtime.invokeContext(header));
      if (typeof result?.then !== 'function')
        throw new Error('Streaming does not support non-async handlers.');
      if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
      await stream.finished();
      await settled(runtime);
      channel.response('');
    } catch (error) {
      await settled(runtime);
      log.error('Invoke Error', error);
      const failure = toErrorObject(error);
      channel.error(failure.errorType, JSON.stringify(failure));
    }
    next();
  };
}

class ResponseStream extends Writable {
  constructor(channel, highWaterMark) {
    super({ highWaterMark });
    this.channel = channel;
    this.contentType = DEFAULT_CONTENT_TYPE;
    this.isBegun = false;
  }

  write(chunk, ...rest) {
    const isPlain = typeof chunk === 'string' || chunk instanceof Uint8Array;
    this.begin();
    return super.write(isPlain ? chunk : JSON.stringify(chunk), ...rest);
  }

  _write(chunk, _encoding, callback) {
    this.channel.chunk(chunk);
    callback();
  }

  setContentType(contentType) {
    if (this.isBegun)
      throw new RuntimeFailure('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    this.contentType = contentType;
  }

  begin() {
    if (this.isBegun) return;
    this.isBegun = true;
    if (this.contentType !== DEFAULT_CONTENT_TYPE) this.channel.contentType(this.contentType);
    this._onBeforeFirstWrite?.((bytes) => super.write(bytes));
  }

  /** Resolves when all is written; rejects when the handler returned with its stream still open. */
  async finished() {
    if (this.writableEnded && !this.writableFinished)
      await new Promise((resolve) => this.once('finish', resolve));
    if (!this.writableFinished) throw new Error('Response stream is not finished.');
  }
}

module.exports = { invocationOf };
