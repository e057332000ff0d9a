/** What a host without root lacks for networks of environments is named, with what to do. */
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeRootless } from '../../../src/sandbox/network/rootless-probe.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

test('programs and the device that networks need are named where they are missing', async (context) => {
  const directory = await scratchDirectory(context);
  const path = process.env['PATH'];
  context.after(() => {
    process.env['PATH'] = path;
  });
  process.env['PATH'] = directory;
  const install = async (program: string): Promise<void> => {
    await writeFile(join(directory, program), '');
    await chmod(join(directory, program), 0o755);
  };
  for (const program of ['ip', 'nsenter']) await install(program);
  assert.deepEqual(await probeRootless('/dev/null'), {
    available: false,
    reason: 'without root, making networks needs `slirp4netns`.',
    remedy: 'Install `slirp4netns`, or run selfsame as root.',
  });
  await install('slirp4netns');
  const device = join(directory, 'tun');
  const closed = await probeRootless(device);
  assert.ok(!closed.available && closed.reason.includes(`needs ${device}, which this user may not open`));
  assert.deepEqual(await probeRootless('/dev/null'), {
    available: true,
    nsenter: join(directory, 'nsenter'),
    slirp: join(directory, 'slirp4netns'),
  });
});
