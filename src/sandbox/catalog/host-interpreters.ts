import { execFile } from 'node:child_process';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An interpreter that does not name its version in this time is not one. Milliseconds. */
const VERSION_TIMEOUT_MS = 5_000;

/** Families of AWS's managed runtimes that an interpreter of the host can run. */
export type InterpretedFamily = 'nodejs' | 'python' | 'ruby' | 'java';

export interface HostInterpreter {
  readonly family: InterpretedFamily;
  readonly path: string;
  readonly version: string;
  readonly origin: string;
}

const PROGRAMS: Readonly<Record<InterpretedFamily, RegExp>> = {
  nodejs: /^node$/,
  python: /^python3(\.\d+)?$/,
  ruby: /^ruby(\d+\.\d+)?$/,
  java: /^java$/,
};
const FAMILIES = Object.keys(PROGRAMS) as InterpretedFamily[];

/** Version managers and packagers keep versions below these, one folder each, with `bin` inside. */
const VERSION_FOLDERS: readonly [family: InterpretedFamily, folder: string][] = [
  ['python', join(homedir(), '.pyenv/versions')],
  ['nodejs', join(homedir(), '.nvm/versions/node')],
  ['nodejs', join(homedir(), '.local/share/fnm/node-versions')],
  ['python', join(homedir(), '.local/share/uv/python')],
  ['ruby', join(homedir(), '.rbenv/versions')],
  ['java', join(homedir(), '.sdkman/candidates/java')],
  ['java', '/usr/lib/jvm'],
];

/** Every interpreter found on this host, the Node.js that this server runs on first. */
export async function hostInterpreters(): Promise<HostInterpreter[]> {
  const candidates = new Map<string, Omit<HostInterpreter, 'version'>>();
  const add = (family: InterpretedFamily, path: string, origin: string): void => {
    if (!candidates.has(path)) candidates.set(path, { family, path, origin });
  };
  add('nodejs', await realpath(process.execPath), 'the Node.js selfsame runs on');
  for (const [family, folder] of VERSION_FOLDERS) {
    for (const version of (await readdir(folder).catch(() => [])).sort().reverse()) {
      const directory = join(folder, version, 'bin');
      for (const path of await interpretersIn(family, directory)) add(family, path, 'on this host');
    }
  }
  const javaHome = process.env['JAVA_HOME'] ?? '';
  if (javaHome !== '')
    for (const path of await interpretersIn('java', join(javaHome, 'bin'))) add('java', path, 'JAVA_HOME');
  for (const directory of new Set([
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/local/bin',
    '/usr/bin',
  ])) {
    // A shim is a script that picks a version by the current folder; the versions themselves are found above.
    if (directory === '' || directory.includes('/shims')) continue;
    for (const family of FAMILIES) {
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

async function interpretersIn(family: InterpretedFamily, directory: string): Promise<string[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => PROGRAMS[family].test(name));
  const paths = await Promise.all(
    names.map((name) => realpath(join(directory, name)).catch(() => undefined)),
  );
  return paths.filter((path) => path !== undefined);
}

/** `24.21.0`, `3.11.7` or, of a first release of Java, `25`; undefined when it does not run. */
export async function interpreterVersion(path: string): Promise<string | undefined> {
  if (path === process.execPath) return process.versions.node;
  const isJava = basename(path) === 'java';
  const released = isJava ? await javaRelease(path) : undefined;
  if (released !== undefined) return released;
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return (isJava ? /(\d+(?:\.\d+)*)/ : /(\d+\.\d+\.\d+)/).exec(stdout || stderr)?.[1];
  } catch {
    return undefined;
  }
}

/** From the file that every Java has beside `bin`: starting one takes a tenth of a second and more. */
async function javaRelease(path: string): Promise<string | undefined> {
  const text = await readFile(join(dirname(path), '..', 'release'), 'utf8').catch(() => '');
  // Java 8 calls itself 1.8.
  return /^JAVA_VERSION="(?:1\.)?(\d+(?:\.\d+)*)/m.exec(text)?.[1];
}
