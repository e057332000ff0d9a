/** A whole server for tests: on a free port of loopback, with a data directory that vanishes. */
import type { TestContext } from 'node:test';
import type { Platform, StartOptions } from '../../src/index.ts';
import { start } from '../../src/index.ts';

/** What an SDK client is made with to use the server. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly disableHostPrefix: true;
}

export const TEST_REGION = 'us-east-1';

export const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** For all tests of a file or suite, which closes it. It fetches nothing unless `options` say so. */
export function openPlatform(options: StartOptions = {}): Promise<Platform> {
  return start({ port: 0, dataDir: 'temporary', logLevel: 'error', fetchRuntimes: false, ...options });
}

/** For one test: closed when that ends. */
export async function startedPlatform(context: TestContext, options: StartOptions = {}): Promise<Platform> {
  const platform = await openPlatform(options);
  context.after(() => platform.close());
  return platform;
}

/** One attempt only: a test wants to see the first answer. */
export function clientSettings(platform: Platform): ClientSettings {
  return {
    endpoint: platform.origin,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
    disableHostPrefix: true,
  };
}
