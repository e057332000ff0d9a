/** The reference of queues: the same records through bare SQLite transactions. `node bare-messages.ts <bytes> <ms>` prints cycles a second. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const BATCH = 10;
const [bytes = 0, durationMs = 0] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'selfsame-bench-'));
const database = new DatabaseSync(join(directory, 'messages.db'));
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
database.exec('CREATE TABLE messages (position INTEGER PRIMARY KEY, due INTEGER, content TEXT)');
const add = database.prepare('INSERT INTO messages VALUES (?, 0, ?)');
const receive = database.prepare('UPDATE messages SET due = ? WHERE position = ?');
const read = database.prepare('SELECT content FROM messages WHERE position = ?');
const remove = database.prepare('DELETE FROM messages WHERE position = ?');
const content = 'x'.repeat(bytes);

/** One transaction for ten messages, as a queue has one for each call. */
function batch(first: number, step: (position: number) => void): void {
  database.exec('BEGIN IMMEDIATE');
  for (let index = 0; index < BATCH; index += 1) step(first + index);
  database.exec('COMMIT');
}

let cycles = 0;
const startedAt = performance.now();
while (performance.now() - startedAt < durationMs) {
  const first = cycles * BATCH + 1;
  batch(first, (position) => add.run(position, content));
  batch(first, (position) => {
    receive.run(1, position);
    read.get(position);
  });
  batch(first, (position) => remove.run(position));
  cycles += 1;
}
process.stdout.write(String((cycles * 1_000) / (performance.now() - startedAt)));
database.close();
rmSync(directory, { recursive: true });
