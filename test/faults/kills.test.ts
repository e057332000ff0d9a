import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { SeededRandom } from '../../src/core/seeded-random.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../kit/started-platform.ts';
import type { KilledServer } from './killed-server.ts';
import { killUnder } from './kills.ts';

type Answer = (stream: ServerHttp2Stream, socket: Socket) => void;

/** Resolves, or rejects, as work does that a server answers so after a first answer that is none of an error. */
async function killedWith(context: TestContext, answer: Answer): Promise<void> {
  const sockets: Socket[] = [];
  let requests = 0;
  const server = createServer();
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    requests += 1;
    if (requests > 1) return answer(stream, sockets.at(-1)!);
    stream.respond({ ':status': 200 });
    stream.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new KinesisClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
  });
  context.after(() => {
    client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const killed = { kill: async () => {}, start: async () => {} } as Partial<KilledServer> as KilledServer;
  await killUnder(killed, new SeededRandom(1), { count: 1, longestLifeMs: 1 }, [
    () => client.send(new ListStreamsCommand({})),
  ]);
}

test('a connection that ends before an answer, or within one, is what a kill does', async (context) => {
  await killedWith(context, (_stream, socket) => socket.resetAndDestroy());
  await killedWith(context, (stream, socket) => {
    stream.respond({ ':status': 200 });
    stream.write('{"StreamNames":', () => socket.destroy());
  });
});

test('an error that is answered is none of a kill', async (context) => {
  const refusing = killedWith(context, (stream) => {
    stream.respond({ ':status': 500 });
    stream.end('{"__type":"InternalFailure"}');
  });
  await assert.rejects(refusing, { name: 'InternalFailure' });
});
