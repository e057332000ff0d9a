/** STS with a key of its own and a real clock that tests set. */
import { randomBytes } from 'node:crypto';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { Service } from '../../../src/ports/service.ts';
import type { AssumeRoleDependencies } from '../../../src/services/sts/assume-role.ts';
import { SessionTokens, TOKEN_KEY_BYTES } from '../../../src/services/sts/session-tokens.ts';
import { stsService } from '../../../src/services/sts/sts.ts';
import type { StsOperations } from '../../../src/services/sts/sts-operations.ts';
import type { WebIdentityDependencies } from '../../../src/services/sts/web-identity.ts';

export const NOW_MS = Date.UTC(2026, 0, 2);

export interface OpenedSts {
  readonly service: Service;
  readonly operations: StsOperations;
  readonly tokens: SessionTokens;
  /** Of another server that has the same key. */
  reopen(): SessionTokens;
}

type Dependencies = Omit<AssumeRoleDependencies & WebIdentityDependencies, 'tokens'>;

const NOTHING: Dependencies = {
  role: () => undefined,
  requireTrust: undefined,
  identityProvider: () => undefined,
  fetchJson: () => Promise.reject(new Error('nothing is to be fetched')),
  requireFederation: undefined,
};

export function openTestSts(dependencies: Partial<Dependencies> = {}): OpenedSts {
  const key = randomBytes(TOKEN_KEY_BYTES);
  const open = (): SessionTokens => new SessionTokens(key, randomIds, () => NOW_MS);
  const tokens = open();
  const service = stsService({ ...NOTHING, ...dependencies, tokens });
  return { service, operations: service.operations as StsOperations, tokens, reopen: open };
}
