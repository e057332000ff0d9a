import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataDirectory, openTemporaryDataDirectory } from '../../src/storage/data-directory.ts';
import { startChild } from './child.ts';
import { scratchDirectory } from './scratch.ts';

test('a data directory is made with its layout and can be opened again after close', async (context) => {
  const path = join(await scratchDirectory(context), 'deep', 'data');
  const first = await openDataDirectory(path);
  for (const part of [first.blobs, first.packages, first.environments, first.runtimes]) await access(part);
  assert.equal(await readFile(join(path, 'version'), 'utf8'), '1\n');
  assert.equal(first.temporary, false);
  await first.close();
  await first.close();
  const second = await openDataDirectory(path);
  await second.close();
});

test('a data directory in use is refused, naming the process', async (context) => {
  const path = await scratchDirectory(context);
  const first = await openDataDirectory(path);
  context.after(() => first.close());
  await assert.rejects(openDataDirectory(path), {
    name: 'PlatformError',
    message: `the data directory ${path} is in use by process ${process.pid}`,
  });
});

test('a data directory in use by another process is free again once that is killed', async (context) => {
  const path = await scratchDirectory(context);
  const holder = startChild(context, 'data-directory-holder.ts', [path]);
  assert.equal(await holder.nextLine(), 'open');
  await assert.rejects(openDataDirectory(path), {
    name: 'PlatformError',
    message: `the data directory ${path} is in use by process ${holder.process.pid}`,
  });
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
  const mine = await openDataDirectory(path);
  await mine.close();
});

test('a data directory of a newer version is refused, naming both versions', async (context) => {
  const path = await scratchDirectory(context);
  await writeFile(join(path, 'version'), '9\n');
  await assert.rejects(openDataDirectory(path), { name: 'PlatformError', message: /version 9.*up to 1/ });
});

test('a path that is a file is refused with a remedy', async (context) => {
  const path = join(await scratchDirectory(context), 'file');
  await writeFile(path, '');
  await assert.rejects(openDataDirectory(path), { name: 'PlatformError', message: /cannot be used/ });
});

test('a temporary data directory vanishes when closed', async () => {
  const directory = await openTemporaryDataDirectory();
  assert.equal(directory.temporary, true);
  await access(directory.blobs);
  await directory.close();
  await assert.rejects(access(directory.path), { code: 'ENOENT' });
});
