/** `/var/runtime` and `/var/lang`: our bootstrap with the packages it brings, and the interpreter. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimeInstallation } from '../../ports/environment.ts';
import {
  BOOTSTRAPS_DIRECTORY,
  findNodePackages,
  javaClientDirectory,
  pythonPackagesDirectory,
} from '../runtime-files.ts';
import { copyJavaSettings } from './java-mounts.ts';
import type { Mount } from './mount.ts';
import { bind } from './mount.ts';

const run = promisify(execFile);

export interface RuntimeMounts {
  readonly mounts: readonly Mount[];
  /** The interpreter's path inside. */
  readonly interpreter: string | undefined;
  readonly packageDirectories: readonly string[];
}

/** Prepares what an installation needs below `directory` and returns what has to be mounted. */
export async function runtimeMounts(
  installation: RuntimeInstallation,
  directory: string,
  runtimesDirectory: string,
): Promise<RuntimeMounts> {
  const { family, interpreter } = installation;
  if (interpreter === undefined || family === 'provided') {
    return {
      mounts: [{ kind: 'directory', target: '/var/runtime' }],
      interpreter: undefined,
      packageDirectories: [],
    };
  }
  if (family === 'java') return javaMounts(interpreter, join(directory, 'etc'), runtimesDirectory);
  const [lang, inside] = family === 'ruby' ? rubyMount(interpreter) : langMount(interpreter);
  const runtime = join(directory, `runtime-${family}`);
  await mkdir(runtime, { recursive: true });
  const bootstraps = join(BOOTSTRAPS_DIRECTORY, family);
  for (const file of await readdir(bootstraps, { withFileTypes: true })) {
    if (file.isFile()) await copyFile(join(bootstraps, file.name), join(runtime, file.name));
  }
  const packages =
    family === 'nodejs'
      ? await nodePackageMounts(runtime)
      : family === 'python'
        ? await pythonPackageMounts(interpreter, runtime, runtimesDirectory)
        : { mounts: [], directories: [] };
  return {
    mounts: [...lang, bind(runtime, '/var/runtime'), ...packages.mounts],
    interpreter: inside,
    packageDirectories: packages.directories,
  };
}

/** An interpreter of the system is there already; another one's prefix is shown as `/var/lang`. */
function langMount(interpreter: string): [Mount[], string] {
  if (interpreter.startsWith('/usr/bin/')) return [[], interpreter];
  const prefix = dirname(dirname(interpreter));
  return [
    [bind(prefix, '/var/lang')],
    join('/var/lang/bin', interpreter.slice(prefix.length + '/bin/'.length)),
  ];
}

/** Ruby finds its libraries by the prefix it was built for, so that one stays what it is. */
function rubyMount(interpreter: string): [Mount[], string] {
  const prefix = dirname(dirname(interpreter));
  return [prefix === '/usr' ? [] : [bind(prefix, prefix)], interpreter];
}

async function javaMounts(
  interpreter: string,
  etc: string,
  runtimesDirectory: string,
): Promise<RuntimeMounts> {
  const [lang, inside] = langMount(interpreter);
  await copyJavaSettings(dirname(dirname(interpreter)), etc);
  const client = bind(javaClientDirectory(runtimesDirectory), '/var/runtime');
  return { mounts: [...lang, client], interpreter: inside, packageDirectories: [] };
}

interface PackageMounts {
  readonly mounts: Mount[];
  readonly directories: string[];
}

/**
 * The scopes of the AWS SDK that are too large to copy. A mount costs every start 0.2 to 0.5 ms, and the SDK stands on
 * twenty packages; the small ones are copied, once a server.
 */
const MOUNTED_SCOPES: ReadonlySet<string> = new Set(['@aws-sdk', '@smithy']);

async function nodePackageMounts(runtime: string): Promise<PackageMounts> {
  const packages = await findNodePackages();
  if (packages === undefined) return { mounts: [], directories: [] };
  const mounts: Mount[] = [];
  const prepare = async (name: string): Promise<void> => {
    const source = join(packages.directory, name);
    const place = join(runtime, 'node_modules', name);
    if (!MOUNTED_SCOPES.has(name)) return cp(source, place, { recursive: true });
    mounts.push(bind(source, `/var/runtime/node_modules/${name}`));
    // A read-only directory can only be mounted upon where the place exists already.
    await mkdir(place, { recursive: true });
  };
  await Promise.all(packages.names.map(prepare));
  return { mounts, directories: ['/var/runtime/node_modules'] };
}

async function pythonPackageMounts(
  interpreter: string,
  runtime: string,
  runtimesDirectory: string,
): Promise<PackageMounts> {
  // Read-only inside, so no start could keep what it compiled; done here, it saves each one 5 ms.
  await run(interpreter, ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', runtime]).catch(
    () => {},
  );
  const source = pythonPackagesDirectory(runtimesDirectory);
  await mkdir(source, { recursive: true });
  // What is in it is readable; it may have been made under any umask.
  await chmod(source, 0o755);
  await mkdir(join(runtime, 'packages'), { recursive: true });
  return {
    mounts: [bind(source, '/var/runtime/packages')],
    directories: ['/var/runtime/packages'],
  };
}
