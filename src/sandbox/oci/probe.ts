/** Whether this host can hold the *oci* level: runs a container that does nothing. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemMounts } from '../filesystem/host-files.ts';
import { containerConfiguration } from './bundle.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { deleteContainer, findOciRuntimes, OCI_RUNTIMES } from './oci-runtime.ts';
import { makeRootDirectory } from './root-directory.ts';

const run = promisify(execFile);

/** A host that takes longer than this to start a container cannot serve functions with it, milliseconds. */
const PROBE_TIMEOUT_MS = 20_000;

/** gVisor was seen to fail once ("no such device") while other containers ended, and to run the next time. */
const PROBES = 2;

const MEGABYTE = 1024 * 1024;

export type OciProbe =
  | { readonly available: true; readonly runtime: OciRuntime }
  | { readonly available: false; readonly reason: string; readonly remedy: string };

/** `demanded` is a name or a path; without it the first that can run a container is taken. */
export async function probeOci(demanded?: string): Promise<OciProbe> {
  if (process.platform !== 'linux') {
    return {
      available: false,
      reason: `${process.platform} cannot run Linux containers.`,
      remedy: 'Run selfsame on Linux.',
    };
  }
  const found = await findOciRuntimes(demanded);
  if (found.length === 0) {
    return {
      available: false,
      reason:
        demanded === undefined
          ? `No OCI runtime (${OCI_RUNTIMES.join(', ')}) is installed.`
          : `${demanded} is no OCI runtime that can be run here.`,
      remedy: 'Install the package `runc`, or name another OCI runtime with --oci-runtime.',
    };
  }
  const refusals: string[] = [];
  for (const runtime of found) {
    let refusal: string | undefined = '';
    for (let probe = 0; probe < PROBES && refusal !== undefined; probe += 1)
      refusal = await refusalOf(runtime);
    if (refusal === undefined) return { available: true, runtime };
    refusals.push(`${runtime.name} ${runtime.version} cannot run a container here: ${refusal}.`);
  }
  return {
    available: false,
    reason: refusals.join(' '),
    remedy: 'Run selfsame as root, or name another OCI runtime with --oci-runtime.',
  };
}

/** In the words of the OCI runtime; undefined where the container ran. */
async function refusalOf(runtime: OciRuntime): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-probe-'));
  const stateDirectory = join(directory, 'state');
  const id = directory.slice(directory.lastIndexOf('/') + 1);
  try {
    await writeBundle(directory, stateDirectory, runtime.saysErrors);
    const args = [...runtime.globalArguments, '--root', stateDirectory, 'run', '--bundle', directory, id];
    await run(runtime.path, args, { timeout: PROBE_TIMEOUT_MS });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    await deleteContainer(runtime, stateDirectory, id).catch(() => {});
    return (stderr || message).trim().replace(/\.$/, '');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeBundle(directory: string, stateDirectory: string, saysErrors: boolean): Promise<void> {
  const system = await systemMounts();
  const rootDirectory = join(directory, 'root');
  await makeRootDirectory(rootDirectory, system);
  await mkdir(stateDirectory);
  const configuration = containerConfiguration({
    command: '/bin/true',
    args: [],
    variables: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
    rootDirectory,
    mounts: system,
    tmpBytes: MEGABYTE,
    memoryBytes: 128 * MEGABYTE,
    processes: 64,
    saysErrors,
    network: undefined,
  });
  await writeFile(join(directory, 'config.json'), JSON.stringify(configuration));
}
