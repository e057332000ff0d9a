/**
 * Lives on a small disk of its own, which vanishes with it, and does what it is told line by line:
 * `start`, `kill`, `fill`, `free`. Answers a line each.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const directory = process.argv[2]!;
const filler = join(directory, 'filler');
let server: ChildProcess | undefined;

async function startServer(): Promise<string> {
  const program = fileURLToPath(new URL('server.ts', import.meta.url));
  server = spawn(process.execPath, [program, join(directory, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string];
  return line;
}

async function killServer(): Promise<string> {
  if (server!.exitCode === null) {
    const exit = once(server!, 'exit');
    server!.kill('SIGKILL');
    await exit;
  }
  return 'killed';
}

/** Writes until not even a page is free. */
async function fill(): Promise<string> {
  const file = await open(filler, 'a');
  try {
    for (let size = 1024 * 1024; size >= 4096; ) {
      try {
        await file.write(Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size /= 2;
      }
    }
  } finally {
    await file.close();
  }
  return 'full';
}

async function free(): Promise<string> {
  await rm(filler, { force: true });
  return 'free';
}

const COMMANDS: Readonly<Record<string, () => Promise<string>>> = {
  start: startServer,
  kill: killServer,
  fill,
  free,
};

process.on('exit', () => server?.kill('SIGKILL'));
for await (const line of createInterface({ input: process.stdin })) console.log(await COMMANDS[line]!());
// The server would keep this process; it ends with it.
process.exit();
