/** A child process of the tests: holds the data directory named by its argument until it is killed. */
import { openDataDirectory } from '../../src/storage/data-directory.ts';

await openDataDirectory(process.argv[2]!);
process.stdout.write('open\n');
setInterval(() => undefined, 60_000);
