/** What may import what, as DESIGN and ARCHITECTURE say it, checked on a list of modules. */
import type { Import, Module } from './module-graph.ts';

/** Layers from the ground up; a layer of a higher rank may import those below it. */
const RANKS: Readonly<Record<string, number>> = {
  core: 0,
  generated: 0,
  ports: 1,
  polling: 2,
  delivery: 2,
  records: 2,
  remote: 2,
  wire: 3,
  storage: 3,
  brokers: 3,
  sandbox: 3,
  lambda: 3,
  services: 3,
  platform: 4,
  'index.ts': 5,
  cli: 6,
};

/** Names that stand for a thing nobody has understood yet. */
const VAGUE_NAME = /^(?:utils?|helpers?|common|types?|misc|shared|lib|base|manager|constants|interfaces?)$/;

const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|ci))?\.(?:ts|cjs|mjs|js)$/;

/** Sentences about imports that may not be; empty when all is well. */
export function brokenImports(modules: readonly Module[]): string[] {
  return modules.flatMap((module) =>
    module.imports.flatMap((found) => {
      const reason = module.path.startsWith('runtimes/')
        ? runtimeImport(module.path, found)
        : module.path.startsWith('src/')
          ? sourceImport(module.path, found)
          : undefined;
      return reason === undefined ? [] : [`${module.path} imports ${found.specifier}: ${reason}`];
    }),
  );
}

function sourceImport(path: string, { specifier, file, kind }: Import): string | undefined {
  if (file === undefined) return packageImport(path, specifier, kind);
  if (!file.startsWith('src/')) {
    return file === 'package.json' ? undefined : 'src imports nothing outside src';
  }
  const [from, to] = [layerOf(path), layerOf(file)];
  if (from === to) {
    if (from !== 'services' || partOf(path) === partOf(file)) return undefined;
    return 'a service never imports another service';
  }
  const [fromRank, toRank] = [RANKS[from], RANKS[to]];
  if (fromRank === undefined || toRank === undefined)
    return `src/${fromRank === undefined ? from : to} is no layer`;
  if (toRank < fromRank) return undefined;
  return `${from} may import only layers below it, and ${to} is none`;
}

function packageImport(path: string, specifier: string, kind: Import['kind']): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  const layer = layerOf(path);
  if (layer === 'core') return 'core imports nothing but Node.js';
  if (!isSdk(specifier)) return undefined;
  if (kind === 'type' || kind === 'path') return undefined;
  if (layer === 'cli' && kind === 'lazy') return undefined;
  return 'startup loads no AWS SDK: its types alone may be imported, and by the cli itself when a command needs it';
}

/** A bootstrap runs inside a sandbox, where neither our sources nor our packages are. */
function runtimeImport(path: string, { specifier, file }: Import): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (file === undefined) return 'a bootstrap depends on nothing but its interpreter';
  const own = path.split('/').slice(0, 2).join('/');
  return file.startsWith(`${own}/`) ? undefined : 'a bootstrap imports only files of its own runtime';
}

function isSdk(specifier: string): boolean {
  return specifier.startsWith('@aws-sdk/') || specifier.startsWith('@smithy/');
}

function layerOf(path: string): string {
  return path.split('/')[1]!;
}

function partOf(path: string): string {
  return path.split('/')[2]!;
}

/** Sentences about files whose name says nothing, or not in the project's way. */
export function badNames(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const parts = path.split('/');
    const file = parts.at(-1)!;
    const names = [...parts.slice(0, -1), file.slice(0, file.indexOf('.'))];
    const vague = names.find((name) => VAGUE_NAME.test(name));
    if (vague !== undefined) return [`${path}: '${vague}' names nothing`];
    return KEBAB_CASE.test(file) ? [] : [`${path} is not in kebab-case`];
  });
}

/** The package of an import: `@scope/name` or `name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** Sentences about packages that are used but not there, or there and neither used nor `allowed`. */
export function wrongDependencies(
  modules: readonly Module[],
  { dependencies, optionalDependencies }: PackageFile,
  allowed: Readonly<Record<string, string>>,
): string[] {
  const there = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
  const used = new Set<string>();
  const missing: string[] = [];
  for (const { path, imports } of modules) {
    for (const { specifier, file, kind } of imports) {
      if (file !== undefined || specifier.startsWith('node:') || kind === 'type') continue;
      const name = packageOf(specifier);
      used.add(name);
      if (!there.has(name)) missing.push(`${path} needs ${name}, which is no dependency`);
    }
  }
  const unused = [...there].filter((name) => !used.has(name) && allowed[name] === undefined);
  const absent = Object.keys(allowed).filter((name) => !there.has(name));
  return [
    ...missing,
    ...unused.map((name) => `${name} is a dependency that nothing uses`),
    ...absent.map((name) => `${name} need not be allowed: it is no dependency`),
  ];
}
