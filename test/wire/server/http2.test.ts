import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Handler } from './fake-service.ts';
import { startFake, UNVERIFIED } from './fake-service.ts';
import { RawConnection } from './raw-connection.ts';

/** A server, and a client that speaks HTTP/2 to it with prior knowledge. */
async function connected(context: TestContext, operations: Record<string, Handler>) {
  const { server, port } = await startFake(operations);
  context.after(() => server.close(0));
  const client = connect(`http://127.0.0.1:${port}`);
  context.after(() => client.destroy());
  return { server, port, client };
}

function ask(client: ClientHttp2Session, operation: string, body = ''): ClientHttp2Stream {
  const stream = client.request({
    ':method': 'POST',
    ':path': `/${operation}`,
    authorization: UNVERIFIED,
    'content-length': String(Buffer.byteLength(body)),
  });
  stream.end(body);
  return stream;
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return text;
}

async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
  const [head] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>];
  return head[':status'];
}

test('requests of HTTP/2 are answered as those of HTTP/1.1, several at once over one connection', async (context) => {
  const { client, port } = await connected(context, {
    Echo: async ({ body, headers }) => `${headers.host} ${String(body)}`,
  });
  const bodies = ['one', 'two', 'x'.repeat(1024 * 1024)];
  const answers = await Promise.all(
    bodies.map((body) => {
      const stream = ask(client, 'Echo', body);
      return Promise.all([statusOf(stream), textOf(stream)]);
    }),
  );
  assert.deepEqual(
    answers,
    bodies.map((body) => [200, `127.0.0.1:${port} ${body}`]),
  );
});

test('a body of HTTP/2 that stops coming is answered with 408', async (context) => {
  const { server, port } = await startFake(
    { Echo: async ({ body }) => String(body) },
    { server: { timeouts: { headersMs: 20_000, bodyIdleMs: 50 } } },
  );
  context.after(() => server.close(0));
  const client = connect(`http://127.0.0.1:${port}`);
  context.after(() => client.destroy());
  const stream = client.request({
    ':method': 'POST',
    ':path': '/Echo',
    authorization: UNVERIFIED,
    'content-length': '10',
  });
  stream.write('five.');
  assert.equal(await statusOf(stream), 408);
});

test('a connection of HTTP/2 outlives the time within which a header of HTTP/1.1 has to come', async (context) => {
  const { server, port } = await startFake(
    { Echo: async ({ body }) => String(body) },
    { server: { timeouts: { headersMs: 50, bodyIdleMs: 60_000 } } },
  );
  context.after(() => server.close(0));
  const client = connect(`http://127.0.0.1:${port}`);
  context.after(() => client.destroy());
  assert.equal(await textOf(ask(client, 'Echo', 'one')), 'one');
  // Late headers are looked for at that interval: one that says nothing is closed at the second look at the latest.
  const silent = await RawConnection.open(port);
  silent.send('POST /Echo HTTP/1.1\r\n');
  await silent.untilClosed();
  assert.equal(await textOf(ask(client, 'Echo', 'two')), 'two');
});

test('an operation is told when the client of HTTP/2 goes', async (context) => {
  const left = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const { client } = await connected(context, {
    Wait: async (_input, { signal }) => {
      signal.addEventListener('abort', () => left.resolve());
      begun.resolve();
      await left.promise;
      return undefined;
    },
  });
  const stream = ask(client, 'Wait');
  stream.on('error', () => {});
  await begun.promise;
  stream.close();
  await left.promise;
});

test('a server that closes lets answers go out, and waits for nobody who does not read them', async (context) => {
  const answered = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  const { server, client } = await connected(context, {
    Slow: async () => {
      begun.resolve();
      return answered.promise;
    },
    Stream: async () =>
      (async function* () {
        yield Buffer.from('unread');
      })(),
  });
  // Nobody reads it.
  await once(ask(client, 'Stream'), 'response');
  const slow = ask(client, 'Slow');
  await begun.promise;
  const closed = server.close(60_000);
  answered.resolve('answered');
  assert.equal(await textOf(slow), 'answered');
  await closed;
});
