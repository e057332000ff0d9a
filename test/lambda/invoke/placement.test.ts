/** What is held for the environments of a function, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlacementDependencies } from '../../../src/lambda/invoke/placement.ts';
import { functionRecord, invocation, newPlacement } from './fixtures.ts';

/** Longer than an environment may be idle, milliseconds. */
const LONG_IDLE_MS = 20 * 60_000;

class CountedPackages {
  held = 0;

  async acquire(): Promise<string> {
    this.held += 1;
    return '/code';
  }

  acquireMerged(): Promise<string> {
    return this.acquire();
  }

  companion(): string {
    return '/companion';
  }

  release(): void {
    this.held -= 1;
  }
}

test('the package of a tenant that stays away is given back, and is there again when it returns', async (context) => {
  const packages = new CountedPackages();
  const { placement, clock } = newPlacement(context, { packages });
  const record = functionRecord({ tenantIsolationMode: 'PER_TENANT' });
  const serve = async (tenantId: string): Promise<void> => {
    const environment = await placement.acquire(record, tenantId);
    await environment.invoke(invocation({ tenantId }));
    // It is idle from the next turn of the loop on.
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const tenantId of ['blue', 'green', 'blue']) await serve(tenantId);
  assert.deepEqual([placement.environmentCount, packages.held], [2, 2]);
  await clock.advance(LONG_IDLE_MS);
  assert.deepEqual([placement.environmentCount, packages.held], [0, 0]);
  await serve('blue');
  assert.deepEqual([placement.environmentCount, packages.held], [1, 1]);
});

test('a package is given back where the variables of its version cannot be read', async (context) => {
  const environmentError = { code: 'KMSAccessDeniedException', message: 'no' };
  const record = functionRecord({ version: '1', snapStartApplyOn: 'PublishedVersions', environmentError });
  const packages = new CountedPackages();
  const directory = {
    onChange: () => {},
    find: () => record,
  } as unknown as PlacementDependencies['directory'];
  const { placement } = newPlacement(context, { packages, directory });
  const managed = { ...record, capacity: { providerArn: 'arn' } };
  for (const start of [() => placement.takeSnapshot(record), () => placement.managedStart(managed)]) {
    await assert.rejects(start, { code: 'KMSAccessDeniedException' });
    assert.equal(packages.held, 0);
  }
});
