import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfsame } from './command-line.ts';

test('commands, flags and values are proposed from the table of commands', async () => {
  assert.deepEqual(await proposals('st'), ['start']);
  assert.ok((await proposals('clock', '')).includes('advance'));
  assert.ok((await proposals('')).includes('deploy'));
  assert.ok(!(await proposals('')).includes('complete'));
  assert.deepEqual(await proposals('start', '--da'), ['--data-dir']);
  assert.deepEqual(await proposals('start', '--isolation', ''), ['process', 'namespaces', 'oci']);
  assert.deepEqual(await proposals('completion', 'f'), ['fish']);
  assert.deepEqual(await proposals('nonsense', ''), []);
});

test('each proposal says what it is', async () => {
  const { stdout } = await selfsame(['complete', '--', 'doc']);
  assert.equal(stdout, 'doctor\tCheck what this host can do\n');
});

test('a shell nobody wrote a script for: exit code 2', async () => {
  const { exitCode, stderr } = await selfsame(['completion', 'tcsh']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /expected bash, zsh or fish/);
});

async function proposals(...words: string[]): Promise<string[]> {
  const { exitCode, stdout } = await selfsame(['complete', '--', ...words]);
  assert.equal(exitCode, 0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]!);
}
