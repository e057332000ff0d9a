/** An ActiveMQ of its own for a test, from its Maven artefacts: on loopback, with what it keeps in a folder of its own. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../kit/free-port.ts';
import type { ChildServer } from './child-server.ts';
import { childServer } from './child-server.ts';

const SOURCES = fileURLToPath(new URL('activemq/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/selfsame/', import.meta.url));
const FETCH_TIMEOUT_MS = 10 * 60_000;

export const ACTIVEMQ_USER = { username: 'reader', password: 'a secret' };

/** Stopped and started again, it has what it has kept. */
export interface ActivemqServer extends ChildServer {
  readonly port: number;
  /** As `--broker` takes it. */
  readonly address: string;
  /** Stops it for good and removes what it has kept. */
  close(): Promise<void>;
}

export async function startActivemq(): Promise<ActivemqServer> {
  const jars = await fetchedJars();
  const folder = await mkdtemp(join(tmpdir(), 'selfsame-activemq-'));
  const port = await freePort();
  const { username, password } = ACTIVEMQ_USER;
  const server = childServer(
    'java',
    [
      ...['-Xmx128m', '-XX:+UseSerialGC', '-cp', join(jars, '*')],
      ...[join(SOURCES, 'Broker.java'), String(port), folder, username, password],
    ],
    { PATH: process.env['PATH'], HOME: folder },
    /The broker listens/,
  );
  const close = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { ...server, port, address: `amqp+activemq://127.0.0.1:${port}`, close };
}

/** Fetched once, by Maven, for each state of what is to be fetched. */
async function fetchedJars(): Promise<string> {
  const project = join(SOURCES, 'pom.xml');
  const hash = createHash('sha256')
    .update(await readFile(project))
    .digest('hex')
    .slice(0, 16);
  const jars = join(CACHE, `activemq-${hash}`);
  if (await readdir(jars).catch(() => undefined)) return jars;
  await mkdir(CACHE, { recursive: true });
  const output = await mkdtemp(`${jars}-`);
  await promisify(execFile)(
    'mvn',
    [
      ...['--quiet', '--batch-mode', '--file', project],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${output}`],
    ],
    { timeout: FETCH_TIMEOUT_MS },
  );
  // Another test may have been faster.
  await rename(output, jars).catch(() => rm(output, { recursive: true }));
  return jars;
}
