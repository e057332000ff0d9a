/**
 * A server that an ordinary user runs gives each environment a network of its own by slirp4netns. Needs root (to become
 * such a user, and to make what is outside), bubblewrap, iproute2, slirp4netns and util-linux.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../../src/index.ts';
import type { DeployedFunction } from '../../runtimes/deployed-function.ts';
import { deploy } from '../../runtimes/deployed-function.ts';
import { INTRUDER, INTRUDING_RUNTIME } from '../escape-attempts.ts';
import { openOutside } from '../outside-network.ts';

const SERVER = fileURLToPath(new URL('rootless-server.ts', import.meta.url));

/** Nobody's. */
const USER = 61_234;

/** Becomes the user, where everybody may open the device, as udev has it; a container's may be closed. */
const AS_USER = `
mount -t tmpfs none /mnt
mknod /mnt/tun c 10 200
chmod 666 /mnt/tun
mount --bind /mnt/tun /dev/net/tun
umount --lazy /mnt
exec setpriv --reuid ${USER} --regid ${USER} --clear-groups "$@"`;

/** Of TEST-NET-2 (RFC 5737), which nobody has. */
const LATE_ADDRESS = '198.51.100.77';

/** How often processes are looked for, milliseconds. */
const POLL_MS = 20;

/** Asks, as an extension of its own, for telemetry to be sent to it; returns the status of the answer. */
const SUBSCRIBING = `
import http.client, json, os, threading

def ask(method, path, body, headers):
    connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return answer

registered = ask('POST', '/2020-01-01/extension/register', {'events': []}, {'Lambda-Extension-Name': 'inside'})
identifier = registered.headers['Lambda-Extension-Identifier']
destination = {'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain:4321'}
subscription = {'schemaVersion': '2022-12-13', 'types': ['platform'], 'destination': destination}
status = ask('PUT', '/2022-07-01/telemetry', subscription, {'Lambda-Extension-Identifier': identifier}).status
# Init lasts until every extension waits.
next_event = ('GET', '/2020-01-01/extension/event/next', None, {'Lambda-Extension-Identifier': identifier})
threading.Thread(target=ask, args=next_event, daemon=True).start()

def handler(event, context):
    return status
`;

const NOT_REACHED = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError)$/;

async function processesOfUser(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
    if (new RegExp(`^Uid:\\t${USER}\\t`, 'm').test(status)) found.push(/^Name:\t(.*)$/m.exec(status)![1]!);
  }
  return found;
}

async function started(): Promise<{ server: ChildProcess; platform: Platform; log: () => string }> {
  const args = ['--mount', 'sh', '-e', '-c', AS_USER, 'sh', process.execPath, SERVER];
  const server = spawn('unshare', args, { env: { PATH: process.env['PATH'], HOME: '/tmp' } });
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  let output = '';
  for await (const chunk of server.stdout) {
    output += String(chunk);
    if (output.includes('"origin"')) break;
  }
  assert.ok(output.includes('"origin"'), log);
  const facts = output.split('\n').find((line) => line.includes('"origin"'))!;
  return { server, platform: JSON.parse(facts) as Platform, log: () => log };
}

/** Of what held networks and sandboxes nothing stays; the kernel ends the last of it by itself. */
async function untilNothingIsLeft(): Promise<void> {
  while ((await processesOfUser()).length > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

test('nothing is left of a server that is not root and was killed', async () => {
  const { server, platform } = await started();
  const intruder = await deploy(platform, { 'index.py': INTRUDER }, { Runtime: 'python3.13' });
  await intruder.invoke({ action: 'address' });
  assert.ok((await processesOfUser()).includes('slirp4netns'));
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
  await untilNothingIsLeft();
});

describe('the environments of a server that is not root', () => {
  let server: ChildProcess;
  let platform: Platform;
  let intruder: DeployedFunction;
  let neighbour: DeployedFunction;
  let log: () => string;
  const attempt = async <Result>(event: object): Promise<Result> =>
    (await intruder.invoke(event)).value as Result;

  before(async () => {
    ({ server, platform, log } = await started());
    const settings = { Runtime: 'python3.13', MemorySize: 256 } as const;
    const files = { 'index.py': INTRUDER };
    [intruder, neighbour] = await Promise.all([
      deploy(platform, files, settings),
      deploy(platform, files, settings),
    ]);
  });

  after(async () => {
    const exit = once(server, 'exit');
    server.stdin!.end();
    await exit;
    await untilNothingIsLeft();
  });

  test('have a network, and nothing is said of the host having to share its own', async () => {
    assert.equal(await attempt({ action: 'address' }), '169.254.100.1');
    assert.doesNotMatch(log(), /share the network/);
    assert.ok((await processesOfUser()).includes('slirp4netns'));
  });

  test('reach the server and their runtime API', async () => {
    const url = await attempt<Record<string, string>>({ action: 'read', paths: ['/proc/self/environ'] });
    const endpoint =
      /AWS_ENDPOINT_URL=([^\0]+)/.exec(Object.values(url)[0]!)?.[1] ?? 'http://169.254.100.1:4566';
    const health = await attempt<string>({ action: 'get', url: `${endpoint}/_selfsame/health` });
    assert.equal((JSON.parse(health) as { status: string }).status, 'ok');
    const custom = await deploy(
      platform,
      { bootstrap: { content: INTRUDING_RUNTIME, mode: 0o100755 } },
      { Runtime: 'provided.al2023', MemorySize: 256 },
    );
    assert.equal(
      ((await custom.invoke({ action: 'place' })).value as { address: string }).address,
      '169.254.100.1',
    );
  });

  test('reach the outside', async (context) => {
    const place = await openOutside(context);
    assert.deepEqual(await attempt({ action: 'connect', places: [place] }), ['done']);
  });

  test("reach none of the host's ports, by whichever of its addresses, nor instance metadata", async (context) => {
    const listener = createServer((socket) => socket.destroy()).listen(0, '0.0.0.0');
    await once(listener, 'listening');
    context.after(() => listener.close());
    const { port } = listener.address() as AddressInfo;
    // One that the host did not have when networks were made ahead.
    execFileSync('ip', ['addr', 'add', `${LATE_ADDRESS}/32`, 'dev', 'lo']);
    context.after(() => execFileSync('ip', ['addr', 'del', `${LATE_ADDRESS}/32`, 'dev', 'lo']));
    const addresses = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
    );
    const places = [
      // Those by which slirp4netns itself gives access to the host.
      ...['127.0.0.1', '169.254.100.1', '10.0.2.2', '10.0.2.3', ...addresses].map((host) => [host, port]),
      ['169.254.169.254', 80],
    ];
    // A network knows the addresses that the host has when its environment starts.
    const later = await deploy(
      platform,
      { 'index.py': INTRUDER },
      { Runtime: 'python3.13', MemorySize: 192 },
    );
    const outcomes = (await later.invoke({ action: 'connect', places })).value as string[];
    for (const [place, outcome] of outcomes.entries())
      assert.match(outcome, NOT_REACHED, String(places[place]));
  });

  test('are refused telemetry, which would be sent to the host and not to them', async () => {
    const subscribing = await deploy(platform, { 'index.py': SUBSCRIBING }, { Runtime: 'python3.13' });
    assert.equal((await subscribing.invoke()).value, 501);
  });

  test('reach no other environment', async () => {
    const [, port] = (await neighbour.invoke({ action: 'serve' })).value as [string, number];
    const places = ['127.0.0.1', '10.0.2.100', '10.0.2.2', '169.254.100.1'].map((host) => [host, port]);
    for (const outcome of await attempt<string[]>({ action: 'connect', places }))
      assert.match(outcome, NOT_REACHED);
  });
});
