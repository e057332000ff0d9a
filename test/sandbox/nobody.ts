/** What a test of sandboxes needs where nobody listens and nothing is said. */
import type {
  EnvironmentListener,
  EnvironmentSpec,
  RuntimeInstallation,
} from '../../src/ports/environment.ts';
import type { Log } from '../../src/ports/log.ts';

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export const NOBODY: EnvironmentListener = {
  ready() {},
  initError() {},
  response() {},
  responseChunk: () => undefined,
  error() {},
  output() {},
  leaving() {},
  exit() {},
};

/** The Node.js that runs the test. */
export const NODE: RuntimeInstallation = {
  runtime: 'nodejs24.x',
  family: 'nodejs',
  interpreter: process.execPath,
  directories: [],
  origin: 'the test',
};

export function specBelow(codeDirectory: string, changes: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    environmentId: '0'.repeat(32),
    installation: NODE,
    codeDirectory,
    handler: 'index.handler',
    variables: {},
    endpoint: 'http://127.0.0.1:1',
    memoryMb: 128,
    ephemeralStorageMb: 512,
    logFormat: 'text',
    ...changes,
  };
}
