/** A server in a process of its own, for tests that kill it: prints its origin. */
import { start } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';

const [dataDir, python, isolation] = process.argv.slice(2);
const platform = await start({
  port: 0,
  dataDir: dataDir!,
  logLevel: 'error',
  fetchRuntimes: false,
  isolation: isolation as IsolationLevel,
  runtimes: { 'python3.12': python! },
});
process.stdout.write(`${platform.origin}\n`);
