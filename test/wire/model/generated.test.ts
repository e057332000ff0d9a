import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generateModels } from '../../../tools/gen-model/generate.ts';

test('the generated models are what their sources give (else: npm run generate)', async () => {
  const directory = new URL('../../../src/generated/', import.meta.url);
  const generated = await generateModels();
  assert.deepEqual((await readdir(directory)).sort(), [...generated.keys()].sort());
  for (const [name, content] of generated) {
    assert.equal(
      (await readFile(new URL(name, directory), 'utf8')) === content,
      true,
      `${name} is not current`,
    );
  }
});
