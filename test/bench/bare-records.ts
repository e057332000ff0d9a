/** The reference of streams: the same records through bare SQLite transactions. `node bare-records.ts <bytes> <ms>` prints batches of ten a second. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const BATCH = 10;
const [bytes = 0, durationMs = 0] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'selfsame-bench-'));
const database = new DatabaseSync(join(directory, 'records.db'));
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
database.exec('CREATE TABLE records (position INTEGER PRIMARY KEY, key TEXT, data BLOB)');
const add = database.prepare('INSERT INTO records VALUES (?, ?, ?)');
const data = Buffer.alloc(bytes, 'x');

let batches = 0;
const startedAt = performance.now();
while (performance.now() - startedAt < durationMs) {
  database.exec('BEGIN IMMEDIATE');
  for (let index = 0; index < BATCH; index += 1) {
    const position = batches * BATCH + index + 1;
    add.run(position, `key${position}`, data);
  }
  database.exec('COMMIT');
  batches += 1;
}
process.stdout.write(String((batches * 1_000) / (performance.now() - startedAt)));
database.close();
rmSync(directory, { recursive: true });
