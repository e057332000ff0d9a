/** Python folders, with packages from pip; a Python with pip and venv has to be there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { PythonPackages } from '../../src/cli/packaging/python-packages.ts';
import { PlatformError } from '../../src/core/errors.ts';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { zipOf } from '../kit/zip.ts';
import { RunningCommand, selfsame } from './command-line.ts';
import { scratchFolder } from './scratch-folder.ts';

const run = promisify(execFile);

let platform: Platform;
before(async () => {
  platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
});
after(() => platform.close());

test('a Python folder is packaged as it is; the newest Python of the host runs it', async (context) => {
  const folder = await scratchFolder(context, {
    'main.py': 'import words\n\ndef handler(event, context):\n    return [event, words.WORD]\n',
    'words.py': 'WORD = "from a module"\n',
  });
  const { stdout } = await deploy(folder, '--name', 'plain');
  const deployed = JSON.parse(stdout) as { runtime: string; handler: string };
  assert.match(deployed.runtime, /^python3\.1\d$/);
  assert.equal(deployed.handler, 'main.handler');
  assert.deepEqual(await result('plain', { a: 1 }), [{ a: 1 }, 'from a module']);
});

test('what requirements.txt names is in the package, and installed again only when it changes', async (context) => {
  const folder = await scratchFolder(context, {
    'lambda_function.py':
      'import greeting\n\ndef lambda_handler(event, context):\n    return greeting.WORD\n',
    'requirements.txt': './greeting-1.0-py3-none-any.whl\n',
    '.venv/large': 'not for the package',
  });
  await writeWheel(folder, '1.0', 'hello');
  await writeWheel(folder, '2.0', 'good day');
  const command = new RunningCommand([
    ...['deploy', folder, '--name', 'packaged', '--watch', '--endpoint', platform.origin],
  ]);
  await command.printed(/created packaged \(python3\.\d+, lambda_function\.lambda_handler/);
  assert.equal(await result('packaged', {}), 'hello');
  await writeFile(join(folder, 'requirements.txt'), './greeting-2.0-py3-none-any.whl\n');
  await command.printed(/requirements\.txt: updated packaged/);
  assert.equal(await result('packaged', {}), 'good day');
  await command.interrupt();
});

test('requirements that cannot be had: exit code 1 and what pip says', async (context) => {
  const folder = await scratchFolder(context, {
    'lambda_function.py': 'def lambda_handler(event, context): pass\n',
    'requirements.txt': './absent.whl\n',
  });
  const { exitCode, stderr } = await deploy(folder, '--name', 'refused');
  assert.equal(exitCode, 1);
  assert.match(stderr, /Pip could not install the packages of requirements\.txt:\n[\s\S]*absent\.whl/);
});

test('a Python without pip, and none at all, are named with a remedy', async (context) => {
  const folder = await scratchFolder(context, { 'requirements.txt': 'any\n' });
  await run('python3', ['-m', 'venv', '--without-pip', join(folder, 'environment')]);
  const interpreter = join(folder, 'environment/bin/python3');
  await assert.rejects(new PythonPackages(folder, 'python3.11', interpreter).install(), (error: unknown) => {
    assert.ok(error instanceof PlatformError);
    assert.match(error.message, /environment\/bin\/python3 has no pip/);
    assert.match(error.remedy, /ensurepip/);
    return true;
  });
  await assert.rejects(
    new PythonPackages(folder, 'python3.15', undefined).install(),
    /python3\.15 is not on this host/,
  );
});

/** A wheel is a zip with three files about it. Source: PEP 427. */
async function writeWheel(folder: string, version: string, word: string): Promise<void> {
  const about = `greeting-${version}.dist-info`;
  const wheel = await zipOf({
    'greeting.py': `WORD = "${word}"\n`,
    [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: greeting\nVersion: ${version}\n`,
    [`${about}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${about}/RECORD`]: `greeting.py,,\n${about}/METADATA,,\n${about}/WHEEL,,\n${about}/RECORD,,\n`,
  });
  await writeFile(join(folder, `greeting-${version}-py3-none-any.whl`), wheel);
}

function deploy(folder: string, ...flags: string[]) {
  return selfsame(['deploy', folder, '--json', '--endpoint', platform.origin, ...flags]);
}

async function result(name: string, event: unknown): Promise<unknown> {
  const { exitCode, stdout, stderr } = await selfsame([
    ...['invoke', name, '--payload', JSON.stringify(event), '--endpoint', platform.origin],
  ]);
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout);
}
