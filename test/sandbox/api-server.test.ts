import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  apiServer,
  listenOnLoopback,
  MAX_API_CONNECTIONS,
} from '../../src/sandbox/runtime-api/api-server.ts';

test('an environment cannot use up the descriptors of the server by connecting to its runtime API', async (context) => {
  const server = await listenOnLoopback(apiServer((_, response) => response.end('served')));
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  for (let count = 0; count < MAX_API_CONNECTIONS; count += 1) await open();
  const refused = await open();
  refused.on('error', () => {});
  await once(refused, 'close');
  const [first] = sockets;
  first!.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(String((await once(first!, 'data'))[0]), /served/);
});
