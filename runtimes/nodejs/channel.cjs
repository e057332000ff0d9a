'use strict';
// The frames of ../PROTOCOL.md over an inherited socket, with blocking reads and writes: between two
// events nothing of the function runs, and no poll stands between an event and its handler.
const fs = require('node:fs');

const FRAME = {
  ASSIGN: 0x01,
  INVOKE: 0x02,
  KEEP_LOOP: 0x03,
  COMPILED: 0x04,
  READY: 0x10,
  INIT_ERROR: 0x11,
  RESPONSE: 0x12,
  ERROR: 0x13,
  LOG: 0x14,
  LEAVING: 0x15,
  CHUNK: 0x16,
  CONTENT_TYPE: 0x19,
  AWAITS_ASSIGNMENT: 0x17,
  COMPILED_HERE: 0x1a,
};
const LOG_LEVEL = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };

/** An event is at most 6 MB with a header of a few KB; a length beyond this is a broken channel. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** A larger piece of a streamed response is sent as several. */
const MAX_CHUNK_BYTES = 1024 * 1024;
/** How long to wait before trying again when the descriptor turns out not to block. */
const RETRY_MS = 1;

/** In the place of an event: wait for the next one without blocking. */
const KEEP_LOOP = Symbol('keep the event loop');

class Channel {
  constructor(descriptor) {
    this.descriptor = descriptor;
    this.buffer = Buffer.allocUnsafe(64 * 1024);
    this.start = 0;
    this.end = 0;
    /** The host asks that the event loop goes on between events: an extension lives in it. */
    this.keepsLoop = false;
  }

  /** Waits for ASSIGN: the variables of the function; undefined when the host has gone. */
  assignment() {
    this.write(Buffer.from([0, 0, 0, 1, FRAME.AWAITS_ASSIGNMENT]));
    const body = this.nextBody(FRAME.ASSIGN);
    return body === undefined ? undefined : JSON.parse(this.buffer.toString('utf8', body.start, body.end));
  }

  /** Waits for COMPILED: what an earlier environment has sent by `sendCompiled`; nothing where none has. */
  compiled() {
    const body = this.nextBody(FRAME.COMPILED);
    return body === undefined ? Buffer.alloc(0) : this.buffer.subarray(body.start, body.end);
  }

  sendCompiled(bytes) {
    this.write(frame(FRAME.COMPILED_HERE, bytes));
  }

  /** Calls `done` when the first bytes of the next frame are there; meanwhile the event loop goes on. */
  whenReadable(done) {
    if (this.end > this.start) return done();
    this.start = 0;
    this.end = 0;
    fs.read(this.descriptor, this.buffer, 0, this.buffer.length, null, (error, read) => {
      if (!error) this.end = read;
      done();
    });
  }

  /** Waits for the next INVOKE: its header (parsed) and payload text; undefined when the host has gone. */
  nextEvent() {
    const body = this.nextBody(FRAME.INVOKE);
    if (body === undefined || body === KEEP_LOOP) return body;
    const payloadStart = body.start + 4 + this.buffer.readUInt32BE(body.start);
    const header = JSON.parse(this.buffer.toString('utf8', body.start + 4, payloadStart));
    return { header, payload: this.buffer.toString('utf8', payloadStart, body.end) };
  }

  /** Waits for a frame of that type, and consumes it: where its body lies in the buffer. */
  nextBody(type) {
    if (!this.fill(4)) return undefined;
    const length = this.buffer.readUInt32BE(this.start);
    if (length < 1 || length > MAX_FRAME_BYTES)
      throw new Error(`a frame of ${length} bytes came from the host`);
    if (!this.fill(4 + length)) return undefined;
    if (this.buffer[this.start + 4] === FRAME.KEEP_LOOP) {
      this.start += 4 + length;
      this.keepsLoop = true;
      return KEEP_LOOP;
    }
    if (this.buffer[this.start + 4] !== type) throw new Error('an unknown frame came from the host');
    const start = this.start + 5;
    this.start += 4 + length;
    return { start, end: this.start };
  }

  ready() {
    this.write(Buffer.from([0, 0, 0, 1, FRAME.READY]));
  }

  /** The outcome that follows is the last one. */
  leaving() {
    this.write(Buffer.from([0, 0, 0, 1, FRAME.LEAVING]));
  }

  initError(errorType, payload) {
    this.write(frame(FRAME.INIT_ERROR, shortText(errorType), Buffer.from(payload)));
  }

  response(text) {
    const size = Buffer.byteLength(text);
    const bytes = Buffer.allocUnsafe(9 + size);
    bytes.writeUInt32BE(5 + size, 0);
    bytes[4] = FRAME.RESPONSE;
    bytes.writeUInt32BE(maxResidentKib(), 5);
    bytes.write(text, 9);
    this.write(bytes);
  }

  /** What a response that is written bit by bit consists of; before its first piece. */
  contentType(text) {
    this.write(frame(FRAME.CONTENT_TYPE, Buffer.from(text)));
  }

  /** A piece of a response; `response` or `error` ends it. Blocks while the host takes no more. */
  chunk(bytes) {
    for (let start = 0; start < bytes.length; start += MAX_CHUNK_BYTES)
      this.write(frame(FRAME.CHUNK, bytes.subarray(start, start + MAX_CHUNK_BYTES)));
  }

  error(errorType, payload) {
    const memory = Buffer.allocUnsafe(4);
    memory.writeUInt32BE(maxResidentKib(), 0);
    this.write(frame(FRAME.ERROR, memory, shortText(errorType), Buffer.from(payload)));
  }

  log(level, text) {
    const size = Buffer.byteLength(text);
    const bytes = Buffer.allocUnsafe(6 + size);
    bytes.writeUInt32BE(2 + size, 0);
    bytes[4] = FRAME.LOG;
    bytes[5] = LOG_LEVEL[level] ?? 0;
    bytes.write(text, 6);
    this.write(bytes);
  }

  /** Makes at least `count` bytes available from `start`; false when the channel was closed. */
  fill(count) {
    while (this.end - this.start < count) {
      if (this.start > 0 && (this.start === this.end || this.start + count > this.buffer.length)) {
        this.buffer.copy(this.buffer, 0, this.start, this.end);
        this.end -= this.start;
        this.start = 0;
      }
      if (count > this.buffer.length) {
        const larger = Buffer.allocUnsafe(count);
        this.buffer.copy(larger, 0, this.start, this.end);
        this.buffer = larger;
        this.end -= this.start;
        this.start = 0;
      }
      const read = retrying(() =>
        fs.readSync(this.descriptor, this.buffer, this.end, this.buffer.length - this.end, null),
      );
      if (read === 0) return false;
      this.end += read;
    }
    return true;
  }

  write(bytes) {
    let written = 0;
    while (written < bytes.length) {
      written += retrying(() => fs.writeSync(this.descriptor, bytes, written, bytes.length - written));
    }
  }
}

/** The socket blocks; should a host hand over one that does not, this waits instead of failing. */
function retrying(operation) {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      if (error.code === 'EINTR') continue;
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') process.exit(0);
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function frame(type, ...parts) {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32BE(
    parts.reduce((size, { length }) => size + length, 1),
    0,
  );
  head[4] = type;
  return Buffer.concat([head, ...parts]);
}

/** A length byte and at most 255 bytes of text. */
function shortText(text) {
  const bytes = Buffer.from(String(text)).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Asking the kernel costs as much as all the rest of a small answer, so it is asked now and then. */
const MEMORY_SAMPLE_MS = 50;
let memoryKib = 0;
let memorySampledAt = Number.NEGATIVE_INFINITY;

function maxResidentKib() {
  const now = performance.now();
  if (now - memorySampledAt >= MEMORY_SAMPLE_MS) {
    memorySampledAt = now;
    memoryKib = process.resourceUsage().maxRSS;
  }
  return memoryKib;
}

module.exports = { KEEP_LOOP, Channel };
