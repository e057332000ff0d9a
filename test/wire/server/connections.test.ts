import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import { requireSafeBinding } from '../../../src/wire/server/address.ts';
import { fakeServer, startFake } from './fake-service.ts';
import { head, RawConnection } from './raw-connection.ts';

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, resolve };
}

describe('a streamed answer', () => {
  it('sends its head and every piece when it is there', async () => {
    const [first, second] = [deferred(), deferred()];
    const { server, port } = await startFake({
      Stream: async () =>
        (async function* () {
          await first.promise;
          yield Buffer.from('one');
          await second.promise;
          yield Buffer.from('two');
        })(),
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Stream', { 'content-length': '0' }));
    assert.match(await connection.until('\r\n\r\n'), /transfer-encoding: chunked/i);
    first.resolve();
    assert.doesNotMatch(await connection.until('one'), /two/);
    second.resolve();
    assert.match(await connection.until('two'), /one/);
    await connection.until('\r\n0\r\n\r\n');
    connection.close();
    await server.close();
  });

  it('waits for a client that reads slowly', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    let made = 0;
    const { server, port } = await startFake({
      Stream: async () =>
        (async function* () {
          for (; made < 64; made += 1) yield piece;
        })(),
    });
    const connection = await RawConnection.open(port);
    connection.socket.pause();
    connection.send(head('Stream', { 'content-length': '0', connection: 'close' }));
    // Other requests are answered meanwhile, and many turns of the loop go by.
    for (let turn = 0; turn < 50; turn += 1) await (await fetch(`http://127.0.0.1:${port}/Missing`)).text();
    assert.ok(made < 32, `${made} MiB were made for a client that reads nothing`);
    connection.socket.resume();
    assert.ok((await connection.untilClosed()).endsWith('\r\n0\r\n\r\n'));
    assert.equal(made, 64);
    connection.close();
    await server.close();
  });

  it('ends, and its signal aborts, when the client goes away', async () => {
    const [aborted, returned] = [deferred(), deferred()];
    const { server, port, lines } = await startFake({
      Stream: async (_request, context) => {
        context.signal.addEventListener('abort', () => aborted.resolve());
        return (async function* () {
          try {
            for (;;) {
              yield Buffer.alloc(65_536, 'x');
            }
          } finally {
            returned.resolve();
          }
        })();
      },
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Stream', { 'content-length': '0' }));
    await connection.until('xxx');
    connection.socket.resetAndDestroy();
    await Promise.all([aborted.promise, returned.promise]);
    await server.close();
    assert.deepEqual(
      lines.filter(({ level }) => level === 'error'),
      [],
    );
  });

  it('that fails in the middle is cut off, so that nobody takes it for whole', async () => {
    const { server, port, lines } = await startFake({
      Stream: async () =>
        (async function* () {
          yield Buffer.from('one');
          throw new Error('the secret inside');
        })(),
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Stream', { 'content-length': '0' }));
    const answer = await connection.untilClosed();
    assert.match(answer, /one/);
    assert.doesNotMatch(answer, /\r\n0\r\n\r\n|secret/);
    assert.equal(lines.filter(({ level }) => level === 'error').length, 1);
    await server.close();
  });
});

describe('a client that goes away before the answer', () => {
  it('aborts the signal of its handler', async () => {
    const [started, aborted] = [deferred(), deferred()];
    const { server, port } = await startFake({
      Wait: async (_request, context) => {
        started.resolve();
        await once(context.signal, 'abort');
        aborted.resolve();
        return 'late';
      },
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Wait', { 'content-length': '0' }));
    await started.promise;
    connection.socket.resetAndDestroy();
    await aborted.promise;
    await server.close();
  });

  it('ends the pieces of its answer', async () => {
    const [started, returned] = [deferred(), deferred()];
    const { server, port } = await startFake({
      Stream: async (_request, context) => {
        started.resolve();
        await once(context.signal, 'abort');
        return (async function* () {
          try {
            for (;;) yield Buffer.from('x');
          } finally {
            returned.resolve();
          }
        })();
      },
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Stream', { 'content-length': '0' }));
    await started.promise;
    connection.socket.resetAndDestroy();
    await returned.promise;
    await server.close();
  });
});

describe('closing', () => {
  it('lets requests in flight finish and ends idle connections', async () => {
    const [started, release] = [deferred(), deferred()];
    const { server, port } = await startFake({
      Fast: async () => 'fast',
      Slow: async () => {
        started.resolve();
        await release.promise;
        return 'slow';
      },
    });
    const [idle, busy] = [await RawConnection.open(port), await RawConnection.open(port)];
    idle.send(head('Fast', { 'content-length': '0' }));
    await idle.until('fast');
    busy.send(head('Slow', { 'content-length': '0' }));
    await started.promise;
    const closed = server.close();
    await idle.untilClosed();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/Fast`));
    release.resolve();
    assert.match(await busy.untilClosed(), /slow/);
    await closed;
    await server.close();
  });

  it('ends what is still there after its deadline', async () => {
    const started = deferred();
    const { server, port } = await startFake({
      Stuck: async () => {
        started.resolve();
        return new Promise(() => undefined);
      },
    });
    const connection = await RawConnection.open(port);
    connection.send(head('Stuck', { 'content-length': '0' }));
    await started.promise;
    await server.close(20);
    await connection.untilClosed();
  });
});

describe('binding', () => {
  it('to loopback serves both of its addresses on one port', {
    skip: !HAS_IPV6 && 'no IPv6 here',
  }, async () => {
    const { server, port } = await startFake({ Echo: async () => 'here' });
    for (const host of ['127.0.0.1', '::1']) {
      const connection = await RawConnection.open(port, host);
      connection.send(head('Echo', { 'content-length': '0' }));
      await connection.until('here');
      connection.close();
    }
    await server.close();
  });

  it('to a port that is taken names it and the remedy', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await assert.rejects(fakeServer({}).server.listen({ host: 'localhost', port }), (error: unknown) => {
      assert.ok(error instanceof PlatformError);
      assert.equal(error.message, `Port ${port} on 127.0.0.1 is in use by another process.`);
      assert.match(error.remedy, new RegExp(`lsof -i :${port}.*--port ${port + 1}`));
      return true;
    });
    other.close();
  });

  it('beyond loopback needs authorization', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com']) {
      assert.throws(() => requireSafeBinding(host, false), {
        name: 'PlatformError',
        message: /without authorization is refused/,
      });
      requireSafeBinding(host, true);
    }
    for (const host of ['localhost', '127.0.0.1', '::1', '[::1]', '127.9.9.9'])
      requireSafeBinding(host, false);
  });

  it('to an address of another machine says so', async () => {
    const authorization = { findCredentials: async () => undefined, realNowMs: () => Date.now() };
    const elsewhere = fakeServer({}, { server: { authorization } }).server;
    // RFC 5737: no machine has it.
    await assert.rejects(elsewhere.listen({ host: '192.0.2.1', port: 0 }), {
      name: 'PlatformError',
      message: '192.0.2.1 is not an address of this machine.',
    });
  });
});
