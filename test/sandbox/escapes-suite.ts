/** Code that nobody trusts tries to get out. Each attempt ends contained, the host and the neighbours unharmed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import type { DeployedFunction } from '../runtimes/deployed-function.ts';
import { deploy } from '../runtimes/deployed-function.ts';
import { INTRUDER, INTRUDING_RUNTIME, LOG_BOMB } from './escape-attempts.ts';
import { openOutside } from './outside-network.ts';

const SECRET = 'the-secret-of-a-neighbour';

/** Long lines fill memory, empty ones the time of the server. In its time the first flood prints about 2 GB. */
const FLOODS = [
  { lines: 'long', seconds: 15 },
  { lines: 'empty', seconds: 4 },
] as const;

/** More than what the server holds of log events at most, with what is read, copied on its way to the disk, and not yet collected. */
const FLOOD_MEMORY_BYTES = 1024 * 1024 * 1024;

/** A custom runtime's address, and the event it is at. */
interface RuntimePlace {
  readonly address: string;
  readonly requestId: string;
}

/** The events that an intruder got: from its own runtime API, and when it asked for others; with the one it is at. */
interface Loot {
  readonly own: string;
  readonly foreign: readonly string[];
  readonly requestId: string;
}

/** In what the kernel that functions see differs from the host's, where it is another one. */
export interface OwnKernel {
  /** What its `/sys` lists; the host's is not there. */
  readonly sys: readonly string[];
  /** Attempts that it lets succeed, since they reach nothing outside of it. */
  readonly harmless: readonly string[];
}

export interface EscapedLevel {
  readonly level: IsolationLevel;
  readonly ociRuntime?: string;
  readonly ownKernel?: OwnKernel;
}

export function testEscapes({ level, ociRuntime, ownKernel }: EscapedLevel): void {
  describe(`escapes at ${level}${ociRuntime === undefined ? '' : ` with ${ociRuntime}`}`, () => {
    let platform: Platform;
    let intruder: DeployedFunction;
    let neighbour: DeployedFunction;
    const attempt = async <Result>(event: object): Promise<Result> =>
      (await intruder.invoke(event)).value as Result;

    before(async () => {
      platform = await start({
        port: 0,
        dataDir: 'temporary',
        logLevel: 'error',
        fetchRuntimes: false,
        isolation: level,
        ...(ociRuntime === undefined ? {} : { ociRuntime }),
      });
      const settings = { Runtime: 'python3.13', MemorySize: 256 } as const;
      const files = { 'index.py': INTRUDER };
      [intruder, neighbour] = await Promise.all([
        deploy(platform, files, settings),
        deploy(
          platform,
          { ...files, 'secret.txt': SECRET },
          { ...settings, Environment: { Variables: { SECRET } } },
        ),
      ]);
      assert.equal((await neighbour.invoke({ action: 'hide' })).text, '"x"');
    });

    after(() => platform.close());

    test('read no file of the host, and list none', async () => {
      const { dataDirectory } = platform.facts;
      const hidden = ['/etc/shadow', `/proc/${process.pid}/environ`, `${dataDirectory}/records.sqlite`];
      assert.deepEqual(
        Object.values(await attempt<object>({ action: 'read', paths: hidden })),
        hidden.map(() => 'ENOENT'),
      );
      const directories = [dataDirectory, '/root', '/home', '/run', '/var/lib'];
      assert.deepEqual(
        Object.values(await attempt<object>({ action: 'list', paths: directories })),
        directories.map(() => 'ENOENT'),
      );
      const { '/sys': sys } = await attempt<Record<string, string | string[]>>({
        action: 'list',
        paths: ['/sys'],
      });
      assert.deepEqual(typeof sys === 'string' ? sys : sys?.sort(), ownKernel?.sys ?? 'ENOENT');
    });

    test("see nothing of a neighbour's code, /tmp, environment or memory", async () => {
      const { '/var/task': code, '/tmp': temporary } = await attempt<Record<string, string[]>>({
        action: 'list',
        paths: ['/var/task', '/tmp'],
      });
      assert.ok(!code!.includes('secret.txt'));
      assert.deepEqual(temporary, []);
      const environments = await attempt<string[]>({ action: 'processes' });
      assert.ok(environments.length > 0);
      for (const variables of environments) assert.ok(!variables.includes(SECRET));
      assert.deepEqual(await attempt({ action: 'signals' }), []);
    });

    test('write neither to the code nor to the layers nor to the runtime', async () => {
      const paths = [
        '/var/task/x',
        '/var/task/index.py',
        '/opt/x',
        '/var/runtime/x',
        '/etc/hosts',
        '/usr/bin/x',
      ];
      const outcomes = Object.values(await attempt<Record<string, string>>({ action: 'write', paths }));
      assert.equal(outcomes.length, paths.length);
      // At *oci* a function's user is none that may write the files of the host's root, and the kernel looks at that first.
      for (const [place, outcome] of outcomes.entries())
        assert.match(outcome, /^(EROFS|EACCES)$/, paths[place]);
    });

    test('mount, trace and load nothing, open no device and no raw socket, get no namespace', async () => {
      const outcomes = await attempt<Record<string, string>>({ action: 'system' });
      assert.ok(Object.keys(outcomes).length > 10);
      const harmless = ownKernel?.harmless ?? [];
      for (const [what, outcome] of Object.entries(outcomes)) {
        if (harmless.includes(what)) assert.equal(outcome, 'done', what);
        else assert.match(outcome, /^(EPERM|EACCES|ENOENT|EROFS|EINVAL|EAFNOSUPPORT|ENXIO)$/, what);
      }
    });

    test("reach none of the host's ports, on loopback or any other address", async (context) => {
      const server = createServer((socket) => socket.destroy()).listen(0, '0.0.0.0');
      await once(server, 'listening');
      context.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const gateway = (await attempt<string>({ action: 'runtimeApi' })).split(':')[0]!;
      const addresses = Object.values(networkInterfaces()).flatMap((all) =>
        (all ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
      );
      const places = [...new Set(['127.0.0.1', gateway, ...addresses])].map((host) => [host, port]);
      assert.deepEqual(
        await attempt({ action: 'connect', places }),
        places.map(() => 'ECONNREFUSED'),
      );
    });

    test('reach the server', async () => {
      const url = await attempt<string>({ action: 'read', paths: ['/proc/self/environ'] });
      const endpoint = /AWS_ENDPOINT_URL=([^\0]+)/.exec(Object.values(url)[0] as string)![1]!;
      const health = await attempt<string>({ action: 'get', url: `${endpoint}/_selfsame/health` });
      assert.equal((JSON.parse(health) as { status: string }).status, 'ok');
    });

    test('reach the outside', async (context) => {
      const place = await openOutside(context);
      assert.deepEqual(await attempt({ action: 'connect', places: [place] }), ['done']);
    });

    test('reach no other environment, nor its runtime API', async () => {
      const place = (await neighbour.invoke({ action: 'serve' })).value as [string, number];
      const [address] = place;
      assert.notEqual(address, await attempt({ action: 'address' }));
      // That of the neighbour is at a loopback address of the host, which has the last bytes of its own.
      const onLoopback = address.replace(/^169\./, '127.');
      const places = [place, [address, 9001], [onLoopback, 24_901]];
      for (const outcome of await attempt<string[]>({ action: 'connect', places }))
        assert.match(outcome, /^(ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT|TimeoutError)$/);
    });

    test('get the events of no other environment, by whichever address they ask', async () => {
      const settings = { Runtime: 'provided.al2023', MemorySize: 256 } as const;
      const files = { bootstrap: { content: INTRUDING_RUNTIME, mode: 0o100755 } };
      const [asking, asked] = await Promise.all([
        deploy(platform, files, settings),
        deploy(platform, files, settings),
      ]);
      const place = (await asked.invoke({ action: 'place' })).value as RuntimePlace;
      // That it waits for its next event is when somebody else could take it.
      const { own, foreign, requestId } = (await asking.invoke({ action: 'steal', ...place })).value as Loot;
      assert.equal(own, requestId);
      assert.ok(foreign.length > 3);
      for (const outcome of foreign)
        assert.match(
          outcome,
          /^(ECONNREFUSED|EHOSTUNREACH|ETIMEDOUT|TimeoutError|EINVAL|ENETUNREACH|EADDRNOTAVAIL|400)$/,
        );
      const again = (await asked.invoke({ action: 'place' })).value as RuntimePlace;
      assert.deepEqual({ ...again, requestId: '' }, { ...place, requestId: '' });
    });

    test('fill their own /tmp and no more', async () => {
      const [error, written] = await attempt<[string, number]>({ action: 'fill' });
      // Memory may give out first: what is in /tmp counts.
      assert.equal(error, 'ENOSPC');
      assert.equal(written, 512 * 1024 * 1024);
    });

    for (const { lines, seconds } of FLOODS) {
      test(`print ${lines} lines without end, while the server's memory is bounded and the neighbour answers`, async () => {
        const bomb = await deploy(
          platform,
          { 'index.py': LOG_BOMB },
          {
            Runtime: 'python3.13',
            MemorySize: 1_769,
            Timeout: seconds,
            Environment: { Variables: { LINES: lines } },
          },
        );
        const before = process.memoryUsage.rss();
        let most = before;
        let answers = 0;
        let isOver = false;
        const end = bomb.fail().finally(() => (isOver = true));
        while (!isOver) {
          await neighbour.invoke({ action: 'address' });
          answers += 1;
          most = Math.max(most, process.memoryUsage.rss());
        }
        assert.match((await end).errorMessage, new RegExp(`timed out after ${seconds}\\.00 seconds`));
        assert.ok(answers > 1);
        assert.ok(most - before < FLOOD_MEMORY_BYTES, `${Math.round((most - before) / 2 ** 20)} MB more`);
      });
    }

    test('leave the neighbour unharmed', async () => {
      assert.equal((await neighbour.invoke({ action: 'hide' })).text, '"xx"');
    });
  });
}
