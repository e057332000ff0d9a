/** What comes over a bootstrap's socket, frame by frame. */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import type { EnvironmentListener } from '../../src/ports/environment.ts';
import { FramedRuntime } from '../../src/sandbox/channel/framed-runtime.ts';
import { FRAME } from '../../src/sandbox/channel/frames.ts';

function frame(type: number, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + Buffer.byteLength(body), 0);
  head[4] = type;
  return Buffer.concat([head, Buffer.from(body)]);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('a runtime is not read while the caller of its streamed response is behind', async () => {
  const [host, runtime] = duplexPair();
  const chunks: string[] = [];
  const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>();
  const listener = {
    responseChunk: (_id: string, chunk: Buffer) => {
      chunks.push(String(chunk));
      return chunks.length === 1 ? room : undefined;
    },
  } as unknown as EnvironmentListener;
  const framed = new FramedRuntime(host, listener, assert.fail);
  runtime.write(frame(FRAME.chunk, 'first'));
  await until(() => chunks.length > 0);
  assert.equal(host.isPaused(), true);
  runtime.write(frame(FRAME.chunk, 'second'));
  makeRoom();
  await until(() => chunks.length > 1);
  assert.deepEqual(chunks, ['first', 'second']);
  framed.close();
});

for (const [what, bytes] of [
  ['a frame of an unknown type', frame(0x7f, '')],
  ['a frame without a length', Buffer.alloc(4)],
  ['a response that is shorter than what every one has', frame(FRAME.response, 'abc')],
] as const) {
  test(`a runtime that sends ${what} is given up`, async () => {
    const [host, runtime] = duplexPair();
    const reason = new Promise<string>((giveUp) => {
      new FramedRuntime(host, {} as EnvironmentListener, giveUp);
    });
    runtime.write(bytes);
    assert.notEqual(await reason, '');
    assert.equal(host.isPaused(), true);
    host.destroy();
  });
}
