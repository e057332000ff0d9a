/**
 * AWS_LAMBDA_EXEC_WRAPPER: a script of the function or a layer that starts a managed runtime in its own way.
 * It gets the runtime's command line. Source: Lambda developer guide, "Modifying the runtime environment".
 */
import type { EnvironmentSpec } from '../../ports/environment.ts';
import type { Launch, Layout } from './layout.ts';

/** What AWS's bootstraps print, and the statuses they exit with, where there is no script to run. */
const SCRIPT = `
if [ ! -f "$1" ]; then echo "$1: does not exist"; exit 127; fi
if [ ! -x "$1" ]; then echo "$1: is not an executable"; exit 126; fi
exec "$@"
`;

/** The launch through the wrapper, where there is one. AWS has none for the OS-only runtimes. */
export function wrapped(spec: EnvironmentSpec, layout: Layout, launch: Launch): Launch {
  const wrapper = spec.variables['AWS_LAMBDA_EXEC_WRAPPER'];
  if (wrapper === undefined || wrapper === '' || spec.installation.family === 'provided') return launch;
  const args = ['-c', SCRIPT, 'sh', placed(wrapper, layout), launch.command, ...launch.args];
  return { ...launch, command: '/bin/sh', args };
}

/** Where AWS's path is for the process: without a mount namespace it is elsewhere. */
function placed(path: string, { optDirectory, taskRoot }: Layout): string {
  if (path.startsWith('/opt/')) return optDirectory + path.slice('/opt'.length);
  if (path.startsWith('/var/task/')) return taskRoot + path.slice('/var/task'.length);
  return path;
}
