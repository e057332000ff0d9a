/** boto3 of this host's Python, or installed once with pip for the tests alone. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Platform } from '../../src/index.ts';
import { awsCliEnvironment } from './aws-cli.ts';
import { TEST_REGION } from './started-platform.ts';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/selfsame', import.meta.url));
const PACKAGES = join(CACHE, 'boto3');
/** An installation that takes this long hangs. Milliseconds. */
const TIMEOUT_MS = 300_000;

const run = promisify(execFile);

let ready: Promise<void> | undefined;

/** Runs a script that may import boto3 against the server; resolves with what it printed, parsed from JSON. */
export async function boto3<T>(platform: Platform, script: string): Promise<T> {
  ready ??= install();
  await ready;
  // Python's SDK takes its region from another variable than the others.
  const environment = { ...awsCliEnvironment(platform), AWS_DEFAULT_REGION: TEST_REGION, ...PYTHON_PATH };
  const { stdout } = await run('python3', ['-c', script], { env: environment, timeout: TIMEOUT_MS });
  return JSON.parse(stdout) as T;
}

const PYTHON_PATH = { PYTHONPATH: PACKAGES, HOME: process.env['HOME'] };

/** Rejects when there is neither boto3 nor a way to get it: such a check must fail, not be skipped. */
async function install(): Promise<void> {
  const isThere = await run('python3', ['-c', 'import boto3'], {
    env: { ...process.env, ...PYTHON_PATH },
  }).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'installing-'));
  try {
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-compile'];
    await run('python3', ['-m', 'pip', 'install', ...quietly, '--target', work, 'boto3'], {
      timeout: TIMEOUT_MS,
    });
    await rename(work, PACKAGES);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
