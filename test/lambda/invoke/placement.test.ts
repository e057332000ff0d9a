/** What is held for the tenants of a function, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Placement } from '../../../src/lambda/invoke/placement.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { SettableClock } from '../../services/settable-clock.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { functionRecord, invocation, MemoryLogSink, NOW_MS } from './fixtures.ts';

/** Longer than an environment may be idle, milliseconds. */
const LONG_IDLE_MS = 20 * 60_000;

test('the package of a tenant that stays away is given back, and is there again when it returns', async (context) => {
  const clock = new SettableClock(NOW_MS);
  const sandbox = new FakeSandbox();
  sandbox.behave = (runtime) => {
    runtime.onInvoke = () => runtime.respond('{}');
    runtime.listener.ready();
  };
  let held = 0;
  const placement = new Placement({
    clock,
    ids: randomIds,
    sandbox,
    logSink: new MemoryLogSink(),
    endpoint: () => 'http://127.0.0.1:4566',
    roleCredentials: () => ({ accessKeyId: '', secretAccessKey: '', sessionToken: '' }),
    admitStart: () => {},
    readable: async (record: FunctionRecord) => record,
    catalog: {
      resolve: async (runtime: string) => ({ available: true, installation: { runtime, directories: [] } }),
    },
    packages: {
      acquire: async () => {
        held += 1;
        return '/code';
      },
      release: () => {
        held -= 1;
      },
    },
    directory: { onChange: () => {} },
  } as never);
  context.after(() => placement.close());
  const record = functionRecord({ tenantIsolationMode: 'PER_TENANT' });
  const serve = async (tenantId: string): Promise<void> => {
    const environment = await placement.acquire(record, tenantId);
    await environment.invoke(invocation({ tenantId }));
    // It is idle from the next turn of the loop on.
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const tenantId of ['blue', 'green', 'blue']) await serve(tenantId);
  assert.deepEqual([placement.environmentCount, held], [2, 2]);
  await clock.advance(LONG_IDLE_MS);
  assert.deepEqual([placement.environmentCount, held], [0, 0]);
  await serve('blue');
  assert.deepEqual([placement.environmentCount, held], [1, 1]);
});
