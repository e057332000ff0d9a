/** Whoever gets out of a sandbox is nobody on the host: neither the server, nor a neighbour. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Platform, StartOptions } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { openPlatform } from '../../kit/started-platform.ts';
import type { DeployedFunction } from '../../runtimes/deployed-function.ts';
import { deploy } from '../../runtimes/deployed-function.ts';
import { INTRUDER } from '../escape-attempts.ts';
import { lineageOf, processNamed, statusOf, tried } from './host-view.ts';

const DENIED = 'Permission denied';

/** `options` beside the level. */
export function testHostUsers(level: IsolationLevel, options: StartOptions = {}): void {
  describe(`users of the host at ${level}`, () => {
    let platform: Platform;
    let functions: DeployedFunction[];
    /** A process of each, by its number on the host. */
    let pids: number[];
    let uids: number[];

    before(async () => {
      platform = await openPlatform({ isolation: level, ...options });
      const files = { 'index.py': INTRUDER, 'secret.txt': 'secret' };
      const settings = { Runtime: 'python3.13', MemorySize: 256 } as const;
      functions = await Promise.all([1, 2, 3].map(() => deploy(platform, files, settings)));
      pids = await Promise.all(
        functions.map(async (each) => {
          const name = `left-${randomUUID()}`;
          await each.invoke({ action: 'leave', name });
          return processNamed(name);
        }),
      );
      uids = await Promise.all(pids.map(async (pid) => (await statusOf(pid, 'Uid'))[0]!));
    });

    after(() => platform.close());

    test('each environment has one of its own, with a group, and no other group', async () => {
      assert.equal(new Set([process.getuid!(), ...uids]).size, functions.length + 1);
      for (const [place, pid] of pids.entries()) {
        const four = new Array<number>(4).fill(uids[place]!);
        assert.deepEqual(await statusOf(pid, 'Uid'), four);
        assert.deepEqual(await statusOf(pid, 'Gid'), four);
        const groups = await statusOf(pid, 'Groups');
        assert.ok(
          groups.every((group) => group === uids[place]),
          String(groups),
        );
      }
    });

    test('inside it is the user of AWS', async () => {
      const text = await functions[0]!.invoke({ action: 'read', paths: ['/proc/self/status'] });
      assert.match(text.text, /Uid:\\t993\\t993\\t993\\t993\\nGid:\\t990\\t990\\t990\\t990\\n/);
    });

    test('it may signal its own processes, and none of a neighbour or the server', async () => {
      const [own, neighbour] = pids as [number, number];
      const signal = (pid: number): string => tried(uids[0]!, ['sh', '-c', `kill -0 ${pid}`]);
      assert.equal(signal(own), 'done');
      for (const pid of [...(await lineageOf(neighbour)), process.pid])
        assert.equal(signal(pid), 'Operation not permitted');
    });

    test("it reads nothing of a neighbour's or the server's processes", () => {
      const [, neighbour] = pids as [number, number];
      for (const pid of [neighbour, process.pid]) {
        assert.equal(tried(uids[0]!, ['cat', `/proc/${pid}/environ`]), DENIED);
        assert.equal(tried(uids[0]!, ['ls', `/proc/${pid}/root/`]), DENIED);
        assert.equal(tried(uids[0]!, ['ls', `/proc/${pid}/fd/`]), DENIED);
      }
    });

    test('it reads nothing of the data directory', async () => {
      const { dataDirectory } = platform.facts;
      const [hash] = await readdir(join(dataDirectory, 'packages'));
      for (const path of ['', 'records.db', 'packages', `packages/${hash}/secret.txt`, 'environments'])
        assert.equal(tried(uids[0]!, ['ls', join(dataDirectory, path)]), DENIED, path);
    });
  });
}
