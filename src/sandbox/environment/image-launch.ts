/** What to run of a container image, and with which variables. */
import { posix } from 'node:path';
import { PlatformError } from '../../core/errors.ts';
import type { EnvironmentImage, EnvironmentSpec, IsolationLevel } from '../../ports/environment.ts';
import type { Launch } from './launch.ts';

/** Where programs are looked for in an image that does not say. Source: Docker's default. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** AWS's words for an image that names nothing to run are not known; these are Docker's. */
export const NO_COMMAND = 'no command specified';

/** For a level that cannot make an image's root directory its own. */
export function imagesRefused(level: IsolationLevel): PlatformError {
  return new PlatformError(
    `Functions from container images do not run at the isolation level ${level}.`,
    'Start the server with `--isolation namespaces`, or oci.',
  );
}

/** Undefined where neither image nor function name anything to run. */
export function imageLaunch({ entryPoint, command }: EnvironmentImage): Launch | undefined {
  const [program, ...args] = [...entryPoint, ...command];
  return program === undefined ? undefined : { command: program, args, framed: false };
}

/** What would make the host's shell load libraries of the image, where it starts what is inside. */
const LINKER_VARIABLES = ['LD_PRELOAD', 'LD_AUDIT'];

const EXPORT = 'until [ "$1" = -- ]; do export "$1"; shift; done; shift; exec "$@"';

/** The launch where a shell of the host comes before it, which `shell` starts: the linker's variables are for what follows. */
export function launchFromShell(
  launch: Launch,
  variables: Record<string, string>,
  [command = '', ...before]: readonly string[],
): { readonly launch: Launch; readonly variables: Record<string, string> } {
  const isLinkers = ([name]: readonly [string, string]): boolean => LINKER_VARIABLES.includes(name);
  const held = Object.entries(variables).filter(isLinkers);
  if (held.length === 0) return { launch, variables };
  const exports = held.map(([name, value]) => `${name}=${value}`);
  const args = [...before, '-c', EXPORT, 'sh', ...exports, '--', launch.command, ...launch.args];
  const others = Object.entries(variables).filter((entry) => !isLinkers(entry));
  return { launch: { ...launch, command, args }, variables: Object.fromEntries(others) };
}

/** Those of the image, below the function's, below Lambda's. */
export function imageVariables(
  spec: EnvironmentSpec,
  { environment }: EnvironmentImage,
  runtimeApi: string,
): Record<string, string> {
  return {
    PATH: DEFAULT_PATH,
    LAMBDA_TASK_ROOT: '/var/task',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_ENDPOINT_URL: spec.endpoint,
    ...environment,
    ...spec.variables,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
  };
}

/** Inside; relative ones count from the root. */
export function imageDirectory({ workingDirectory }: EnvironmentImage): string {
  return posix.resolve('/', workingDirectory);
}
