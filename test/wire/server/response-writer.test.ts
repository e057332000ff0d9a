import assert from 'node:assert/strict';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { writeResponse } from '../../../src/wire/server/response-writer.ts';

test('pieces that have been written are not held on to', async (context) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const written: WeakRef<Uint8Array>[] = [];
  let held = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let count = 0; count < 50; count += 1) {
      const piece = new Uint8Array(1_000);
      written.push(new WeakRef(piece));
      yield piece;
      await setImmediate();
    }
    collect();
    // The last ones may still be on their way.
    held = written.slice(0, 25).filter((piece) => piece.deref() !== undefined).length;
  }
  const server = createServer((_request, response) => {
    void writeResponse(response, { status: 200, headers: {}, body: pieces() });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const bytes = await new Promise<number>((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let sum = 0;
      response.on('data', (data: Buffer) => {
        sum += data.length;
      });
      response.on('end', () => resolve(sum));
    }).on('error', reject);
  });
  assert.equal(bytes, 50_000);
  assert.equal(held, 0, `of 25 pieces ${held} are held`);
});
