/** The `bootstrap` of a custom runtime: where it is, and whether the kernel will run it. */
import { constants, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentSpec } from '../../ports/environment.ts';

export type Bootstrap =
  | { readonly place: 'task' | 'opt' }
  /** In the words of AWS, which are those of Go's `exec`. */
  | { readonly problem: string };

/** Bytes that tell what a file is: an ELF header up to its machine, or the line with the interpreter. */
const HEAD_BYTES = 256;

/** `e_machine` of the programs that run on this host. Source: ELF specification. */
const ELF_MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** The first that exists wins, as on AWS: that of the package, then that of a layer. */
export async function findBootstrap(spec: EnvironmentSpec): Promise<Bootstrap> {
  for (const [place, directory] of [
    ['task', spec.codeDirectory],
    ['opt', spec.layersDirectory],
  ] as const) {
    if (directory === undefined) continue;
    const file = join(directory, 'bootstrap');
    const status = await stat(file).catch(() => undefined);
    if (status === undefined || status.isDirectory()) continue;
    const isExecutable = (status.mode & (constants.S_IXUSR | constants.S_IXGRP | constants.S_IXOTH)) !== 0;
    const reason = isExecutable ? await reasonNotToRun(file) : 'permission denied';
    if (reason === undefined) return { place };
    const inside = place === 'task' ? '/var/task/bootstrap' : '/opt/bootstrap';
    return { problem: `fork/exec ${inside}: ${reason}` };
  }
  return { problem: "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" };
}

/** Looked at before the start, since a wrapper around the process would report it as its own exit. */
async function reasonNotToRun(file: string): Promise<string | undefined> {
  const head = await headOf(file);
  if (head.subarray(0, 4).equals(Buffer.from('\x7fELF'))) {
    const machine = head.length >= 20 ? head.readUInt16LE(18) : undefined;
    return machine === ELF_MACHINES[process.arch] ? undefined : 'exec format error';
  }
  const interpreter = /^#![ \t]*([^\s]+)/.exec(head.toString('latin1'))?.[1];
  if (interpreter === undefined) return 'exec format error';
  // What the function brings itself is at another place here; the start will tell.
  if (/^\/(var\/task|opt)\//.test(interpreter)) return undefined;
  const exists = await stat(interpreter).then(
    () => true,
    () => false,
  );
  return exists ? undefined : 'no such file or directory';
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
