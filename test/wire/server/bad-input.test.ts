import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AwsError } from '../../../src/core/errors.ts';
import { MAX_HEADER_BYTES } from '../../../src/wire/server/limits.ts';
import type { FakeServer } from './fake-service.ts';
import { startFake } from './fake-service.ts';
import { head, RawConnection } from './raw-connection.ts';

/** A large body with a content that would be noticed. */
const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x');

describe('bad input', () => {
  let fake: FakeServer;
  const handled: string[] = [];
  const open: RawConnection[] = [];
  const connect = async (): Promise<RawConnection> => {
    const connection = await RawConnection.open(fake.port);
    open.push(connection);
    return connection;
  };
  before(async () => {
    fake = await startFake(
      {
        Echo: async (request) => {
          handled.push('Echo');
          return request.body as Buffer;
        },
        Small: async () => {
          handled.push('Small');
          return 'small';
        },
        Stream: async (request) => {
          handled.push('Stream');
          const pieces: Buffer[] = [];
          for await (const piece of request.body) pieces.push(piece as Buffer);
          return `${Buffer.concat(pieces).length}`;
        },
        Ignore: async () => 'ignored',
      },
      {
        streaming: ['Stream', 'SmallStream', 'Ignore'],
        bodyLimits: {
          Small: {
            maxBytes: 10,
            error: (sizeBytes) => new AwsError('TooLarge', `${sizeBytes} bytes are more than 10`, {}, 413),
          },
          Stream: {
            maxBytes: 3_000_000,
            error: (sizeBytes) => new AwsError('TooLarge', `${sizeBytes}`, {}, 413),
          },
        },
        server: { timeouts: { headersMs: 200, bodyIdleMs: 150 } },
      },
    );
  });
  after(async () => {
    for (const connection of open) connection.close();
    await fake.server.close(0);
  });

  const stillServes = async (): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${fake.port}/Missing`);
    assert.equal(answer.status, 404);
    await answer.text();
  };

  for (const [what, text, expected] of [
    ['that is no HTTP', 'hello there\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    ['that begins as TLS does', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 'not HTTPS'],
    ['with a broken header', 'GET / HTTP/1.1\r\nhost localhost\r\n\r\n', 'not valid HTTP'],
    ['without Host', 'GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    [
      'with two lengths',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      '400',
    ],
    [
      'with both length and chunked transfer',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      '400',
    ],
    [
      'with a broken chunk',
      `${head('Echo', { 'transfer-encoding': 'chunked' })}zz\r\n`,
      'HTTP/1.1 400 Bad Request',
    ],
    [
      'with too large a header',
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(MAX_HEADER_BYTES)}\r\n\r\n`,
      'HTTP/1.1 431 Request Header Fields Too Large',
    ],
  ] as const) {
    it(`${what} is answered, the connection closed, and the server stays up`, async () => {
      const connection = await connect();
      connection.send(Buffer.from(text, 'latin1'));
      const answer = await connection.untilClosed();
      assert.ok(answer.includes(expected), answer);
      await stillServes();
    });
  }

  it('a header that does not come in time is answered with 408', async () => {
    const connection = await connect();
    connection.send('GET / HTTP/1.1\r\nhost: loc');
    assert.match(
      await connection.untilClosed(),
      /^HTTP\/1.1 408 Request Timeout[\s\S]*did not arrive in time/,
    );
  });

  it('a body that stops coming is answered with 408', async () => {
    const connection = await connect();
    connection.send(head('Echo', { 'content-length': '100' }), 'begin');
    assert.match(await connection.until('RequestTimeout'), /^HTTP\/1.1 408 /);
    connection.close();
    assert.ok(!handled.includes('Echo'));
  });

  it('a body cut short never reaches the handler, and is logged', async () => {
    const connection = await connect();
    const before = handled.length;
    connection.send(head('Echo', { 'content-length': '100' }), 'begin');
    connection.socket.end();
    assert.match(
      await connection.untilClosed(),
      /^HTTP\/1.1 400 [\s\S]*ended before the request was complete/,
    );
    connection.close();
    const abrupt = await connect();
    abrupt.send(head('Echo', { 'content-length': '100' }), 'begin');
    await stillServes();
    abrupt.socket.resetAndDestroy();
    while (!fake.lines.some(({ message }) => message.startsWith('upload cut short'))) await stillServes();
    assert.equal(handled.length, before);
  });

  it('a stream cut short ends with an error for its handler', async () => {
    const connection = await connect();
    connection.send(head('Stream', { 'content-length': '100' }), 'begin');
    const before = fake.lines.length;
    while (!handled.includes('Stream')) await stillServes();
    connection.socket.resetAndDestroy();
    const cut = () => fake.lines.slice(before).some(({ message }) => message.startsWith('upload cut short'));
    while (!cut()) await stillServes();
  });

  it('a body that is announced too large is refused before it is read, and the connection goes on', async () => {
    const connection = await connect();
    connection.send(head('Small', { 'content-length': String(MEBIBYTE.length) }));
    assert.match(
      await connection.until('more than 10'),
      /^HTTP\/1.1 413 [\s\S]*1048576 bytes are more than 10/,
    );
    connection.send(MEBIBYTE, head('Ignore'));
    await connection.until('ignored');
  });

  it('a body of unknown length is refused as soon as it is too large', async () => {
    const connection = await connect();
    connection.send(head('Small', { 'transfer-encoding': 'chunked' }), 'b\r\nhello world\r\n');
    assert.match(await connection.until('more than 10'), /11 bytes are more than 10/);
    connection.send('0\r\n\r\n', head('Ignore'));
    await connection.until('ignored');
    assert.ok(!handled.includes('Small'));
  });

  it('a body without a limit of its own has the default one', async () => {
    const connection = await connect();
    connection.send(head('Echo', { 'content-length': '16777217' }));
    const answer = await connection.until('exceeded');
    assert.match(answer, /^HTTP\/1.1 413 [\s\S]*HTTP content length exceeded 16777216 bytes\./);
  });

  it('a stream over its limit is refused', async () => {
    const connection = await connect();
    connection.send(head('Stream', { 'transfer-encoding': 'chunked' }));
    for (let index = 0; index < 3; index += 1) connection.send('100000\r\n', MEBIBYTE, '\r\n');
    assert.match(await connection.until('TooLarge'), /^HTTP\/1.1 413 /);
  });

  it('a body that its handler does not read does not stop the connection', async () => {
    const connection = await connect();
    connection.send(head('Ignore', { 'content-length': String(MEBIBYTE.length) }), MEBIBYTE);
    connection.send(head('Small', { 'content-length': '2' }), 'ab');
    await connection.until('small');
  });

  it('a client that waits for 100 gets it, or the refusal instead', async () => {
    const welcome = await connect();
    welcome.send(head('Echo', { expect: '100-continue', 'content-length': '5' }));
    await welcome.until('HTTP/1.1 100 Continue\r\n\r\n');
    welcome.send('hello');
    assert.match(await welcome.until('hello'), /HTTP\/1.1 200 OK/);

    const refused = await connect();
    refused.send(head('Small', { expect: '100-continue', 'content-length': '11' }));
    const answer = await refused.untilClosed();
    assert.match(answer, /^HTTP\/1.1 413 /);
    assert.doesNotMatch(answer, /100 Continue/);
  });

  it('pipelined requests are answered in order', async () => {
    const connection = await connect();
    connection.send(
      head('Echo', { 'content-length': '3' }),
      'one',
      head('Echo', { 'content-length': '3' }),
      'two',
    );
    const answers = await connection.until('two');
    assert.ok(answers.indexOf('one') < answers.indexOf('two'));
  });

  describe('from a web page', () => {
    for (const host of [
      'evil.example',
      'evil.example:4566',
      '192.168.1.7',
      'localhost.evil.example',
      '127.0.0.1.evil',
    ]) {
      it(`under its own name ${host} is refused with the reason`, async () => {
        const connection = await connect();
        connection.send(head('Echo', { host, 'content-length': '0' }));
        const answer = await connection.until('DNS rebinding');
        assert.match(answer, /^HTTP\/1.1 403 /);
        assert.ok(answer.includes(`The Host header names '${host}'`));
      });
    }

    for (const host of [
      'localhost:4566',
      'LOCALHOST',
      '127.0.0.1:1',
      '127.1.2.3',
      '[::1]:4566',
      'bucket.s3.localhost',
      'lambda.us-east-1.amazonaws.com',
      's3.localhost.localstack.cloud:4566',
    ]) {
      it(`is not what ${host} means`, async () => {
        const connection = await connect();
        connection.send(head('Echo', { host, 'content-length': '2' }), 'ok');
        await connection.until('ok');
      });
    }

    it('across origins is refused, from this machine it is not', async () => {
      for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
        const connection = await connect();
        connection.send(head('Echo', { origin, 'content-length': '0' }));
        assert.match(await connection.until('Origin header names'), /^HTTP\/1.1 403 /);
      }
      for (const origin of [
        'http://localhost:3000',
        'http://127.0.0.1:8080',
        'http://app.localhost',
        'http://[::1]',
      ]) {
        const connection = await connect();
        connection.send(head('Echo', { origin, 'content-length': '2' }), 'ok');
        await connection.until('ok');
      }
    });
  });
});
