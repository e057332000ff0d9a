/** A process's output in lines: how they are cut, and that a flood of them leaves the event loop to others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { MAX_EVENT_BYTES, readLines } from '../../src/sandbox/environment/output-lines.ts';

/** What a read of a pipe gives at most, bytes. */
const CHUNK_BYTES = 65_536;

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const stream = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );
  const lines: string[] = [];
  readLines(stream, (line) => lines.push(line));
  await once(stream, 'end');
  return lines;
}

test('lines are put together from chunks, with either end, and a last one without', async () => {
  const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
  assert.deepEqual(await linesOf('a\nb', 'c\r\n\n', first, second), ['a', 'bc', '', 'é']);
});

test('a line longer than an event is cut, and no character in it', async () => {
  const text = `${'x'.repeat(MAX_EVENT_BYTES - 1)}é`;
  assert.deepEqual(await linesOf(text), ['x'.repeat(MAX_EVENT_BYTES - 1), 'é']);
});

test('a flood of lines leaves turns of the event loop to others, and none is lost', async () => {
  const chunks = Array.from({ length: 8 }, () => Buffer.alloc(CHUNK_BYTES, '\n'));
  const stream = new Readable({ read() {} });
  let lines = 0;
  let isOver = false;
  readLines(stream, () => (lines += 1));
  stream.once('end', () => (isOver = true));
  for (const chunk of chunks) stream.push(chunk);
  stream.push(null);
  let seen = 0;
  let most = 0;
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, lines - seen);
    seen = lines;
  }
  assert.equal(lines, chunks.length * CHUNK_BYTES);
  assert.ok(most <= CHUNK_BYTES, `${most} lines in one turn`);
});
