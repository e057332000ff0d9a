import { PlatformError } from '../../core/errors.ts';
import { createServer } from '../../core/node-http.ts';
import { DEFAULT_HOST, DEFAULT_PORT } from '../../platform/options.ts';
import { addressesOf, bind } from '../../wire/server/address.ts';
import { readHealth } from '../client/server.ts';
import type { Settings } from '../settings/settings.ts';
import type { Finding } from './finding.ts';

/** Free, or taken by a selfsame: both are well. */
export async function checkPort({ port = DEFAULT_PORT, host = DEFAULT_HOST }: Settings): Promise<Finding> {
  const subject = 'port';
  const [address] = addressesOf(host);
  const server = createServer();
  try {
    await bind(server, address!, port);
    return { subject, status: 'ok', finding: `${port} on ${host} is free` };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const health = await readHealth(`http://${address!.includes(':') ? `[${address}]` : address}:${port}`);
    if (health !== undefined) {
      return { subject, status: 'ok', finding: `${port} is served by selfsame ${health.version}` };
    }
    return { subject, status: 'fail', finding: error.message, remedy: error.remedy };
  } finally {
    server.close();
  }
}
