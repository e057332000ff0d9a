import assert from 'node:assert/strict';
import { access, mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownerFile } from '../../src/platform/owner-file.ts';
import { scratchDirectory } from '../storage/scratch.ts';

test('a file for its owner only is made once, and has its name only when it is whole', async (context) => {
  const file = join(await scratchDirectory(context), 'key');
  await mkdir(`${file}.new`);
  await assert.rejects(ownerFile(file, () => 'secret'));
  await assert.rejects(access(file), { code: 'ENOENT' });
  await rmdir(`${file}.new`);
  // As a server leaves it that was killed while it wrote.
  await writeFile(`${file}.new`, 'sec', { mode: 0o600 });
  assert.equal(await ownerFile(file, () => 'secret'), 'secret');
  assert.equal(await readFile(file, 'utf8'), 'secret');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await ownerFile(file, () => 'another'), 'secret');
});
