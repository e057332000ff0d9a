/** What a folder holds: which language, which file has the handler, how it becomes a package. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PlatformError } from '../../core/errors.ts';

export interface Project {
  readonly directory: string;
  /** From package.json, else from the folder. */
  readonly name: string;
  readonly handler: string;
  readonly source: NodeBundle | NodeFolder | PythonFolder | BootstrapFolder;
}

/** TypeScript, or with dependencies: becomes one file. */
export interface NodeBundle {
  readonly kind: 'node-bundle';
  /** Relative to the folder, with its extension. */
  readonly entry: string;
  /** Relative, without extension: the handler's module. */
  readonly module: string;
  /** As package.json and the extension say; undefined where only the code does. */
  readonly format: 'esm' | 'cjs' | undefined;
}

export interface NodeFolder {
  readonly kind: 'node-folder';
  /** package.json names no dependencies: what node_modules holds is for development. */
  readonly withoutNodeModules: boolean;
}

export interface PythonFolder {
  readonly kind: 'python-folder';
  readonly hasRequirements: boolean;
}

export interface BootstrapFolder {
  readonly kind: 'bootstrap-folder';
}

interface PackageManifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const SCRIPT_EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'];
const NODE_MODULES_WITH_HANDLERS = ['index', 'src/index', 'app', 'src/app', 'handler', 'src/handler'];
const PYTHON_MODULES_WITH_HANDLERS = ['lambda_function', 'app', 'main', 'index', 'handler'];
/** A handler's name in code; the first found is taken. */
const PYTHON_HANDLER = /^(?:async )?def (lambda_handler|handler)\(/m;

export interface ProjectChoices {
  /** `module.function`; undefined lets the folder decide. */
  readonly handler: string | undefined;
  /** AWS's runtime name; undefined lets the folder decide. */
  readonly runtime: string | undefined;
}

/** Rejects with `PlatformError` when the folder holds nothing that could be deployed. */
export async function findProject(directory: string, choices: ProjectChoices): Promise<Project> {
  const files = await listFolder(directory);
  const manifest = files.includes('package.json') ? await readManifest(directory) : undefined;
  const name = functionName(manifest?.name ?? basename(directory));
  const family = choices.runtime?.replace(/[\d.].*$/, '');
  if (family === 'provided' || (family === undefined && files.includes('bootstrap'))) {
    await checkBootstrap(directory, files);
    const source: BootstrapFolder = { kind: 'bootstrap-folder' };
    return { directory, name, handler: choices.handler ?? 'bootstrap', source };
  }
  if (family === 'nodejs' || (family === undefined && (manifest !== undefined || hasScript(files)))) {
    return { directory, name, ...(await nodeProject(directory, manifest, choices.handler)) };
  }
  if (family === 'python' || (family === undefined && files.some((file) => file.endsWith('.py')))) {
    const handler = choices.handler ?? (await pythonHandler(directory, files));
    const source: PythonFolder = {
      kind: 'python-folder',
      hasRequirements: files.includes('requirements.txt'),
    };
    return { directory, name, handler, source };
  }
  throw new PlatformError(
    `${directory} holds no function: no package.json, no JavaScript or TypeScript file, no .py file and no bootstrap.`,
    'Name the folder with the function in it.',
  );
}

async function listFolder(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw new PlatformError(
      `The folder ${directory} cannot be read (${(error as Error).message}).`,
      'Name the folder with the function in it.',
    );
  }
}

async function readManifest(directory: string): Promise<PackageManifest> {
  const file = join(directory, 'package.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as PackageManifest;
  } catch (error) {
    throw new PlatformError(`${file} is not JSON: ${(error as Error).message}.`, 'Correct it there.');
  }
}

/** Letters, digits, hyphens and underscores, at most 64. Source: CreateFunction, `FunctionName`. */
function functionName(text: string): string {
  return text
    .replace(/^@[^/]*\//, '')
    .replace(/[^\w-]+/g, '-')
    .slice(0, 64);
}

function hasScript(files: readonly string[]): boolean {
  return files.some((file) => SCRIPT_EXTENSIONS.some((extension) => file.endsWith(extension)));
}

async function nodeProject(
  directory: string,
  manifest: PackageManifest | undefined,
  handler: string | undefined,
): Promise<Pick<Project, 'handler' | 'source'>> {
  const main = manifest?.main?.replace(/^\.\//, '').replace(/\.[^./]+$/, '');
  const candidates =
    handler === undefined
      ? [...(main === undefined ? [] : [main]), ...NODE_MODULES_WITH_HANDLERS]
      : [moduleOf(handler)];
  const entry = await firstScript(directory, candidates);
  if (entry === undefined) {
    throw new PlatformError(
      `${directory} has no file with a handler: ${candidates.join(', ')} (with ${SCRIPT_EXTENSIONS.join(', ')}) are not there.`,
      'Name the handler, for example --handler app.handler.',
    );
  }
  const module = entry.replace(/\.[^./]+$/, '');
  const hasDependencies = Object.keys(manifest?.dependencies ?? {}).length > 0;
  const source: Project['source'] =
    hasDependencies || /\.([mc]?ts|tsx|jsx)$/.test(entry)
      ? { kind: 'node-bundle', entry, module, format: moduleFormat(entry, manifest) }
      : { kind: 'node-folder', withoutNodeModules: manifest !== undefined };
  return { handler: handler ?? `${module}.handler`, source };
}

/** `src/app.api.handler` as `src/app`: up to the first dot after the last slash. */
function moduleOf(handler: string): string {
  const slash = handler.lastIndexOf('/') + 1;
  const dot = handler.indexOf('.', slash);
  return dot < 0 ? handler : handler.slice(0, dot);
}

async function firstScript(directory: string, modules: readonly string[]): Promise<string | undefined> {
  for (const module of modules) {
    for (const extension of SCRIPT_EXTENSIONS) {
      const file = `${module}${extension}`;
      if (await isFile(join(directory, file))) return file;
    }
  }
  return undefined;
}

function moduleFormat(entry: string, manifest: PackageManifest | undefined): 'esm' | 'cjs' | undefined {
  if (/\.m[jt]s$/.test(entry)) return 'esm';
  if (/\.c[jt]s$/.test(entry)) return 'cjs';
  return { module: 'esm', commonjs: 'cjs' }[manifest?.type ?? ''] as 'esm' | 'cjs' | undefined;
}

async function pythonHandler(directory: string, files: readonly string[]): Promise<string> {
  const modules = files.filter((file) => file.endsWith('.py')).map((file) => file.slice(0, -3));
  const known = PYTHON_MODULES_WITH_HANDLERS.filter((module) => modules.includes(module));
  for (const module of known.length > 0 ? known : modules) {
    const found = PYTHON_HANDLER.exec(await readFile(join(directory, `${module}.py`), 'utf8'));
    if (found !== null) return `${module}.${found[1]}`;
  }
  throw new PlatformError(
    `${directory} has no Python function named lambda_handler or handler in ${modules.join(', ')}.`,
    'Name the handler, for example --handler module.function.',
  );
}

async function checkBootstrap(directory: string, files: readonly string[]): Promise<void> {
  const path = join(directory, 'bootstrap');
  if (!files.includes('bootstrap')) {
    throw new PlatformError(
      `${path} is not there, and a custom runtime starts it.`,
      'Build the program with that name.',
    );
  }
  const { mode } = await stat(path);
  if ((mode & 0o111) === 0)
    throw new PlatformError(`${path} is not executable.`, `Make it so: chmod +x ${path}`);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}
