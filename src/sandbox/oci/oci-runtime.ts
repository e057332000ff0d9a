/** Programs with runc's command line: which one it is, and in what they differ. */
import { execFile } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '../../core/errors.ts';
import { findOnPath, isExecutable } from '../executables.ts';

const run = promisify(execFile);

/** An OCI runtime that does not say its version, list its containers or delete one within this time hangs; milliseconds. */
export const COMMAND_TIMEOUT_MS = 10_000;

/** Looked for on PATH in this order. */
export const OCI_RUNTIMES = ['runc', 'crun', 'runsc', 'kata-runtime'] as const;

/**
 * The kernel inside of gVisor is a process like others: it is in the cgroup that it was started in. Its "host" network is
 * that of the namespace which the bundle names; its own network stack takes every namespace for the host's since Linux
 * shows the limits of sockets (/proc/sys/net/core/rmem_default) in all of them: so seen of the version of 2022 on 6.18.
 * Only where it is told so does its kernel have our filter of system calls: without it `unshare` makes user namespaces inside.
 */
const GVISOR_ARGUMENTS = ['--ignore-cgroups', '--network=host', '--oci-seccomp'];

export interface OciRuntime {
  readonly path: string;
  /** What it calls itself, for example `runc`. */
  readonly name: string;
  readonly version: string;
  /**
   * How the socket to the runtime gets inside: runc and crun preserve descriptors; gVisor hands on the standard three
   * alone, until `--pass-fd` came in 2023, so it takes the place of standard input there until a shell moves it.
   */
  readonly channel: 'preserved' | 'standard input';
  /** Whether the further pipes that extensions need get inside, too. */
  readonly passesMorePipes: boolean;
  /** Whether files that come into a directory while a container runs are seen in it: gVisor takes what it has seen for all. */
  readonly showsLaterFiles: boolean;
  /** Whether rules of its filter of system calls have errors of their own: those of gVisor refuse by EPERM alone. */
  readonly saysErrors: boolean;
  /** Before the command. */
  readonly globalArguments: readonly string[];
}

/** The one that a setting names, or those that are on PATH. Empty where there is none. */
export async function findOciRuntimes(demanded: string | undefined): Promise<OciRuntime[]> {
  const names = demanded === undefined ? OCI_RUNTIMES : [demanded];
  const paths = await Promise.all(
    names.map(async (name) => {
      if (!isAbsolute(name)) return findOnPath(name);
      return (await isExecutable(name)) ? name : undefined;
    }),
  );
  const found = await Promise.all(paths.filter((path) => path !== undefined).map(identify));
  return found.filter((runtime) => runtime !== undefined);
}

/** Undefined for a program that does not say what it is. */
async function identify(path: string): Promise<OciRuntime | undefined> {
  const output = await run(path, ['--version'], { timeout: COMMAND_TIMEOUT_MS }).catch(() => undefined);
  const [, name, version] = /^(\S+)(?: version|\s*:) *(\S+)/.exec(output?.stdout ?? '') ?? [];
  if (name === undefined || version === undefined) return undefined;
  const isGvisor = name === 'runsc';
  return {
    path,
    name,
    version,
    channel: isGvisor ? 'standard input' : 'preserved',
    passesMorePipes: !isGvisor || (await hasPassFd(path)),
    showsLaterFiles: !isGvisor,
    saysErrors: !isGvisor,
    globalArguments: isGvisor ? GVISOR_ARGUMENTS : [],
  };
}

async function hasPassFd(path: string): Promise<boolean> {
  const help = await run(path, ['help', 'run'], { timeout: COMMAND_TIMEOUT_MS }).catch(() => undefined);
  return /^\s+-{1,2}pass-fd\b/m.test(help?.stdout ?? '');
}

/** Ends a container, whatever its state, and removes what its OCI runtime keeps of it. */
export async function deleteContainer(
  { path, globalArguments }: Pick<OciRuntime, 'path' | 'globalArguments'>,
  stateDirectory: string,
  id: string,
): Promise<void> {
  try {
    await run(path, [...globalArguments, '--root', stateDirectory, 'delete', '--force', id], {
      timeout: COMMAND_TIMEOUT_MS,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new PlatformError(
      `The container ${id} could not be removed: ${(stderr || message).trim()}`,
      `Run \`${path} --root ${stateDirectory} delete --force ${id}\`.`,
    );
  }
}

export function extensionsRefused({ name, version }: OciRuntime): PlatformError {
  return new PlatformError(
    `${name} ${version} hands no pipes to a container, so functions with external extensions do not run in its containers.`,
    'Install a gVisor of 2023 or later, or name another OCI runtime with --oci-runtime.',
  );
}
