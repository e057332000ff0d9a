/** The scripts in the shells they are for; bash, zsh and fish have to be there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchFolder } from './scratch-folder.ts';

const run = promisify(execFile);
const LAUNCHER = fileURLToPath(new URL('../../bin/selfsame', import.meta.url));

test('bash completes commands, flags and values', async (context) => {
  const complete = async (...words: string[]): Promise<string> =>
    shell(context, 'bash', [
      '-c',
      'source <(selfsame completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _selfsame_complete; printf "%s\\n" "$COMPREPLY"',
      'bash',
      'selfsame',
      ...words,
    ]);
  assert.equal(await complete('dep'), 'deploy\n');
  assert.equal(await complete('start', '--isolation', 'na'), 'namespaces\n');
  assert.equal(await complete('start', '--nearest'), '--nearest-runtime\n');
});

test('zsh completes commands, flags and values', async (context) => {
  // Outside of a line editor `_describe` cannot run; it is replaced by one that prints what it is given.
  const complete = (...words: string[]): Promise<string> =>
    shell(context, 'zsh', [
      '-fc',
      'compdef() { }; _describe() { eval "print -l -- \\"\\$$2[@]\\"" }; _files() { }; source <(selfsame completion zsh); words=("$@"); CURRENT=$#; _selfsame',
      'zsh',
      'selfsame',
      ...words,
    ]);
  assert.equal(await complete('dep'), 'deploy:Make a function of a folder, or bring it up to date\n');
  assert.match(await complete('start', '--isolation', 'na'), /^namespaces:/);
});

test('fish completes commands, flags and values', async (context) => {
  const complete = (line: string): Promise<string> =>
    shell(context, 'fish', [
      '--no-config',
      '-c',
      'selfsame completion fish | source; complete --do-complete $argv[1]',
      line,
    ]);
  assert.match(await complete('selfsame dep'), /^deploy\tMake a function of a folder/);
  assert.match(await complete('selfsame start --isolation na'), /^namespaces/m);
});

async function shell(context: TestContext, program: string, args: readonly string[]): Promise<string> {
  const folder = await scratchFolder(context);
  await symlink(LAUNCHER, join(folder, 'selfsame'));
  await writeFile(join(folder, 'empty'), '');
  const path = `${folder}:${dirname(process.execPath)}:${process.env['PATH']}`;
  const { stdout } = await run(program, [...args], { env: { PATH: path, HOME: folder }, cwd: folder });
  return stdout;
}
