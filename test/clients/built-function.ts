/**
 * Functions on AWS's own runtime clients, built from `functions/<name>` with the toolchain of the
 * machine. A package is kept under `node_modules/.cache/selfsame/functions/` by the hash of its sources.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ZipFileContent } from '../kit/zip.ts';
import { zipOf } from '../kit/zip.ts';

const run = promisify(execFile);

const SOURCES = fileURLToPath(new URL('functions/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/selfsame/functions/', import.meta.url));

/** A first build fetches and compiles a client with all it needs. Milliseconds. */
const BUILD_TIMEOUT_MS = 20 * 60_000;

/** Modules of Java that AWS's client loads. */
const JAVA_MODULES = 'java.base,java.logging,java.sql,jdk.unsupported';

export type FunctionName = 'bash' | 'go' | 'rust' | 'python' | 'java';

interface Build {
  /** A copy of the sources. */
  readonly sources: string;
  /** The empty folder that becomes the package. */
  readonly output: string;
  /** Kept from build to build, for what a toolchain has compiled before. */
  readonly cache: string;
}

const BUILDS: Readonly<Record<FunctionName, (build: Build) => Promise<void>>> = {
  bash: ({ sources, output }) => copyBootstrap(sources, output),
  go: async ({ sources, output }) => {
    const args = ['build', '-trimpath', '-tags', 'lambda.norpc', '-ldflags=-s -w'];
    await build(sources, 'go', [...args, '-o', join(output, 'bootstrap'), '.'], { CGO_ENABLED: '0' });
  },
  rust: async ({ sources, output, cache }) => {
    await build(sources, 'cargo', ['build', '--release', '--locked', '--quiet'], { CARGO_TARGET_DIR: cache });
    await cp(join(cache, 'release', 'bootstrap'), join(output, 'bootstrap'));
  },
  python: async ({ sources, output }) => {
    await copyBootstrap(sources, output);
    await cp(join(sources, 'app.py'), join(output, 'app.py'));
    const { stdout } = await run('/usr/bin/python3', [
      '-c',
      'import sys; print("%d.%d" % sys.version_info[:2])',
    ]);
    await build(sources, 'python3', [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile'],
      // For the system's interpreter, which need not be the one that has pip.
      ...['--python-version', stdout.trim(), '--only-binary=:all:'],
      ...['--target', output, '-r', 'requirements.txt'],
    ]);
  },
  java: async ({ sources, output, cache }) => {
    await copyBootstrap(sources, output);
    await build(sources, 'mvn', ['--quiet', '--batch-mode', `-DbuildDirectory=${cache}`, 'package']);
    await cp(join(cache, 'lib'), join(output, 'lib'), { recursive: true });
    await cp(join(cache, 'echo.jar'), join(output, 'lib', 'echo.jar'));
    await build(sources, 'jlink', [
      ...['--add-modules', JAVA_MODULES, '--strip-debug', '--no-header-files', '--no-man-pages'],
      ...['--compress=2', '--output', join(output, 'jre')],
    ]);
    await rm(join(output, 'jre', 'legal'), { recursive: true });
  },
};

/** The deployment package of one function. Rejects when the toolchain is missing or the build fails. */
export async function builtFunction(name: FunctionName): Promise<Buffer> {
  const sources = join(SOURCES, name);
  const file = join(CACHE, `${name}-${await hashOf(sources)}.zip`);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) return kept;
  const cache = join(CACHE, `${name}-cache`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'building-'));
  try {
    const plan = { sources: join(work, 'sources'), output: join(work, 'output'), cache };
    await mkdir(plan.output);
    await cp(sources, plan.sources, { recursive: true });
    await BUILDS[name](plan);
    const archive = await zipOf(await filesBelow(plan.output));
    await writeFile(join(work, 'package.zip'), archive);
    await rename(join(work, 'package.zip'), file);
    return archive;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function build(
  directory: string,
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = { cwd: directory, env: { ...process.env, ...variables }, timeout: BUILD_TIMEOUT_MS };
  await run(command, args, options).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${command} failed: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  });
}

async function copyBootstrap(sources: string, output: string): Promise<void> {
  await cp(join(sources, 'bootstrap'), join(output, 'bootstrap'));
  await chmod(join(output, 'bootstrap'), 0o755);
}

async function filesBelow(directory: string): Promise<Record<string, ZipFileContent>> {
  const files: Record<string, ZipFileContent> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const isProgram = /(^|\/)bootstrap$|\/bin\/|\.so(\.|$)/.test(path);
    files[relative(directory, path)] = {
      content: await readFile(path),
      mode: isProgram ? 0o100755 : 0o100644,
    };
  }
  return files;
}

async function hashOf(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) hash.update(relative(directory, path)).update(await readFile(path));
  return hash.digest('hex').slice(0, 16);
}
