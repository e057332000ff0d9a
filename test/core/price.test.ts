import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BilledInvocation, MonthlyUsage } from '../../src/core/price.ts';
import { addedUsage, formatUsd, invocationPrice, monthlyPrice, NO_USAGE } from '../../src/core/price.ts';

const INVOCATION: BilledInvocation = {
  billedDurationMs: 1_000,
  memoryMb: 1_024,
  ephemeralStorageMb: 512,
  architecture: 'x86_64',
};

test('an invocation of one GB-second costs the request and one GB-second', () => {
  const price = invocationPrice(INVOCATION);
  assertUsd(price.requestUsd, 0.0000002);
  assertUsd(price.durationUsd, 0.0000166667);
  assert.equal(price.ephemeralStorageUsd, 0);
  assertUsd(price.totalUsd, 0.0000168667);
});

test('arm64 costs a fifth less by duration, the same by request', () => {
  const price = invocationPrice({ ...INVOCATION, architecture: 'arm64' });
  assertUsd(price.durationUsd, 0.0000133334);
  assertUsd(price.requestUsd, 0.0000002);
});

test('memory and billed duration multiply: 128 MB for 8 s is one GB-second', () => {
  assertUsd(
    invocationPrice({ ...INVOCATION, memoryMb: 128, billedDurationMs: 8_000 }).durationUsd,
    0.0000166667,
  );
});

test('only /tmp beyond 512 MB costs', () => {
  assert.equal(invocationPrice({ ...INVOCATION, ephemeralStorageMb: 512 }).ephemeralStorageUsd, 0);
  // The pricing page's unit: 10,240 MB are 9.5 GB beyond the included 512 MB.
  assertUsd(
    invocationPrice({ ...INVOCATION, ephemeralStorageMb: 10_240 }).ephemeralStorageUsd,
    9.5 * 0.0000000309,
  );
});

test('a month within the free tier costs nothing, one request and one GB-second more cost just those', () => {
  const free = usage({ requests: 1_000_000, gbSeconds: { x86_64: 400_000, arm64: 0 } });
  assert.equal(monthlyPrice(free).totalUsd, 0);
  const more = usage({ requests: 1_000_001, gbSeconds: { x86_64: 400_001, arm64: 0 } });
  assertUsd(monthlyPrice(more).totalUsd, 0.0000002 + 0.0000166667);
});

test('both architectures share the free GB-seconds', () => {
  const price = monthlyPrice(usage({ requests: 0, gbSeconds: { x86_64: 300_000, arm64: 300_000 } }));
  assertUsd(price.durationUsd, 200_000 * 0.0000133334);
});

test("AWS's example: 3 million invocations of 120 ms with 1,536 MB cost 2.73 dollars", () => {
  // "540,000 total GB-s - 400,000 free tier GB-s = 140,000 GB-s", "2M requests * $0.2/M = $0.40".
  const price = monthlyPrice(usage({ requests: 3e6, gbSeconds: { x86_64: 3e6 * 0.12 * 1.5, arm64: 0 } }));
  assert.equal(price.requestUsd.toFixed(2), '0.40');
  assert.equal(price.durationUsd.toFixed(2), '2.33');
  assert.equal(formatUsd(price.totalUsd), '$2.73');
});

test('beyond a tier only the rest gets the lower price', () => {
  const free = 400_000;
  const x86 = monthlyPrice(usage({ requests: 0, gbSeconds: { x86_64: 16e9 + free, arm64: 0 } }));
  assertUsd(x86.durationUsd, 6e9 * 0.0000166667 + 9e9 * 0.000015 + 1e9 * 0.0000133334);
  const arm = monthlyPrice(usage({ requests: 0, gbSeconds: { x86_64: 0, arm64: 20e9 + free } }));
  assertUsd(arm.durationUsd, 7.5e9 * 0.0000133334 + 11.25e9 * 0.0000120001 + 1.25e9 * 0.0000106667);
});

test('usage adds up invocation by invocation', () => {
  const month = addedUsage(addedUsage(NO_USAGE, INVOCATION), {
    ...INVOCATION,
    architecture: 'arm64',
    ephemeralStorageMb: 1_536,
  });
  assert.deepEqual(month, { requests: 2, gbSeconds: { x86_64: 1, arm64: 1 }, ephemeralGbSeconds: 1 });
});

test('the price of an invocation is shown with the digits that matter', () => {
  assert.equal(formatUsd(0.0000002083), '$0.0000002083');
  assert.equal(formatUsd(12.5), '$12.50');
  assert.equal(formatUsd(0), '$0.00');
});

function usage(part: Omit<MonthlyUsage, 'ephemeralGbSeconds'>): MonthlyUsage {
  return { ...NO_USAGE, ...part };
}

/** Equal but for what binary fractions cannot hold. */
function assertUsd(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 1e-9, `${actual} is not ${expected}`);
}
