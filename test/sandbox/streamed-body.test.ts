import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { passOnStream } from '../../src/sandbox/runtime-api/streamed-body.ts';

test('a body is not read while the caller of the streamed response is behind', async () => {
  const body = Object.assign(new PassThrough(), { trailers: {} });
  const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const chunks: string[] = [];
  const ended = new Promise((done) => {
    const write = (chunk: Buffer): Promise<void> => {
      chunks.push(String(chunk));
      first.resolve();
      return room;
    };
    passOnStream(body as unknown as IncomingMessage, write, done);
  });
  body.write('first');
  await first.promise;
  assert.equal(body.isPaused(), true);
  body.end('second');
  makeRoom();
  assert.equal(await ended, undefined);
  assert.deepEqual(chunks, ['first', 'second']);
});
