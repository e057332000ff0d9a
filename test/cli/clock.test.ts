import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startedPlatform } from '../kit/started-platform.ts';
import { selfsame } from './command-line.ts';

test('clock reads the service time of the server, and advance moves it', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'process' });
  const ran: string[] = [];
  platform.clock.at(platform.clock.now() + 5 * 3_600_000, () => void ran.push('due in five hours'));
  const endpoint = ['--endpoint', platform.origin];

  const before = await selfsame(['clock', ...endpoint]);
  assert.match(before.stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z \(real time\)\n$/);

  const moved = await selfsame(['clock', 'advance', '6h', ...endpoint]);
  assert.equal(moved.exitCode, 0);
  assert.match(moved.stdout, /\(6h ahead\)\n$/);
  assert.deepEqual(ran, ['due in five hours']);

  const { stdout } = await selfsame(['clock', '--json', ...endpoint]);
  // The time that passes while it moves is not added twice.
  assert.equal(Math.round((JSON.parse(stdout) as { offsetSeconds: number }).offsetSeconds), 21_600);
});

test('what is no duration: exit code 2 and examples', async () => {
  const { exitCode, stderr } = await selfsame(['clock', 'advance', 'tomorrow']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /'tomorrow' is not a duration such as 90s/);
});

test('advance by nothing: exit code 2 and an example', async () => {
  const { exitCode, stderr } = await selfsame(['clock', 'advance']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /selfsame clock advance 6h/);
});

test('without a server: exit code 1, the address and how to start one', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { exitCode, stderr } = await selfsame(['clock', '--endpoint', `http://127.0.0.1:${port}`]);
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /No server answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\.\nStart one with `selfsame start`/,
  );
});

test('an address that no client may call is named with the reason', async () => {
  const { exitCode, stderr } = await selfsame(['clock', '--endpoint', 'http://127.0.0.1:1']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /No server answers at http:\/\/127\.0\.0\.1:1 \(bad port\)/);
});
