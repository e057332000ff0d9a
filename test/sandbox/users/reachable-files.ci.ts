/** Closed directories, of which only what is asked for is shown. Needs root and util-linux. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { PlatformError } from '../../../src/core/errors.ts';
import { ReachableFiles } from '../../../src/sandbox/users/reachable-files.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

interface Opened {
  /** Nobody but its owner may enter it. */
  readonly closed: string;
  readonly files: ReachableFiles;
  /** What a command says to who has the namespace's mounts. */
  inside(...command: string[]): string;
}

async function opened(context: TestContext): Promise<Opened> {
  const closed = join(await scratchDirectory(context), 'closed');
  await mkdir(closed, { mode: 0o700 });
  const files = await ReachableFiles.open('nsenter');
  context.after(() => files.close());
  const inside = (...command: string[]): string =>
    execFileSync('nsenter', [`--mount=${files.namespace}`, '--', ...command]).toString();
  return { closed, files, inside };
}

/** Of that name, with the file `content` in it. */
async function filled(directory: string, content: string): Promise<string> {
  await mkdir(directory);
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'content'), content);
  return directory;
}

test('what is asked for is shown, also to who asks later, and nothing else', async (context) => {
  const { closed, files, inside } = await opened(context);
  const [first, second] = [
    await filled(join(closed, 'first'), 'one'),
    await filled(join(closed, 'second'), 'two'),
  ];
  await files.reach(first);
  assert.equal(inside('ls', closed), 'first\n');
  await Promise.all([files.reach(first), files.reach(second), files.reach(second)]);
  assert.equal(inside('ls', closed), 'first\nsecond\n');
  assert.equal(inside('cat', join(second, 'content')), 'two');
});

test('a file is shown, and what comes into a shown directory later', async (context) => {
  const { closed, files, inside } = await opened(context);
  const directory = await filled(join(closed, 'directory'), '');
  await writeFile(join(closed, 'file'), 'of its own');
  await Promise.all([files.reach(join(closed, 'file')), files.reach(directory)]);
  await writeFile(join(directory, 'later'), 'came later');
  assert.equal(inside('cat', join(closed, 'file'), join(directory, 'later')), 'of its owncame later');
});

test('what has been removed and made anew under its name is shown anew, and once', async (context) => {
  const { closed, files, inside } = await opened(context);
  const directory = join(closed, 'environment');
  for (const content of ['first', 'second', 'third']) {
    await files.reach(await filled(directory, content));
    assert.equal(inside('cat', join(directory, 'content')), content);
    await rm(directory, { recursive: true });
  }
  const mounts = inside('cat', '/proc/self/mountinfo').split('\n');
  assert.equal(mounts.filter((mount) => mount.includes(directory)).length, 1);
});

test('what is not there is refused by name, and the next is shown', async (context) => {
  const { closed, files, inside } = await opened(context);
  await assert.rejects(files.reach(join(closed, 'missing')), (error) => {
    assert.ok(error instanceof PlatformError);
    return error.message.includes('missing');
  });
  const there = await filled(join(closed, 'there'), 'yes');
  await files.reach(there);
  assert.equal(inside('cat', join(there, 'content')), 'yes');
  assert.equal(inside('ls', closed), 'there\n');
  // Its kind is that of what comes.
  await files.reach(await filled(join(closed, 'missing'), 'came'));
  assert.equal(inside('cat', join(closed, 'missing', 'content')), 'came');
});
