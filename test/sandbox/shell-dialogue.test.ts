import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import { ShellDialogue } from '../../src/sandbox/shell-dialogue.ts';

const shell = (): ShellDialogue =>
  new ShellDialogue(spawn('sh', [], { stdio: 'pipe' }), 'Nothing can be asked');

test('a shell answers what it is asked at once in order, of several lines, too', async () => {
  const dialogue = shell();
  const answers = await Promise.all([dialogue.ask('cat <<EOF\nfirst\nEOF'), dialogue.ask('echo second')]);
  assert.deepEqual(answers, ['first', 'second']);
  await dialogue.end();
});

test('whoever asks a shell that ends hears why, and so does whoever asks later', async () => {
  const dialogue = shell();
  const isRefused = (error: unknown): boolean =>
    error instanceof PlatformError && error.message === 'Nothing can be asked: a reason';
  assert.equal(dialogue.isOver, false);
  await assert.rejects(dialogue.ask('echo a reason >&2; exit 1'), isRefused);
  assert.equal(dialogue.isOver, true);
  await assert.rejects(dialogue.ask('echo late'), isRefused);
});
