'use strict';
// What a function writes to its standard streams itself. Node.js queues what the host does not take at once, and
// nothing of the queue moves while the runtime blocks for its next event; so it must be empty before.

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

module.exports = { watchStandardStreams, flushed };
