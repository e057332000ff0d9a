/** Users of the host for environments. Needs root, bubblewrap, runc and util-linux. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startedPlatform } from '../../kit/started-platform.ts';
import { deploy } from '../../runtimes/deployed-function.ts';
import { INTRUDER } from '../escape-attempts.ts';
import { testHostUsers } from './host-users-suite.ts';
import { lineageOf, processNamed, statusOf, tried } from './host-view.ts';

testHostUsers('namespaces');
testHostUsers('oci', { ociRuntime: 'runc' });

/** Starts a server whose files only their owner may read. */
const CLOSED_UMASK = 0o077;

test('where sandboxes are put together, only what a neighbour needs is to be seen, and no directory lists the others', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'namespaces', pooledEnvironments: 0 });
  const intruder = await deploy(platform, { 'index.py': INTRUDER }, { Runtime: 'python3.13' });
  await intruder.invoke({ action: 'leave', name: 'left-in-the-stage' });
  const lineage = await lineageOf(await processNamed('left-in-the-stage'));
  // Bubblewrap itself, which stays outside of the sandbox that it has made.
  const outermost = lineage.at(-1)!;
  const [uid] = await statusOf(outermost, 'Uid');
  const { dataDirectory } = platform.facts;
  const [hash] = await readdir(join(dataDirectory, 'packages'));
  const seen = (path: string): string => tried(uid!, ['ls', join(dataDirectory, path)], outermost);
  assert.equal(seen(`packages/${hash}`), 'done');
  assert.equal(seen('records.db'), 'No such file or directory');
  for (const path of ['', 'packages', 'environments']) assert.equal(seen(path), 'Permission denied', path);
});

test('a server whose files only their owner may read gives its functions users of their own, too', async (context) => {
  const umask = process.umask(CLOSED_UMASK);
  context.after(() => process.umask(umask));
  const platform = await startedPlatform(context, { isolation: 'namespaces' });
  const intruder = await deploy(
    platform,
    { 'index.py': INTRUDER, 'folder/data.txt': 'data' },
    { Runtime: 'python3.13' },
  );
  const { text } = await intruder.invoke({ action: 'read', paths: ['/var/task/folder/data.txt'] });
  assert.equal(text, '{"/var/task/folder/data.txt": "data"}');
  await intruder.invoke({ action: 'leave', name: 'left-under-umask' });
  const [uid] = await statusOf(await processNamed('left-under-umask'), 'Uid');
  assert.notEqual(uid, process.getuid!());
});
