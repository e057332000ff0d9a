/** `/var/runtime` and `/var/lang`: our bootstrap with the packages it brings, and the interpreter. */
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { RuntimeInstallation } from '../../ports/environment.ts';
import { BOOTSTRAPS_DIRECTORY, findNodePackages, pythonPackagesDirectory } from '../runtime-files.ts';

const run = promisify(execFile);

export interface RuntimeMounts {
  readonly args: readonly string[];
  /** The interpreter's path inside. */
  readonly interpreter: string | undefined;
  readonly packageDirectories: readonly string[];
}

/** Prepares what an installation needs below `directory` and returns the arguments that mount it. */
export async function runtimeMounts(
  installation: RuntimeInstallation,
  directory: string,
  runtimesDirectory: string,
): Promise<RuntimeMounts> {
  const { family, interpreter } = installation;
  if (interpreter === undefined || family === 'provided') {
    return { args: ['--dir', '/var/runtime'], interpreter: undefined, packageDirectories: [] };
  }
  const [langArgs, inside] = langMount(interpreter);
  const runtime = join(directory, `runtime-${family}`);
  await mkdir(runtime, { recursive: true });
  const bootstraps = join(BOOTSTRAPS_DIRECTORY, family);
  for (const file of await readdir(bootstraps, { withFileTypes: true })) {
    if (file.isFile()) await copyFile(join(bootstraps, file.name), join(runtime, file.name));
  }
  const packages =
    family === 'nodejs'
      ? await nodePackageMounts(runtime)
      : await pythonPackageMounts(interpreter, runtime, runtimesDirectory);
  return {
    args: [...langArgs, '--ro-bind', runtime, '/var/runtime', ...packages.args],
    interpreter: inside,
    packageDirectories: packages.directories,
  };
}

/** An interpreter of the system is there already; another one's prefix is shown as `/var/lang`. */
function langMount(interpreter: string): [string[], string] {
  if (interpreter.startsWith('/usr/bin/')) return [[], interpreter];
  const prefix = dirname(dirname(interpreter));
  return [
    ['--ro-bind', prefix, '/var/lang'],
    join('/var/lang/bin', interpreter.slice(prefix.length + '/bin/'.length)),
  ];
}

interface PackageMounts {
  readonly args: string[];
  readonly directories: string[];
}

/**
 * The scopes of the AWS SDK that are too large to copy. A mount costs every start 0.2 to 0.5 ms, and the SDK stands on
 * twenty packages; the small ones are copied, once a server.
 */
const MOUNTED_SCOPES: ReadonlySet<string> = new Set(['@aws-sdk', '@smithy']);

async function nodePackageMounts(runtime: string): Promise<PackageMounts> {
  const packages = await findNodePackages();
  if (packages === undefined) return { args: [], directories: [] };
  const args: string[] = [];
  const prepare = async (name: string): Promise<void> => {
    const source = join(packages.directory, name);
    const place = join(runtime, 'node_modules', name);
    if (!MOUNTED_SCOPES.has(name)) return cp(source, place, { recursive: true });
    args.push('--ro-bind', source, `/var/runtime/node_modules/${name}`);
    // A read-only directory can only be mounted upon where the place exists already.
    await mkdir(place, { recursive: true });
  };
  await Promise.all(packages.names.map(prepare));
  return { args, directories: ['/var/runtime/node_modules'] };
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
  await mkdir(join(runtime, 'packages'), { recursive: true });
  return { args: ['--ro-bind', source, '/var/runtime/packages'], directories: ['/var/runtime/packages'] };
}
