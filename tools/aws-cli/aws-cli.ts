/** AWS CLI v2 as the npm package `@aws-cdk/asset-awscli-v2` brings it: a folder in a zip, unpacked once. */
import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import yauzl from 'yauzl';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starting the CLI takes a second or two; a call that takes this long hangs. Milliseconds. */
const CALL_TIMEOUT_MS = 120_000;

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Absolute path of the `aws` program. The first caller on a machine unpacks it, which takes some seconds. */
export async function awsCli(): Promise<string> {
  const archive = join(
    dirname(createRequire(import.meta.url).resolve('@aws-cdk/asset-awscli-v2')),
    'layer.zip',
  );
  const { version } = createRequire(import.meta.url)('@aws-cdk/asset-awscli-v2/package.json') as {
    version: string;
  };
  const cache = join(ROOT, 'node_modules/.cache/selfsame');
  const directory = join(cache, `aws-cli-${version}`);
  const program = join(directory, 'dist/aws');
  if (await isThere(program)) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'unpacking-'));
  try {
    await unpack(archive, work);
    // Another process may have been quicker; its folder is as good.
    await rename(work, directory).catch(async (error: unknown) => {
      if (!(await isThere(program))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment by which the CLI uses the server, and no configuration of the person who runs it. */
export function awsCliEnvironment(origin: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_ENDPOINT_URL: origin,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_PAGER: '',
    AWS_MAX_ATTEMPTS: '1',
    AWS_CLI_AUTO_PROMPT: 'off',
    LC_ALL: 'C.UTF-8',
  };
}

/** Runs `aws …` against the server at `origin`; resolves with whatever the exit code. */
export async function runAws(origin: string, args: readonly string[]): Promise<CliResult> {
  const program = await awsCli();
  return new Promise((resolve, reject) => {
    const options = {
      env: awsCliEnvironment(origin),
      timeout: CALL_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    };
    execFile(program, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(error);
    });
  });
}

async function unpack(archive: string, target: string): Promise<void> {
  const zip = await yauzl.openPromise(archive, { lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      // Only the program and its libraries: `awscli/v2/<version>/dist/…`.
      const inside = /^awscli\/v2\/[^/]+\/(dist\/.*[^/])$/.exec(entry.fileName)?.[1];
      if (inside === undefined) continue;
      const path = join(target, inside);
      await mkdir(dirname(path), { recursive: true });
      const output = await open(path, 'w');
      await pipeline(await zip.openReadStreamPromise(entry), output.createWriteStream());
      await chmod(path, (entry.externalFileAttributes >>> 16) & 0o777 || 0o644);
    }
  } finally {
    zip.close();
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
