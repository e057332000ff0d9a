import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PackageFile } from './import-rules.ts';
import { badNames, brokenImports, wrongDependencies } from './import-rules.ts';
import type { Module } from './module-graph.ts';
import { importCycles, parseModule, readModules } from './module-graph.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const FOR_FUNCTIONS = 'functions find the AWS SDK for JavaScript v3 there without packaging it, as on AWS';

/** Dependencies that no module of ours imports. */
function allowedDependencies({ dependencies, optionalDependencies }: PackageFile): Record<string, string> {
  const sdk = Object.keys(dependencies).filter((name) => name.startsWith('@aws-sdk/'));
  const node = Object.keys(optionalDependencies).filter((name) => name.startsWith('node-'));
  return {
    ...Object.fromEntries(sdk.map((name) => [name, FOR_FUNCTIONS])),
    ...Object.fromEntries(node.map((name) => [name, 'bin/selfsame hands over to it under an older Node.js'])),
  };
}

const shipped = readModules(ROOT, ['src', 'runtimes']);
const all = [...shipped, ...readModules(ROOT, ['test', 'tools'])];

describe('the modules of the project', () => {
  it('are there', () => assert.ok(shipped.length > 100, `only ${shipped.length} modules were found`));
  it('import only what their layer may', () => assert.deepEqual(brokenImports(shipped), []));
  it('import nothing in a ring, types included', () => assert.deepEqual(importCycles(all), []));
  it('import only files that are there', () => {
    const paths = new Set(all.map(({ path }) => path));
    const missing = shipped.flatMap(({ path, imports }) =>
      imports
        .filter(({ file }) => file !== undefined && SOURCE_FILE.test(file) && !paths.has(file))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    assert.deepEqual(missing, []);
  });
  it('have names that say something', () => assert.deepEqual(badNames(all.map(({ path }) => path)), []));
  it('use every dependency, and only dependencies', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageFile;
    assert.deepEqual(wrongDependencies(shipped, manifest, allowedDependencies(manifest)), []);
  });
});

const SOURCE_FILE = /\.(?:ts|cjs|mjs|js)$/;

describe('the rules find', () => {
  const broken = (path: string, text: string): number => brokenImports([parseModule(path, text)]).length;
  const cases: readonly [what: string, path: string, text: string, count: number][] = [
    ['an upward import', 'src/wire/a.ts', "import { b } from '../platform/b.ts';", 1],
    ['an upward import of a type', 'src/core/a.ts', "import type { B } from '../ports/b.ts';", 1],
    ['an upward import inside a type', 'src/core/a.ts', "type B = import('../ports/b.ts').B;", 1],
    ['an import between siblings', 'src/lambda/a.ts', "import { b } from '../storage/b.ts';", 1],
    ['a service that imports another', 'src/services/sns/a.ts', "import { b } from '../sqs/b.ts';", 1],
    ['a service that imports lambda', 'src/services/sns/a.ts', "export * from '../../lambda/b.ts';", 1],
    ['a wire that imports a service', 'src/wire/a.ts', "await import('../services/sqs/b.ts');", 1],
    ['an SDK loaded at start', 'src/lambda/a.ts', "import { X } from '@aws-sdk/client-lambda';", 1],
    ['an SDK loaded lazily below the cli', 'src/lambda/a.ts', "await import('@aws-sdk/client-lambda');", 1],
    ['a package in core', 'src/core/a.ts', "import pino from 'pino';", 1],
    ['a bootstrap that imports a source', 'runtimes/nodejs/a.cjs', "require('../../src/core/arn.ts');", 1],
    ['a bootstrap that imports a package', 'runtimes/nodejs/a.cjs', "require('pino');", 1],
    ['a source that imports a test', 'src/wire/a.ts', "import { b } from '../../test/kit/b.ts';", 1],
    ['nothing in a downward import', 'src/cli/a.ts', "import { b } from '../platform/b.ts';", 0],
    ['nothing in a type of an SDK', 'src/lambda/a.ts', "import type { X } from '@aws-sdk/client-lambda';", 0],
    ['nothing in an SDK the cli loads late', 'src/cli/a.ts', "await import('@aws-sdk/client-lambda');", 0],
    ['nothing in a comment', 'src/core/a.ts', "/* import { b } from '../cli/b.ts'; */", 0],
    [
      'several lines of names',
      'src/core/a.ts',
      "import {\n  b,\n  type C,\n} from '../cli/b.ts';\nconst text = 'from';",
      1,
    ],
  ];
  for (const [what, path, text, count] of cases) it(what, () => assert.equal(broken(path, text), count));

  it('rings of any length, through types too', () => {
    const module = (name: string, text: string): Module => parseModule(`src/core/${name}.ts`, text);
    const ring = [
      module('a', "import type { B } from './b.ts';"),
      module('b', "import { c } from './c.ts';"),
      module('c', "type A = import('./a.ts').A;"),
    ];
    assert.deepEqual(importCycles(ring), [
      ['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts', 'src/core/a.ts'],
    ]);
    assert.deepEqual(importCycles(ring.slice(0, 2)), []);
  });

  it('vague and foreign file names', () => {
    assert.equal(badNames(['src/core/utils.ts', 'src/helpers/a.ts', 'src/core/aThing.ts']).length, 3);
    assert.deepEqual(badNames(['src/core/event-pattern.ts', 'test/core/event-pattern.test.ts']), []);
  });

  it('packages that are unused, missing or allowed in vain', () => {
    const modules = [parseModule('src/cli/a.ts', "import pino from 'pino';\nimport 'missing/deep';")];
    const manifest = { dependencies: { pino: '1', idle: '1' }, optionalDependencies: {} };
    assert.deepEqual(wrongDependencies(modules, manifest, { gone: 'because' }), [
      'src/cli/a.ts needs missing, which is no dependency',
      'idle is a dependency that nothing uses',
      'gone need not be allowed: it is no dependency',
    ]);
  });
});
