/** A server in a process of its own, for tests that kill it: prints its origin. */
import { start } from '../../../src/index.ts';

const [dataDir, python] = process.argv.slice(2);
const platform = await start({
  port: 0,
  dataDir: dataDir!,
  logLevel: 'error',
  isolation: 'process',
  runtimes: { 'python3.12': python! },
});
process.stdout.write(`${platform.origin}\n`);
