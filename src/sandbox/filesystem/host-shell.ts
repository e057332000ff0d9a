/**
 * The host's shell with the libraries it is linked to, in a directory of their own: it runs inside of container images,
 * which need have neither. AWS keeps its own first process at the same place in an image.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, open, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SHELL = '/bin/sh';

/** Where it is inside. */
export const SHELL_DIRECTORY = '/var/rapid';

/** Source: "Executable and Linkable Format", for 64 bits, little endian: the layout of the headers. */
const ELF_MAGIC = '\x7fELF';
const HEADER_BYTES = 64;
const PROGRAM_HEADERS_OFFSET = 32;
const PROGRAM_HEADER_BYTES_OFFSET = 54;
const PROGRAM_HEADERS_COUNT_OFFSET = 56;
const INTERPRETER_TYPE = 3;

export interface HostShell {
  /** On the host; anyone may read it. */
  readonly directory: string;
  /** Starts the shell inside, its arguments follow. */
  readonly command: readonly string[];
}

/** Copies the shell below `directory`. */
export async function prepareShell(directory: string): Promise<HostShell> {
  const place = join(directory, 'shell');
  await mkdir(place, { mode: 0o755 });
  const program = await realpath(SHELL);
  await copyFile(program, join(place, 'sh'));
  const inside = join(SHELL_DIRECTORY, 'sh');
  const loader = await interpreterOf(program);
  if (loader === undefined) return { directory: place, command: [inside] };
  await copyFile(loader, join(place, 'loader'));
  for (const library of await librariesOf(loader, program))
    await copyFile(library, join(place, basename(library)));
  // The path that it is given comes before whatever variables say, and the image's own cache of libraries.
  const command = [join(SHELL_DIRECTORY, 'loader'), '--library-path', SHELL_DIRECTORY, inside];
  return { directory: place, command };
}

/** The program that loads another one's libraries; undefined for one that needs none. */
export async function interpreterOf(program: string): Promise<string | undefined> {
  const file = await open(program);
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    await file.read(header, 0, HEADER_BYTES, 0);
    if (header.toString('latin1', 0, ELF_MAGIC.length) !== ELF_MAGIC) return undefined;
    const size = header.readUInt16LE(PROGRAM_HEADER_BYTES_OFFSET);
    const headers = Buffer.alloc(size * header.readUInt16LE(PROGRAM_HEADERS_COUNT_OFFSET));
    await file.read(headers, 0, headers.length, Number(header.readBigUInt64LE(PROGRAM_HEADERS_OFFSET)));
    for (let at = 0; at < headers.length; at += size) {
      if (headers.readUInt32LE(at) !== INTERPRETER_TYPE) continue;
      const name = Buffer.alloc(Number(headers.readBigUInt64LE(at + 32)));
      await file.read(name, 0, name.length, Number(headers.readBigUInt64LE(at + 8)));
      return name.toString().replace(/\0.*$/, '');
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** `libc.so.6 => /lib/…/libc.so.6 (0x…)`, one a line, in the words of glibc and musl alike. */
async function librariesOf(loader: string, program: string): Promise<string[]> {
  const { stdout } = await run(loader, ['--list', program]);
  return [...stdout.matchAll(/^\s*\S+ => (\/\S+) \(/gm)].map(([, path]) => path!);
}
