import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EnvironmentSpec, RuntimeInstallation } from '../../src/ports/environment.ts';
import { CompiledCode } from '../../src/sandbox/environment/compiled-code.ts';
import { RecordedLog } from '../storage/recorded-log.ts';
import { scratchDirectory } from '../storage/scratch.ts';

const NODE: RuntimeInstallation = {
  ...{ runtime: 'nodejs24.x', family: 'nodejs', version: '24.1.0', directories: [], origin: 'test' },
};
const ENOUGH = 64 * 1024;

const started = (compiledFile: string, installation = NODE): EnvironmentSpec =>
  ({ compiledFile, installation }) as EnvironmentSpec;

test('the second environment that starts is asked, and nobody else until it has ended', async (context) => {
  const file = join(await scratchDirectory(context), 'code');
  const compiled = new CompiledCode('process', new RecordedLog());
  assert.equal(await compiled.offer(started(file)), undefined);
  const asked = await compiled.offer(started(file));
  assert.equal(asked!.code.length, 0);
  assert.equal(await compiled.offer(started(file)), undefined);
  asked!.end();
  assert.notEqual(await compiled.offer(started(file)), undefined, 'it ended without a word');
});

test('what is worth it is kept, and what is not is not asked for again', async (context) => {
  const directory = await scratchDirectory(context);
  for (const [name, bytes] of [
    ['small', ENOUGH - 1],
    ['large', ENOUGH],
    ['huge', 32 * 1024 * 1024 + 1],
  ] as const) {
    const file = join(directory, name);
    const compiled = new CompiledCode('process', new RecordedLog());
    await compiled.offer(started(file));
    const asked = await compiled.offer(started(file));
    asked!.keep!(Buffer.alloc(bytes, 1));
    while ((await readFile(`${file}-process`).catch(() => undefined)) === undefined)
      await new Promise(setImmediate);
    const given = await new CompiledCode('process', new RecordedLog()).offer(started(file));
    assert.equal(given?.code.length, name === 'large' ? bytes : undefined);
    assert.equal(given?.keep, undefined);
    const elsewhere = new CompiledCode('namespaces', new RecordedLog());
    await elsewhere.offer(started(file));
    assert.equal((await elsewhere.offer(started(file)))!.code.length, 0, 'another level begins anew');
  }
});

test('runtimes that cannot hand it over are not asked', async (context) => {
  const file = join(await scratchDirectory(context), 'code');
  await writeFile(`${file}-process`, 'code');
  const compiled = new CompiledCode('process', new RecordedLog());
  for (const [installation, can] of [
    [NODE, true],
    [{ ...NODE, version: '22.9.0' }, false],
    [{ ...NODE, version: '22.10.0' }, true],
    [{ ...NODE, version: '20.19.0' }, false],
    [{ ...NODE, family: 'python' }, true],
    [{ ...NODE, family: 'ruby' }, false],
  ] as const)
    assert.equal(
      (await compiled.offer(started(file, installation))) !== undefined,
      can,
      installation.version,
    );
});
