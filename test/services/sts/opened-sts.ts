/** STS on a store of its own, with a real clock that tests set. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { randomIds } from '../../../src/platform/random-ids.ts';
import type { Service } from '../../../src/ports/service.ts';
import type { AssumeRoleDependencies } from '../../../src/services/sts/assume-role.ts';
import { SessionTokens } from '../../../src/services/sts/session-tokens.ts';
import { stsService } from '../../../src/services/sts/sts.ts';
import type { StsOperations } from '../../../src/services/sts/sts-operations.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

export const NOW_MS = Date.UTC(2026, 0, 2);

export interface OpenedSts {
  readonly service: Service;
  readonly operations: StsOperations;
  readonly tokens: SessionTokens;
  /** Of another server that has the same store. */
  reopen(): Promise<SessionTokens>;
}

export async function openTestSts(
  test: TestContext,
  dependencies: Partial<Omit<AssumeRoleDependencies, 'tokens'>> = {},
): Promise<OpenedSts> {
  const file = join(await scratchDirectory(test), 'records.db');
  const state = await openSqliteStateStore({ file, log: new RecordedLog() });
  test.after(() => state.close());
  const open = (): Promise<SessionTokens> => SessionTokens.open(state, randomIds, () => NOW_MS);
  const tokens = await open();
  const service = stsService({ role: () => undefined, requireTrust: undefined, ...dependencies, tokens });
  return { service, operations: service.operations as StsOperations, tokens, reopen: open };
}
