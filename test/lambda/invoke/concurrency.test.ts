/** Limits that no test could reach over the wire without minding the time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Concurrency } from '../../../src/lambda/invoke/concurrency.ts';
import { frozenClock, functionRecord } from './fixtures.ts';

/** Of an account and region. Source: Lambda quotas, default. */
const ACCOUNT_LIMIT = 1_000;

/** A clock at which only what the test says passes, and settings that the test changes. */
function newConcurrency(reserved: Record<string, number> = {}, provisioned: Record<string, number> = {}) {
  let nowMs = 0;
  let changed: (name: ReturnType<typeof functionRecord>) => void = () => {};
  const settings = {
    reserved: ({ functionName }: { functionName: string }) => reserved[functionName],
    provisionedTotal: ({ functionName }: { functionName: string }) => provisioned[functionName] ?? 0,
    unreserved: () => ACCOUNT_LIMIT - Object.values(reserved).reduce((sum, one) => sum + one, 0),
    onChange: (listener: typeof changed) => {
      changed = listener;
    },
  };
  const throttled: string[] = [];
  const metrics = {
    throttled: ({ functionName }: { functionName: string }) => void throttled.push(functionName),
  };
  const clock = { ...frozenClock, monotonic: () => nowMs };
  const concurrency = new Concurrency(clock, settings as never, { onChange: () => {} }, metrics);
  const use = (functionName: string) => concurrency.of(functionRecord({ functionName }));
  return {
    use,
    throttled,
    pass: (ms: number) => {
      nowMs += ms;
    },
    reserve: (functionName: string, executions: number | undefined) => {
      if (executions === undefined) delete reserved[functionName];
      else reserved[functionName] = executions;
      changed(functionRecord({ functionName }));
    },
  };
}

/** How often `act` works until AWS's error for `reason` comes. */
function timesUntil(reason: string, act: () => void): number {
  for (let times = 0; ; times += 1) {
    try {
      act();
    } catch (error) {
      assert.equal((error as Error).name, 'TooManyRequestsException');
      assert.equal((error as { members?: { Reason?: string } }).members?.Reason, reason);
      return times;
    }
  }
}

describe('requests a second', () => {
  test('are ten times the concurrency that a function has reserved', () => {
    const { use, pass } = newConcurrency({ f: 3 });
    const request = (): void => use('f').request();
    assert.equal(timesUntil('ReservedFunctionInvocationRateLimitExceeded', request), 30);
    pass(500);
    assert.equal(timesUntil('ReservedFunctionInvocationRateLimitExceeded', request), 15);
    pass(60_000);
    assert.equal(timesUntil('ReservedFunctionInvocationRateLimitExceeded', request), 30);
  });

  test('are limited as much where all that is reserved is provisioned, and where nothing is reserved nothing begins', () => {
    const { use } = newConcurrency({ f: 2, g: 0 }, { f: 2 });
    const request = (): void => use('f').request();
    assert.equal(timesUntil('ReservedFunctionInvocationRateLimitExceeded', request), 20);
    for (let count = 0; count < 100; count += 1) use('g').request();
    assert.equal(
      timesUntil('ReservedFunctionConcurrentInvocationLimitExceeded', () => use('g').begin()),
      0,
    );
  });

  test('are ten times the concurrency of the account for all other functions together', () => {
    const { use, throttled } = newConcurrency({ f: 3 });
    for (let count = 0; count < 4_000; count += 1) use('g').request();
    const request = (): void => use('h').request();
    assert.equal(timesUntil('FunctionInvocationRateLimitExceeded', request), 6_000);
    use('f').request();
    assert.deepEqual(throttled, ['h']);
  });
});

test('a function grows by 1,000 environments at once and 100 more each second, whatever others do', () => {
  const { use, pass } = newConcurrency();
  const grow = (): void => void use('f').grow();
  assert.equal(timesUntil('FunctionInvocationRateLimitExceeded', grow), 1_000);
  use('g').grow();
  pass(10_000);
  assert.equal(timesUntil('FunctionInvocationRateLimitExceeded', grow), 1_000);
  pass(1_000);
  const takeBack = use('f').grow();
  assert.equal(timesUntil('FunctionInvocationRateLimitExceeded', grow), 99);
  takeBack();
  assert.equal(timesUntil('FunctionInvocationRateLimitExceeded', grow), 1, 'a start that was not needed');
});

describe('what runs while reserved concurrency changes', () => {
  test('counts for the function from then on, and no more for the account', () => {
    const { use, reserve } = newConcurrency();
    for (let count = 0; count < 5; count += 1) use('f').begin();
    reserve('f', 6);
    assert.equal(
      timesUntil('ReservedFunctionConcurrentInvocationLimitExceeded', () => use('f').begin()),
      1,
    );
    const other = (): void => use('g').begin();
    assert.equal(timesUntil('ConcurrentInvocationLimitExceeded', other), ACCOUNT_LIMIT - 6);
    for (let count = 0; count < 6; count += 1) use('f').end();
    assert.equal(timesUntil('ConcurrentInvocationLimitExceeded', other), 0);
  });

  test('counts for the account again when nothing is reserved any more', () => {
    const { use, reserve } = newConcurrency({ f: 6 });
    for (let count = 0; count < 6; count += 1) use('f').begin();
    reserve('f', undefined);
    const other = (): void => use('g').begin();
    assert.equal(timesUntil('ConcurrentInvocationLimitExceeded', other), ACCOUNT_LIMIT - 6);
    use('f').end();
    assert.equal(timesUntil('ConcurrentInvocationLimitExceeded', other), 1);
  });
});
