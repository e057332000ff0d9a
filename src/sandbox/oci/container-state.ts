/** Where an OCI runtime keeps what it knows of this server's containers, and what a killed server left there. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '../../core/errors.ts';
import type { Container } from './command-line.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { COMMAND_TIMEOUT_MS, deleteContainer } from './oci-runtime.ts';

const run = promisify(execFile);

/** Below the scratch directory of environments. */
const STATE_DIRECTORY = 'oci';
const RUNTIME_FILE = 'oci-runtime.json';

/** Makes the directory, and records whose it is. Returns its path. */
export async function openContainerState(
  environmentsDirectory: string,
  runtime: OciRuntime,
): Promise<string> {
  const directory = join(environmentsDirectory, STATE_DIRECTORY);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { path, globalArguments } = runtime;
  await writeFile(join(environmentsDirectory, RUNTIME_FILE), JSON.stringify({ path, globalArguments }));
  return directory;
}

/** Ends the containers of a server that was killed, by the OCI runtime it had. Resolves with how many there were. */
export async function removeLeftContainers(environmentsDirectory: string): Promise<number> {
  const record = join(environmentsDirectory, RUNTIME_FILE);
  const runtime = recorded(await readFile(record, 'utf8').catch(() => ''));
  if (runtime === undefined) return 0;
  const directory = join(environmentsDirectory, STATE_DIRECTORY);
  const { stdout } = await run(
    runtime.path,
    [...runtime.globalArguments, '--root', directory, 'list', '--quiet'],
    { timeout: COMMAND_TIMEOUT_MS },
  ).catch((error: Error & { stderr?: string }) => {
    throw new PlatformError(
      `What an earlier server left in containers of ${runtime.path} cannot be ended: ${(error.stderr || error.message).trim()}`,
      `Install it again; or, where none of its containers runs, remove ${directory} and ${record}.`,
    );
  });
  const ids = stdout.split('\n').filter((id) => id !== '');
  await Promise.all(ids.map((id) => deleteContainer(runtime, directory, id)));
  return ids.length;
}

/** Undefined where there is no record, or a server was killed as it wrote one: before it had a container. */
function recorded(content: string): Pick<OciRuntime, 'path' | 'globalArguments'> | undefined {
  try {
    return JSON.parse(content) as Pick<OciRuntime, 'path' | 'globalArguments'>;
  } catch {
    return undefined;
  }
}

/** With it all others of its namespace end. The number is the host's. Undefined before it has begun. */
export function firstProcessOf({ pidFile }: Container): number | undefined {
  try {
    return Number(readFileSync(pidFile, 'latin1')) || undefined;
  } catch {
    return undefined;
  }
}
