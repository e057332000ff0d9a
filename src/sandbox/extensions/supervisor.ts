/**
 * Starts external extensions beside the runtime in the same sandbox: a small shell script becomes the
 * sandbox's command. It starts every extension, waits until the server says that all have registered,
 * then starts the runtime, as AWS does, and outlives it, so that extensions can finish when the runtime
 * has ended. It speaks with the server in lines over descriptor 5; descriptor 4 takes the extensions' output.
 *
 *   to the script:   start | term | kill             (the last two: a signal to the runtime)
 *   from the script: extension STATUS NAME | runtime STATUS
 */
import { access, constants, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentSpec } from '../../ports/environment.ts';
import type { ProcessStatus } from '../environment/inside-exit.ts';
import { statusOf } from '../environment/inside-exit.ts';
import type { Launch } from '../environment/launch.ts';

/** Descriptor numbers inside. */
export const OUTPUT_DESCRIPTOR = 4;
export const CONTROL_DESCRIPTOR = 5;

/** Variables that extensions do not get. Source: "Lambda Extensions API", environment variables. */
const WITHHELD = [
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_XRAY_CONTEXT_MISSING',
  'AWS_XRAY_DAEMON_ADDRESS',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
  '_AWS_XRAY_DAEMON_ADDRESS',
  '_AWS_XRAY_DAEMON_PORT',
  '_HANDLER',
  'SELFSAME_CHANNEL_FD',
];

const SCRIPT = `
directory=$1 count=$2
shift 2
while [ "$count" -gt 0 ]; do
  name=$1 count=$((count - 1))
  shift
  ( (
    unset ${WITHHELD.join(' ')}
    ( cd / && exec "$directory/$name" >&4 2>&4 3<&- 4<&- 5<&- )
    echo "extension $? $name" >&5
  ) & )
done
read -r word <&5
[ "$word" = start ] || exit 0
"$@" 4<&- 5<&- &
runtime=$!
exec 3<&- 2>/dev/null
(
  while read -r word; do
    case $word in
      term) kill -TERM $runtime ;;
      kill) kill -KILL $runtime ;;
    esac
  done <&5 2>/dev/null
) &
wait $runtime
echo "runtime $?" >&5
wait
`;

/** What is `/opt` inside, on the host. */
export function optOf({
  layersDirectory,
  image,
}: Pick<EnvironmentSpec, 'layersDirectory' | 'image'>): string | undefined {
  return image === undefined ? layersDirectory : join(image.rootDirectory, 'opt');
}

/** File names of the external extensions in the host's directory that is `/opt` inside, in order. */
export async function externalExtensions(opt: string | undefined): Promise<string[]> {
  if (opt === undefined) return [];
  const directory = join(opt, 'extensions');
  // Where an image's link leads is not for the host to follow.
  if ((await lstat(directory).catch(() => undefined))?.isDirectory() !== true) return [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** A file that cannot be executed, in the words Go's runtime has for it; undefined when all can. */
export async function launchProblem(
  opt: string | undefined,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    const path = join(opt!, 'extensions', name);
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      // A link of an image leads to a place in it.
      async () => (await lstat(path)).isSymbolicLink(),
    );
    if (!isExecutable) return `fork/exec /opt/extensions/${name}: permission denied`;
  }
  return undefined;
}

/** The launch of the runtime with its extensions before it; `shell` is the command that starts a shell inside. */
export function supervised(
  launch: Launch,
  optDirectory: string,
  names: readonly string[],
  shell: readonly string[] = ['/bin/sh'],
): Pick<Launch, 'command' | 'args'> {
  if (names.length === 0) return launch;
  const [command = '', ...before] = shell;
  const directory = join(optDirectory, 'extensions');
  const args = [
    ...before,
    '-c',
    SCRIPT,
    'sh',
    directory,
    String(names.length),
    ...names,
    launch.command,
    ...launch.args,
  ];
  return { command, args };
}

export type SupervisorLine =
  | { readonly kind: 'extension'; readonly name: string; readonly status: ProcessStatus }
  | { readonly kind: 'runtime'; readonly status: ProcessStatus };

/** Undefined for what the script does not say; the descriptor is out of the reach of functions. */
export function parseSupervisorLine(line: string): SupervisorLine | undefined {
  const match = /^(extension|runtime) (\d+)(?: (.+))?$/.exec(line);
  if (match === null) return undefined;
  const status = statusOf(Number(match[2]));
  return match[1] === 'runtime'
    ? { kind: 'runtime', status }
    : { kind: 'extension', name: match[3] ?? '', status };
}
