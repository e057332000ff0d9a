import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/selfsame/', import.meta.url));
const FETCH_TIMEOUT_MS = 10 * 60_000;

/** The folder with what a project of Maven depends on, fetched once for each state of `project`, a `pom.xml`. */
export async function mavenJars(name: string, project: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(project))
    .digest('hex')
    .slice(0, 16);
  const jars = `${CACHE}${name}-${hash}`;
  if (await readdir(jars).catch(() => undefined)) return jars;
  await mkdir(CACHE, { recursive: true });
  const output = await mkdtemp(`${jars}-`);
  await promisify(execFile)(
    'mvn',
    [
      ...['--quiet', '--batch-mode', '--file', project],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${output}`, '-DincludeScope=runtime'],
    ],
    { timeout: FETCH_TIMEOUT_MS },
  );
  // Another test may have been faster.
  await rename(output, jars).catch(() => rm(output, { recursive: true }));
  return jars;
}
