/** Another machine, for tests: a network namespace that is reached through this host, with a server in it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Of TEST-NET-3 (RFC 5737), which nobody has. */
const HOST_ADDRESS = '203.0.113.1';
const OUTSIDE_ADDRESS = '203.0.113.2';

const SERVER = `
const server = require('node:net').createServer((socket) => socket.destroy());
server.listen(0, '0.0.0.0', () => console.log(server.address().port));
`;

/** Host and port of a server that accepts and hangs up. */
export async function openOutside(context: TestContext): Promise<[string, number]> {
  const name = `outside-${process.pid}`;
  const link = `out${process.pid}`;
  const ip = (line: string): unknown => execFileSync('ip', line.split(' '));
  ip(`netns add ${name}`);
  context.after(() => ip(`netns delete ${name}`));
  ip(`link add ${link} type veth peer name eth0 netns ${name}`);
  ip(`addr add ${HOST_ADDRESS}/30 dev ${link}`);
  ip(`link set ${link} up`);
  ip(`-n ${name} addr add ${OUTSIDE_ADDRESS}/30 dev eth0`);
  ip(`-n ${name} link set eth0 up`);
  const server = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(async () => {
    server.kill();
    await once(server, 'exit');
  });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  return [OUTSIDE_ADDRESS, Number(port.toString())];
}
