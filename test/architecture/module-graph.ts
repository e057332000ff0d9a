/** The modules of the project and what each imports, read from their text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Import {
  /** As written: `node:fs`, `../core/arn.ts`, `@aws-sdk/client-sts`. */
  readonly specifier: string;
  /** Path from the project's root for relative imports; undefined for packages. */
  readonly file: string | undefined;
  /**
   * `type`: vanishes when the module runs; `lazy`: loaded by an expression when it is needed; `path`: only
   * looked for on disk.
   */
  readonly kind: 'static' | 'type' | 'lazy' | 'path';
}

export interface Module {
  /** Path from the project's root, with slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
}

const SOURCE = /\.(?:ts|mts|cts|js|mjs|cjs)$/;

/** All modules below `folders` of `root`. */
export function readModules(root: string, folders: readonly string[]): Module[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
      .filter((file) => SOURCE.test(file) && !file.includes('node_modules/'))
      .sort()
      .map((path) => parseModule(path, readFileSync(join(root, path), 'utf8'))),
  );
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'/gm;
const TYPE_QUERY = /(?:typeof\s+|:\s*|<\s*|\|\s*)import\('([^']+)'\)/g;
const EXPRESSION = /(\bawait\s+|[=(,]\s*|=>\s*|\breturn\s+)import\(\s*'([^']+)'/g;
const REQUIRE = /\brequire(\.resolve)?\(\s*'([^']+)'\s*\)/g;

export function parseModule(path: string, text: string): Module {
  const code = withoutComments(text);
  const imports: Import[] = [];
  const add = (specifier: string, kind: Import['kind']): void => {
    const file = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    imports.push({ specifier, file, kind });
  };
  for (const [statement, type, specifier] of code.matchAll(STATEMENT)) {
    add(specifier!, type !== undefined || namesOnlyTypes(statement) ? 'type' : 'static');
  }
  const typeQueries = new Set(
    [...code.matchAll(TYPE_QUERY)].map(({ index, 0: text }) => index + text.length),
  );
  for (const [, specifier] of code.matchAll(TYPE_QUERY)) add(specifier!, 'type');
  for (const match of code.matchAll(EXPRESSION)) {
    if (!typeQueries.has(match.index + match[0].length + 1)) add(match[2]!, 'lazy');
  }
  for (const [, resolve, specifier] of code.matchAll(REQUIRE)) {
    const isLoaded = resolve === undefined;
    add(specifier!, isLoaded ? (path.endsWith('.cjs') ? 'static' : 'lazy') : 'path');
  }
  return { path, imports };
}

/** `import { type A, type B } from …` */
function namesOnlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined || /import\s+\w/.test(statement.replace(/^\s*import\s+type/, ''))) return false;
  const listed = names.split(',').filter((name) => name.trim() !== '');
  return listed.length > 0 && listed.every((name) => name.trim().startsWith('type '));
}

/** Comments may quote imports. Strings that hold comment marks lose their ends, which no import does. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** Rings of modules that import one another, whatever the kind of import; each from its first module on. */
export function importCycles(modules: readonly Module[]): string[][] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    state.set(path, 'open');
    trail.push(path);
    for (const { file } of byPath.get(path)!.imports) {
      if (file === undefined || !byPath.has(file)) continue;
      const seen = state.get(file);
      if (seen === 'open') cycles.push([...trail.slice(trail.indexOf(file)), file]);
      else if (seen === undefined) visit(file);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of byPath.keys()) if (!state.has(path)) visit(path);
  return cycles;
}
