'use strict';
// What V8 has compiled of a function: the next environment of the same code need not compile it again. See ../PROTOCOL.md.
const { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { enableCompileCache, flushCompileCache } = require('node:module');

/** Has an earlier environment's at hand, or keeps what is compiled from here on; to be called before the function is loaded. */
function beginCompiling(channel, directory) {
  const given = channel.compiled();
  try {
    unpack(given, directory);
  } catch {
    // Whatever is wrong with it, the function can be compiled as ever.
  }
  enableCompileCache(directory);
  return {
    /** Hands over what was kept, where it was wanted; what is loaded later is compiled as ever. */
    end() {
      try {
        if (given.length === 0) {
          flushCompileCache();
          channel.sendCompiled(pack(directory));
        }
        for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
      } catch {
        // The function has a /tmp of its own and may do what it likes in here too: it is its own loss.
      }
    },
  };
}

/** Files below a directory in one piece: for each the length of its path, its path, its length and its bytes. */
function pack(directory) {
  const parts = [];
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    for (const bytes of [Buffer.from(file.slice(directory.length + 1)), readFileSync(file)]) {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(bytes.length);
      parts.push(length, bytes);
    }
  }
  return Buffer.concat(parts);
}

function unpack(packed, directory) {
  let position = 0;
  const take = () => {
    const start = position + 4;
    position = start + packed.readUInt32BE(position);
    return packed.subarray(start, position);
  };
  const made = new Set();
  while (position < packed.length) {
    const file = join(directory, take().toString());
    if (!made.has(dirname(file))) mkdirSync(dirname(file), { recursive: true });
    made.add(dirname(file));
    writeFileSync(file, take());
  }
}

module.exports = { beginCompiling };
