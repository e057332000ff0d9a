/** What tests of services under kills begin with. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ClientSettings } from '../kit/started-platform.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../kit/started-platform.ts';
import { KilledServer } from './killed-server.ts';
import { SeededRandom } from './seeded-random.ts';

export interface KilledService {
  readonly server: KilledServer;
  /** Its seed has been printed. */
  readonly random: SeededRandom;
  /** Where the server keeps its data. */
  readonly directory: string;
  /** For clients that do not try again: what they are answered is what the server has said. */
  readonly settings: ClientSettings;
}

/** Ends, and leaves nothing, with the test. */
export async function killedService(context: TestContext): Promise<KilledService> {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-faults-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const server = await KilledServer.start(directory);
  context.after(() => server.stop());
  const settings = {
    endpoint: server.origin,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
    disableHostPrefix: true,
  } as const;
  return { server, random, directory, settings };
}
