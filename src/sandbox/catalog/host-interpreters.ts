import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An interpreter that does not name its version in this time is not one. Milliseconds. */
const VERSION_TIMEOUT_MS = 5_000;

export interface HostInterpreter {
  readonly family: 'nodejs' | 'python';
  readonly path: string;
  readonly version: string;
  readonly origin: string;
}

/** Versions managers keep below these, one folder a version, with `bin` inside. */
const VERSION_FOLDERS: readonly [family: 'nodejs' | 'python', folder: string][] = [
  ['python', join(homedir(), '.pyenv/versions')],
  ['nodejs', join(homedir(), '.nvm/versions/node')],
  ['nodejs', join(homedir(), '.local/share/fnm/node-versions')],
  ['python', join(homedir(), '.local/share/uv/python')],
];

/** Every Node.js and Python found on this host, the one this server runs on first. */
export async function hostInterpreters(): Promise<HostInterpreter[]> {
  const candidates = new Map<string, Omit<HostInterpreter, 'version'>>();
  const add = (family: 'nodejs' | 'python', path: string, origin: string): void => {
    if (!candidates.has(path)) candidates.set(path, { family, path, origin });
  };
  add('nodejs', await realpath(process.execPath), 'the Node.js selfsame runs on');
  for (const [family, folder] of VERSION_FOLDERS) {
    for (const version of (await readdir(folder).catch(() => [])).sort().reverse()) {
      const directory = join(folder, version, 'bin');
      for (const path of await interpretersIn(family, directory)) add(family, path, 'on this host');
    }
  }
  for (const directory of new Set([
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/local/bin',
    '/usr/bin',
  ])) {
    // A shim is a script that picks a version by the current folder; the versions themselves are found above.
    if (directory === '' || directory.includes('/shims')) continue;
    for (const family of ['nodejs', 'python'] as const) {
      for (const path of await interpretersIn(family, directory)) add(family, path, 'on this host');
    }
  }
  const checked = await Promise.all(
    [...candidates.values()].map(async (candidate) => ({
      ...candidate,
      version: await interpreterVersion(candidate.path),
    })),
  );
  return checked.filter((interpreter): interpreter is HostInterpreter => interpreter.version !== undefined);
}

async function interpretersIn(family: 'nodejs' | 'python', directory: string): Promise<string[]> {
  const pattern = family === 'nodejs' ? /^node$/ : /^python3(\.\d+)?$/;
  const names = (await readdir(directory).catch(() => [])).filter((name) => pattern.test(name));
  const paths = await Promise.all(
    names.map((name) => realpath(join(directory, name)).catch(() => undefined)),
  );
  return paths.filter((path) => path !== undefined);
}

/** `24.21.0` or `3.11.7`; undefined when it does not run. */
export async function interpreterVersion(path: string): Promise<string | undefined> {
  if (path === process.execPath) return process.versions.node;
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return /(\d+\.\d+\.\d+)/.exec(stdout || stderr)?.[1];
  } catch {
    return undefined;
  }
}
