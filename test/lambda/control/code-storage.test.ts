import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlContext } from '../../../src/lambda/control/control-context.ts';
import { checkStorage } from '../../../src/lambda/control/function-code.ts';
import { layerOperations } from '../../../src/lambda/control/layer-operations.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import type { RequestContext } from '../../../src/ports/service.ts';

/** AWS's quota of code in one region, bytes: 75 GB. */
const QUOTA_BYTES = 80_530_636_800;

const EXCEEDED = { name: 'CodeStorageExceededException', message: 'Code storage limit exceeded.' };

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
  assert.throws(() => checkStorage(context, '1', 'here', codeOf(11)), EXCEEDED);
  checkStorage(context, '2', 'here', codeOf(11));
});

test('layers count to that, and no more of them are stored either', async () => {
  const caller = { accountId: '1', region: 'here' };
  let settled = 0;
  const context = {
    table: { all: () => [{ ...caller, code: codeOf(QUOTA_BYTES - 20) }] },
    layers: { all: () => [{ ...caller, code: codeOf(10) }] },
    packages: {
      ingest: async (zip: Uint8Array) => ({
        ...codeOf(zip.length),
        unpackedBytes: 1,
        settle: () => {
          settled += 1;
        },
      }),
    },
  } as unknown as ControlContext;
  checkStorage(context, '1', 'here', codeOf(10));
  assert.throws(() => checkStorage(context, '1', 'here', codeOf(11)), EXCEEDED);
  const input = { LayerName: 'large', Content: { ZipFile: new Uint8Array(11) } };
  await assert.rejects(
    layerOperations(context).PublishLayerVersion(input, caller as unknown as RequestContext),
    EXCEEDED,
  );
  assert.equal(settled, 1, 'the package is not kept');
});
