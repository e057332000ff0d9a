/**
 * boto3 for interpreters that have none of their own, fetched once with pip into the data directory. Where that is not
 * possible functions run without it, and `import boto3` says why.
 */
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../ports/log.ts';
import { makeReadable } from '../filesystem/readable-tree.ts';
import { pythonPackagesDirectory } from '../runtime-files.ts';
import { firstLine, reportingProgress } from './fetch-progress.ts';
import { fetchDirectory } from './half-fetches.ts';

const run = promisify(execFile);

/** The major version that AWS's Python runtimes bring; it runs on every version of Python that is offered here. */
const REQUIREMENT = 'boto3>=1,<2';
const EXPECTED_MEGABYTES = 30;

/** A fetch that takes longer has failed, milliseconds. */
const FETCH_TIMEOUT_MS = 5 * 60_000;
/** An index that does not answer in this time cannot be reached, seconds. */
const ANSWER_TIMEOUT_SECONDS = '15';
/** Time for an interpreter to look up a module, or to compile the packages, milliseconds. */
const LOOKUP_TIMEOUT_MS = 10_000;
const COMPILE_TIMEOUT_MS = 2 * 60_000;

/** Below the packages: modules that stand where a package is missing. The bootstrap searches it last. */
const STAND_INS = 'selfsame-stand-ins';
const MODULES = ['boto3', 'botocore'] as const;

export interface PythonPackagesOptions {
  readonly runtimesDirectory: string;
  /** Nothing is fetched when false. */
  readonly mayFetch: boolean;
  readonly log: Log;
}

const inProgress = new Map<string, Promise<void>>();

/** Sees to it that functions of this interpreter can import boto3, or learn why not. Never rejects. */
export function providePythonPackages(interpreter: string, options: PythonPackagesOptions): Promise<void> {
  const { runtimesDirectory } = options;
  // One fetch at a time for a directory: the second interpreter finds what the first one fetched.
  const before = inProgress.get(runtimesDirectory) ?? Promise.resolve();
  const provided = before
    .then(() => provide(interpreter, options))
    .catch((error: Error) =>
      options.log.warn({ error: firstLine(error) }, 'boto3 could not be provided; functions run without it.'),
    );
  inProgress.set(runtimesDirectory, provided);
  void provided.then(() => {
    if (inProgress.get(runtimesDirectory) === provided) inProgress.delete(runtimesDirectory);
  });
  return provided;
}

async function provide(interpreter: string, options: PythonPackagesOptions): Promise<void> {
  const directory = pythonPackagesDirectory(options.runtimesDirectory);
  await mkdir(directory, { recursive: true });
  if (await isThere(join(directory, 'boto3'))) return compile(interpreter, directory, options.log);
  if (await hasOwn(interpreter)) return;
  if (!options.mayFetch) return standIn(directory, 'fetching is switched off');
  try {
    await fetchPackages(interpreter, directory, options.log);
  } catch (error) {
    const reason = firstLine(error as Error);
    options.log.warn({ interpreter, reason }, 'boto3 could not be fetched; functions run without it.');
    await standIn(directory, `pip could not fetch it: ${reason}`);
    return;
  }
  await rm(join(directory, STAND_INS), { recursive: true, force: true });
  await compile(interpreter, directory, options.log);
}

/** Whether it is installed for this interpreter itself: packages of the user are not seen in a sandbox. */
async function hasOwn(interpreter: string): Promise<boolean> {
  const code = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("boto3") is None)';
  return run(interpreter, ['-I', '-c', code], { timeout: LOOKUP_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}

async function fetchPackages(interpreter: string, directory: string, log: Log): Promise<void> {
  const work = await fetchDirectory(dirname(directory));
  try {
    await reportingProgress(
      { what: 'boto3', directory: work, expectedMegabytes: EXPECTED_MEGABYTES, log },
      () =>
        run(
          interpreter,
          [
            ...[
              '-m',
              'pip',
              'install',
              '--target',
              work,
              '--only-binary',
              ':all:',
              '--no-compile',
              '--quiet',
            ],
            ...[
              '--disable-pip-version-check',
              '--no-input',
              '--retries',
              '1',
              '--timeout',
              ANSWER_TIMEOUT_SECONDS,
            ],
            REQUIREMENT,
          ],
          { timeout: FETCH_TIMEOUT_MS, killSignal: 'SIGKILL' },
        ),
    );
    await makeReadable(work);
    // boto3 last: once it is there, so is all that it needs.
    const names = (await readdir(work)).sort((a, b) => Number(a === 'boto3') - Number(b === 'boto3'));
    for (const name of names) {
      await rm(join(directory, name), { recursive: true, force: true });
      await rename(join(work, name), join(directory, name));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Sandboxes show the packages read-only; without compiled files every start would compile them anew. */
async function compile(interpreter: string, directory: string, log: Log): Promise<void> {
  const { stdout } = await run(interpreter, ['-I', '-c', 'import sys; print(sys.implementation.cache_tag)'], {
    timeout: LOOKUP_TIMEOUT_MS,
  });
  if (await isThere(join(directory, 'boto3', '__pycache__', `__init__.${stdout.trim()}.pyc`))) return;
  await run(interpreter, ['-m', 'compileall', '-q', directory], { timeout: COMPILE_TIMEOUT_MS }).catch(
    // Whatever did not compile is compiled at each start.
    (error: Error) => log.debug({ error: firstLine(error) }, 'Some Python packages were not compiled.'),
  );
}

/** Makes `import boto3` fail with the reason, unless the function or a layer brings its own. */
async function standIn(directory: string, reason: string): Promise<void> {
  await mkdir(join(directory, STAND_INS), { recursive: true });
  for (const name of MODULES) {
    const message = `No module named '${name}' (this host's Python has none, and ${reason})`;
    await writeFile(
      join(directory, STAND_INS, `${name}.py`),
      `raise ModuleNotFoundError(${JSON.stringify(message)}, name="${name}")\n`,
    );
  }
  await makeReadable(directory);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
