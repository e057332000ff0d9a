/** Reports of a fetch in the server's log, while it runs: how much is there of how much. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../ports/log.ts';

const REPORT_INTERVAL_MS = 2_000;
const BYTES_PER_MEGABYTE = 1_000_000;

export interface Fetch {
  /** For example `Node.js 22`. */
  readonly what: string;
  /** Where it grows. */
  readonly directory: string;
  readonly expectedMegabytes: number;
  readonly log: Log;
}

export async function reportingProgress<T>(fetch: Fetch, work: () => Promise<T>): Promise<T> {
  const { what, directory, expectedMegabytes, log } = fetch;
  log.info({ expectedMegabytes }, `Fetching ${what}, once.`);
  let reported = Promise.resolve();
  const timer = setInterval(() => {
    reported = megabytesIn(directory).then((megabytes) =>
      log.info(
        { megabytes, expectedMegabytes },
        `Fetching ${what}: ${megabytes} of about ${expectedMegabytes} MB.`,
      ),
    );
  }, REPORT_INTERVAL_MS);
  try {
    const result = await work();
    log.info({ megabytes: await megabytesIn(directory) }, `Fetched ${what}.`);
    return result;
  } finally {
    clearInterval(timer);
    await reported;
  }
}

async function megabytesIn(directory: string): Promise<number> {
  // Files come and go under the eyes of this.
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / BYTES_PER_MEGABYTE);
}

/** What a program said of its failure, in one line: its last error line where it wrote any. */
export function firstLine(error: Error & { readonly stderr?: string }): string {
  const lines = (error.stderr || error.message).trim().split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? error.message).trim();
}
