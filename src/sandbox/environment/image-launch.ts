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
    'Start the server with `--isolation namespaces`.',
  );
}

/** Undefined where neither image nor function name anything to run. */
export function imageLaunch({ entryPoint, command }: EnvironmentImage): Launch | undefined {
  const [program, ...args] = [...entryPoint, ...command];
  return program === undefined ? undefined : { command: program, args, framed: false };
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
