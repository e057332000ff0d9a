/**
 * A child process of the crash test: writes records, blobs and log events as fast as it can, several
 * at once, and prints each one's name once it is acknowledged. Killed by its parent at some moment.
 */
import { openDataDirectory } from '../../src/storage/data-directory.ts';
import { openFileBlobStore } from '../../src/storage/files/blob-store.ts';
import { openSqliteStateStore } from '../../src/storage/sqlite/state-store.ts';
import { openSqliteStreamLog } from '../../src/storage/stream-log/stream-log.ts';
import { RecordedLog } from './recorded-log.ts';

const WRITERS_OF_EACH_KIND = 4;

const log = new RecordedLog();
const round = process.argv[3]!;
const data = await openDataDirectory(process.argv[2]!);
const [state, logs, blobs] = await Promise.all([
  openSqliteStateStore({ file: data.records, log }),
  openSqliteStreamLog({ file: data.logs, log }),
  openFileBlobStore({ directory: data.blobs }),
]);

// The threads start with the first request, or the first write.
await logs.listGroups();
await state.commit([{ table: 'begun', key: round, value: round }]);

const acknowledge = (kind: string, name: string) => process.stdout.write(`${kind} ${name} .\n`);

async function repeat(writer: number, write: (name: string) => Promise<void>): Promise<never> {
  for (let count = 0; ; count++) await write(`${round}.${writer}.${count}`);
}

const writers = Array.from({ length: WRITERS_OF_EACH_KIND }, (_, writer) => [
  repeat(writer, async (name) => {
    await state.commit([
      { table: 'left', key: name, value: name },
      { table: 'right', key: name, value: name },
    ]);
    acknowledge('record', name);
  }),
  repeat(writer, async (name) => {
    const events = { timestampsMs: [1, 2], messages: [name, `${name} again`] };
    await logs.append([{ group: 'g', stream: `s${writer}`, ingestedMs: 1, ...events }]);
    acknowledge('event', name);
  }),
  repeat(writer, async (name) => {
    const { sha256 } = await blobs.put(Buffer.from(name));
    acknowledge('blob', `${sha256} ${name}`);
  }),
]);
process.stdout.write('started\n');
await Promise.all(writers.flat());
