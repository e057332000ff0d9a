/** Two servers: the one under test, and another that has some of its services. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { Asynchronous } from '../lambda/events/recording-function.ts';
import { openAsynchronous } from '../lambda/events/recording-function.ts';

export interface TwoServers extends Asynchronous {
  /** Where the services are. */
  readonly other: Platform;
}

/** For all tests of a file. The clock of the server under test stands still, the other one's does not. */
export async function twoServers(services: readonly string[]): Promise<TwoServers> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-remote-'));
  const other = await openPlatform({ pooledEnvironments: 0 });
  const endpoints = Object.fromEntries(services.map((service) => [service, other.origin]));
  const server = await openAsynchronous(directory, { endpoints });
  after(async () => {
    await server.close();
    await other.close();
    await rm(directory, { recursive: true });
  });
  return { ...server, other };
}

/** Resolves once the condition holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
