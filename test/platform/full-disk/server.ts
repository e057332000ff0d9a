/** A server on the data directory it is given; prints its origin, or in a line why it cannot start. */
import { PlatformError } from '../../../src/core/errors.ts';
import { start } from '../../../src/index.ts';

try {
  const platform = await start({
    port: 0,
    dataDir: process.argv[2]!,
    isolation: 'process',
    logLevel: 'silent',
  });
  console.log(platform.origin);
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  console.log(`${error.message}. ${error.remedy}`);
}
