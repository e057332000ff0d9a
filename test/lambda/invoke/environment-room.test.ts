/** Which environments give way when the host needs room. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Environment } from '../../../src/lambda/invoke/environment.ts';
import { KEPT_FREE, ROOM_INTERVAL_MS } from '../../../src/lambda/invoke/environment-room.ts';
import type { Placement } from '../../../src/lambda/invoke/placement.ts';
import type { FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import { startedPlatform } from '../../kit/started-platform.ts';
import { deploy } from '../../runtimes/deployed-function.ts';
import type { SettableClock } from '../../services/settable-clock.ts';
import { functionRecord, invocation, newPlacement } from './fixtures.ts';

const TOTAL = 1_000;
/** What one environment of these tests takes. */
const EACH = 100;

interface Host {
  readonly clock: SettableClock;
  readonly placement: Placement;
  /** What others than environments take. */
  others: number;
  /** Names of the functions that have environments. */
  alive(): string[];
  serve(functionName: string): Promise<void>;
}

function host(context: TestContext, maxEnvironments?: number): Host {
  const made: Environment[] = [];
  const living = (): Environment[] => made.filter(({ state }) => state !== 'dead');
  const read = () => ({ total: TOTAL, available: TOTAL - self.others - EACH * living().length });
  const { placement, clock } = newPlacement(context, {
    room: {
      memory: { read },
      maxEnvironments,
      refusal: ({ functionName }) => new Error(`no place for ${functionName}`),
    },
  });
  const self: Host = {
    clock,
    placement,
    others: 0,
    alive: () => living().map(({ record }) => record.functionName),
    serve: async (functionName) => {
      const environment = await placement.acquire(recordOf(functionName), undefined);
      if (!made.includes(environment)) made.push(environment);
      await environment.invoke(invocation({}));
      // It is idle from the next turn of the loop on.
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1);
    },
  };
  return self;
}

function recordOf(functionName: string): FunctionRecord {
  return functionRecord({ functionName, generation: functionName });
}

test('what has been idle longest gives way when memory is short, of whichever function, and no more than has to', async (context) => {
  const busy = host(context);
  for (const name of ['a', 'b', 'c', 'a']) await busy.serve(name);
  busy.others = TOTAL - 3 * EACH - TOTAL * KEPT_FREE + 1;
  await busy.clock.advance(ROOM_INTERVAL_MS);
  assert.deepEqual(busy.alive(), ['a', 'c']);
  busy.others += EACH;
  await busy.serve('d');
  assert.deepEqual(busy.alive(), ['a', 'd']);
});

test('what is provisioned never gives way, nor does what is busy', async (context) => {
  const busy = host(context);
  const pool = busy.placement.provision(recordOf('provisioned'), () => {});
  pool.resize(1);
  await busy.serve('a');
  const working = await busy.placement.acquire(recordOf('working'), undefined);
  assert.equal(busy.placement.environmentCount, 3);
  busy.others = TOTAL;
  await busy.clock.advance(ROOM_INTERVAL_MS);
  assert.deepEqual(busy.alive(), []);
  assert.equal(busy.placement.environmentCount, 2);
  assert.equal(working.state, 'ready');
  assert.equal(pool.size, 1);
});

test('at the most that may be, the longest idle one makes its place for another function', async (context) => {
  const small = host(context, 2);
  for (const name of ['a', 'b', 'a', 'c']) await small.serve(name);
  assert.deepEqual(small.alive(), ['a', 'c']);
});

test('where all that may be are busy, one more is refused, and a place is free again afterwards', async (context) => {
  const small = host(context, 2);
  const busy = [
    await small.placement.acquire(recordOf('a'), undefined),
    await small.placement.acquire(recordOf('b'), undefined),
  ];
  await assert.rejects(small.serve('c'), { message: 'no place for c' });
  await busy[0]!.stop();
  await small.serve('c');
  assert.equal(small.placement.environmentCount, 2);
});

test('starts at once take no more places than there are', async (context) => {
  const small = host(context, 2);
  const names = ['a', 'b', 'c', 'd'];
  const outcomes = await Promise.allSettled(
    names.map((name) => small.placement.acquire(recordOf(name), undefined)),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
  assert.equal(small.placement.environmentCount, 2);
});

test('a server is held to the most environments it is started with', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'process', maxEnvironments: 1 });
  const files = { 'index.js': 'exports.handler = async () => process.pid;' };
  const functions = [await deploy(platform, files), await deploy(platform, files)];
  const first = await functions[0]!.invoke();
  await functions[1]!.invoke();
  const health = await fetch(`${platform.origin}/_selfsame/health`);
  assert.equal(((await health.json()) as { environments: number }).environments, 1);
  assert.notEqual((await functions[0]!.invoke()).text, first.text);
});
