import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import type { EnvironmentSpec } from '../../src/ports/environment.ts';
import type { Bootstrap } from '../../src/sandbox/environment/bootstrap-file.ts';
import { findBootstrap } from '../../src/sandbox/environment/bootstrap-file.ts';

interface Content {
  readonly content: string | Buffer;
  readonly mode?: number;
}

/** What is found when package and layer hold these files. */
async function found(context: TestContext, task?: Content, opt?: Content): Promise<Bootstrap> {
  const root = await mkdtemp(join(tmpdir(), 'selfsame-bootstrap-'));
  context.after(() => rm(root, { recursive: true }));
  for (const [name, file] of [
    ['task', task],
    ['opt', opt],
  ] as const) {
    await mkdir(join(root, name));
    if (file === undefined) continue;
    await writeFile(join(root, name, 'bootstrap'), file.content);
    await chmod(join(root, name, 'bootstrap'), file.mode ?? 0o755);
  }
  const spec = { codeDirectory: join(root, 'task'), layersDirectory: join(root, 'opt') };
  return findBootstrap(spec as EnvironmentSpec);
}

/** The beginning of a program for a machine, by its ELF number. */
function elf(machine: number): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head.writeUInt16LE(machine, 18);
  return head;
}

const SCRIPT = { content: '#!/bin/sh\n' };
const [own, other] = process.arch === 'arm64' ? [183, 62] : [62, 183];

describe('the bootstrap of a custom runtime', () => {
  test('is that of the package before that of a layer', async (context) => {
    assert.deepEqual(await found(context, SCRIPT, SCRIPT), { place: 'task' });
    assert.deepEqual(await found(context, undefined, SCRIPT), { place: 'opt' });
  });

  test('may be a program for this machine', async (context) => {
    assert.deepEqual(await found(context, { content: elf(own) }), { place: 'task' });
  });

  test('may name an interpreter that the function brings', async (context) => {
    assert.deepEqual(await found(context, { content: '#! /var/task/bin/ruby -w\n' }), { place: 'task' });
  });

  for (const [title, file, problem] of [
    ['missing', undefined, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"],
    ['not executable', { ...SCRIPT, mode: 0o644 }, 'fork/exec /var/task/bootstrap: permission denied'],
    ['for another machine', { content: elf(other) }, 'fork/exec /var/task/bootstrap: exec format error'],
    ['empty', { content: '' }, 'fork/exec /var/task/bootstrap: exec format error'],
    ['a text', { content: 'echo hello\n' }, 'fork/exec /var/task/bootstrap: exec format error'],
    [
      'a script of an interpreter that is not there',
      { content: '#!/usr/bin/nonesuch\n' },
      'fork/exec /var/task/bootstrap: no such file or directory',
    ],
  ] as const) {
    test(`that is ${title} is refused in AWS's words`, async (context) => {
      assert.deepEqual(await found(context, file), { problem });
    });
  }
});
