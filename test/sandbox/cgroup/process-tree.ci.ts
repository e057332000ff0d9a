/** Freezing by signals, for hosts without cgroups. Linux. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ProcessTree } from '../../../src/sandbox/cgroup/process-tree.ts';

/** `T` while a process stands still. Source: proc(5), field 3 of stat. */
async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2)[0]!;
}

test('a process and its descendants stand still, those of another session too, and go on', async () => {
  const parent = spawn('/bin/sh', ['-c', 'setsid sleep 1000 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = [parent.pid!, Number(line.toString())];
  const tree = new ProcessTree(parent.pid!);
  try {
    tree.stop();
    for (const pid of pids) while ((await stateOf(pid)) !== 'T');
    tree.resume();
    for (const pid of pids) while ((await stateOf(pid)) === 'T');
  } finally {
    const exit = once(parent, 'close');
    for (const pid of pids.toReversed()) process.kill(pid, 'SIGKILL');
    await exit;
  }
});
