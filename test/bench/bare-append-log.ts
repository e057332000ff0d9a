/**
 * The reference of durable acceptance: a log that so many writers append to, each waiting until its entry is on
 * disk; what comes while the disk is busy shares the next sync. Prints entries a second.
 * `node bare-append-log.ts <writers> <bytes> <milliseconds>`
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [writers, bytes, durationMs] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'selfsame-bench-log-'));
const file = await open(join(directory, 'log'), 'a');
const entry = Buffer.alloc(bytes!, 'x');
let waiting: (() => void)[] = [];
let isSyncing = false;

async function sync(): Promise<void> {
  if (isSyncing) return;
  isSyncing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    await file.writev(batch.map(() => entry));
    await file.datasync();
    for (const resolve of batch) resolve();
  }
  isSyncing = false;
}

let appended = 0;
const startedAt = performance.now();
const write = async (): Promise<void> => {
  while (performance.now() - startedAt < durationMs!) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      void sync();
    });
    appended += 1;
  }
};
await Promise.all(Array.from({ length: writers! }, write));
process.stdout.write(String((appended * 1_000) / (performance.now() - startedAt)));
await file.close();
await rm(directory, { recursive: true });
