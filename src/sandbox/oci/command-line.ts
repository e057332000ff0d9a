/** The command that runs one container in the foreground, with the environment's pipes as the container's own. */
import type { OciRuntime } from './oci-runtime.ts';

/** Of the host. */
const HOST_SHELL = ['/bin/sh'];

/** Pipes that an environment's process has at descriptors from 3 on: the channel; with extensions two more. */
export type PipeCount = 1 | 3;

export interface Wrapping {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * What the container runs: the command with its descriptors where they belong. runc copies the standard output of a
 * container in the foreground, later than the channel says that an invocation has ended; so it is handed on beside that.
 * The shell stays, as the first process of the namespace: the kernel keeps that one from signals of its own namespace, and
 * a function must be able to end by one. It says of none how its child ended. `insideShell` starts it. OCI runtimes add HOME,
 * which AWS does not.
 */
export function insideCommand(
  runtime: OciRuntime,
  pipes: PipeCount,
  hasChannel: boolean,
  inner: Wrapping & { readonly hasHome: boolean },
  insideShell: readonly string[] = HOST_SHELL,
): Wrapping {
  const [output, errors] = outputsFor(pipes);
  const args = [inner.command, ...inner.args];
  const home = inner.hasHome ? '' : 'unset HOME; ';
  return runtime.channel === 'preserved'
    ? shell(
        `${home}exec 2>/dev/null; "$@" ${hasChannel ? '' : '3<&- '}>&${output} 2>&${errors} ${output}>&- ${errors}>&-; exit $?`,
        args,
        insideShell,
      )
    : shell(`${home}"$@" ${hasChannel ? '3<&0' : ''} </dev/null; exit $?`, args, insideShell);
}

export interface Container {
  readonly id: string;
  /** The bundle; holds the function's variables, so nobody else may read it. */
  readonly bundle: string;
  readonly pidFile: string;
  readonly stateDirectory: string;
}

/** What the server runs. */
export function outsideCommand(
  runtime: OciRuntime,
  pipes: PipeCount,
  hasChannel: boolean,
  container: Container,
): Wrapping {
  const { stateDirectory, bundle, pidFile, id } = container;
  const [output, errors] = outputsFor(pipes);
  const isPreserved = runtime.channel === 'preserved';
  const descriptors = isPreserved
    ? ['--preserve-fds', String(pipes + 2)]
    : Array.from({ length: pipes - 1 }, (_, place) => ['--pass-fd', `${4 + place}:${4 + place}`]).flat();
  const redirections = isPreserved ? `${output}>&1 ${errors}>&2` : '<&3 3<&-';
  // Else runc hands on whatever it has opened itself at the channel's number.
  const nothing = hasChannel ? '' : 'exec 3</dev/null; ';
  return shell(`${nothing}exec "$@" ${redirections}`, [
    runtime.path,
    ...runtime.globalArguments,
    '--root',
    stateDirectory,
    'run',
    '--bundle',
    bundle,
    '--pid-file',
    pidFile,
    ...descriptors,
    id,
  ]);
}

/** The first two descriptors after the pipes. */
function outputsFor(pipes: PipeCount): [number, number] {
  return [3 + pipes, 4 + pipes];
}

function shell(script: string, args: readonly string[], starting: readonly string[] = HOST_SHELL): Wrapping {
  const [command = '', ...before] = starting;
  return { command, args: [...before, '-c', script, 'sh', ...args] };
}
