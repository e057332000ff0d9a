/**
 * `npm pack` runs this first: JavaScript and declarations of `src` in `dist`, since Node.js does not run
 * TypeScript that is installed as a package. Nothing else needs `dist`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'dist');

const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

rmSync(DIST, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '--project', join(ROOT, 'tools/pack/tsconfig.json')], {
  cwd: ROOT,
  stdio: ['ignore', process.stderr, process.stderr],
});
cpSync(join(ROOT, 'src/generated'), join(DIST, 'generated'), { recursive: true });
