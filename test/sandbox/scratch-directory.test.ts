import assert from 'node:assert/strict';
import { access, chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeScratch } from '../../src/sandbox/process/scratch-directory.ts';

/** Nobody's. Root may enter what is closed; this one may not. */
const USER = 61_234;

test('what a function has closed to its own user goes with its scratch directory', async (context) => {
  if (process.getuid?.() === 0) {
    process.seteuid!(USER);
    context.after(() => process.seteuid!(0));
  }
  const scratch = await mkdtemp(join(tmpdir(), 'selfsame-scratch-'));
  const inner = join(scratch, 'closed', 'inner');
  await mkdir(inner, { recursive: true });
  await writeFile(join(inner, 'file'), '');
  for (const directory of [inner, join(scratch, 'closed')]) await chmod(directory, 0);
  await removeScratch(scratch);
  await assert.rejects(access(scratch), { code: 'ENOENT' });
});
