/** The shell of the host that runs inside of images: a program of its own, whatever the root is. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { interpreterOf, prepareShell, SHELL_DIRECTORY } from '../../src/sandbox/filesystem/host-shell.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const run = promisify(execFile);
const isLinux = process.platform === 'linux';

test('what loads the libraries of a program is read from the program', async (context) => {
  const script = join(await scratchDirectory(context), 'script');
  await writeFile(script, '#!/bin/sh\n');
  assert.equal(await interpreterOf(script), undefined);
  if (!isLinux) return;
  const loader = await interpreterOf(process.execPath);
  assert.match(loader ?? '', /^\/.*ld.*so/);
  await access(loader!);
});

if (isLinux)
  test('the shell runs with nothing but what was put beside it', async (context) => {
    const { directory, command } = await prepareShell(await scratchDirectory(context));
    const outside = command.map((part) => part.replace(SHELL_DIRECTORY, directory));
    assert.ok((await readdir(directory)).includes('sh'));
    const [program = '', ...args] = outside;
    const script =
      'while read -r line; do case $line in *" $1"*) echo "$line"; esac; done </proc/self/maps; echo "$2"';
    const { stdout } = await run(program, [...args, '-c', script, 'sh', '/', 'given'], {
      env: { LD_LIBRARY_PATH: '/nowhere' },
    });
    assert.match(stdout, /^given$/m);
    const mapped = [...stdout.matchAll(/ (\/\S+)$/gm)].map(([, path]) => path!);
    assert.ok(mapped.length > 0);
    assert.deepEqual(
      mapped.filter((path) => !path.startsWith(directory)),
      [],
    );
  });
