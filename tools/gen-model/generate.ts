/**
 * Writes `src/generated`: one compact JSON file per service and `index.json`, what routing needs of
 * each. `npm run generate`; with `--check` it writes nothing and fails where a file is not current.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { compactModel } from './compact-model.ts';
import { addFromSdk } from './sdk-additions.ts';
import { readServiceModels } from './service-models.ts';
import { SERVICES } from './services.ts';

const OUTPUT = new URL('../../src/generated/', import.meta.url);

/** File name to content, for every generated file. */
export async function generateModels(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const index: Record<string, unknown> = {};
  const models = await readServiceModels(new Set(Object.keys(SERVICES)));
  for (const name of Object.keys(SERVICES).sort()) {
    const source = models.get(name);
    if (source === undefined) throw new Error(`there is no service model named ${name}`);
    const sdk: Record<string, unknown> = await import(`@aws-sdk/${SERVICES[name]}`);
    const { model } = addFromSdk(source, sdk);
    const compact = compactModel(name, model);
    files.set(`${name}.json`, `${JSON.stringify(compact)}\n`);
    index[name] = compact.service;
  }
  files.set('index.json', `${JSON.stringify(index, undefined, 1)}\n`);
  return files;
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const stale: string[] = [];
  await mkdir(OUTPUT, { recursive: true });
  for (const [name, content] of await generateModels()) {
    const file = new URL(name, OUTPUT);
    if ((await readFile(file, 'utf8').catch(() => '')) === content) continue;
    stale.push(name);
    if (!check) await writeFile(file, content);
  }
  console.log(
    stale.length === 0
      ? 'generated models are current'
      : `${check ? 'stale' : 'written'}: ${stale.join(', ')}`,
  );
  if (check && stale.length > 0) process.exitCode = 1;
}
