import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlContext } from '../../../src/lambda/control/control-context.ts';
import { checkStorage } from '../../../src/lambda/control/function-code.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';

/** AWS's quota of code in one region, bytes: 75 GB. */
const QUOTA_BYTES = 80_530_636_800;

function codeOf(sizeBytes: number): FunctionRecord['code'] {
  return { blob: '', sha256Base64: '', sizeBytes };
}

test('code beyond 75 GB of an account and region is refused, whatever others have', () => {
  const stored = [
    { accountId: '1', region: 'here', code: codeOf(QUOTA_BYTES - 10) },
    { accountId: '1', region: 'elsewhere', code: codeOf(1_000) },
    { accountId: '2', region: 'here', code: codeOf(1_000) },
  ] as FunctionRecord[];
  const context = { table: { all: () => stored }, layers: { all: () => [] } } as unknown as ControlContext;
  checkStorage(context, '1', 'here', codeOf(10));
  assert.throws(() => checkStorage(context, '1', 'here', codeOf(11)), {
    name: 'CodeStorageExceededException',
    message: 'Code storage limit exceeded.',
  });
  checkStorage(context, '2', 'here', codeOf(11));
});
