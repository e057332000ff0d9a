/** Environments started ahead: how many the pool keeps, and which functions may take one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EnvironmentSpec, RuntimeInstallation } from '../../src/ports/environment.ts';
import { EnvironmentPool } from '../../src/sandbox/pool/environment-pool.ts';
import type { PoolShape } from '../../src/sandbox/pool/pool-shape.ts';
import { shapeKey, shapeOf } from '../../src/sandbox/pool/pool-shape.ts';
import type { PooledEnvironment } from '../../src/sandbox/pool/pooled-environment.ts';
import { RelayListener } from '../../src/sandbox/pool/pooled-environment.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const NODE: RuntimeInstallation = {
  runtime: 'nodejs24.x',
  family: 'nodejs',
  interpreter: '/usr/bin/node',
  directories: [],
  origin: 'the test',
};

function shape(memoryMb: number): PoolShape {
  return {
    installation: NODE,
    memoryMb,
    ephemeralStorageMb: 512,
    endpoint: 'http://127.0.0.1:1',
    locale: {},
  };
}

function spec(changes: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    environmentId: '0'.repeat(32),
    installation: NODE,
    codeDirectory: '/code',
    handler: 'index.handler',
    variables: { TZ: ':UTC', LANG: 'en_US.UTF-8', MINE: '1' },
    endpoint: 'http://127.0.0.1:1',
    memoryMb: 128,
    ephemeralStorageMb: 512,
    logFormat: 'text',
    ...changes,
  };
}

/** A pool whose environments are nothing; `settled` resolves when it has as many as it wants. */
function newPool(limit: number) {
  const started: number[] = [];
  const killed: number[] = [];
  const exits: (() => void)[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const check = (): void => {
    for (const { count, resolve } of waiters) if (started.length >= count) resolve();
  };
  const pool = new EnvironmentPool({
    limit,
    log: silent,
    start: async ({ memoryMb }, onExit) => {
      started.push(memoryMb);
      exits.push(onExit);
      setImmediate(check);
      return {
        running: { kill: async () => void killed.push(memoryMb) },
        relay: new RelayListener(() => {}),
      } as unknown as PooledEnvironment;
    },
  });
  const starts = (count: number): Promise<void> =>
    new Promise((resolve) => {
      waiters.push({ count, resolve });
      check();
    });
  return { pool, started, killed, exits, starts };
}

describe('the pool of environments started ahead', () => {
  test('keeps one of a shape that is expected, and starts another when it was taken', async () => {
    const { pool, started, starts } = newPool(4);
    pool.expect(shape(128));
    await starts(1);
    assert.notEqual(pool.take(shape(128)), undefined);
    assert.equal(pool.take(shape(256)), undefined);
    await starts(3);
    assert.deepEqual(started.toSorted(), [128, 128, 256]);
    await pool.close();
  });

  test('keeps one more after each start that found none, up to its limit', async () => {
    const { pool, started, starts, killed } = newPool(2);
    for (let count = 0; count < 5; count += 1) pool.take(shape(128));
    await starts(2);
    assert.deepEqual(started, [128, 128]);
    await pool.close();
    assert.deepEqual(killed, [128, 128]);
  });

  test('ends one of the shape asked for longest ago when there is no room', async () => {
    const { pool, started, killed, starts } = newPool(1);
    pool.expect(shape(128));
    await starts(1);
    pool.expect(shape(256));
    await starts(2);
    assert.deepEqual(started, [128, 256]);
    assert.deepEqual(killed, [128]);
    await pool.close();
  });

  test('does not give away one that has ended', async () => {
    const { pool, exits, starts } = newPool(1);
    pool.expect(shape(128));
    await starts(1);
    exits[0]!();
    assert.equal(pool.take(shape(128)), undefined);
    await pool.close();
  });

  test('starts nothing when its limit is none', async () => {
    const { pool, started } = newPool(0);
    pool.expect(shape(128));
    assert.equal(pool.take(shape(128)), undefined);
    await pool.close();
    assert.deepEqual(started, []);
  });
});

describe('a function may take an environment started ahead', () => {
  test('whatever its own variables, of the same runtime, size and locale', () => {
    const one = shapeOf(spec())!;
    assert.equal(shapeKey(one), shapeKey(shapeOf(spec({ variables: { ...spec().variables, MINE: '2' } }))!));
    for (const other of [
      spec({ memoryMb: 256 }),
      spec({ ephemeralStorageMb: 1_024 }),
      spec({ variables: { ...spec().variables, TZ: 'Europe/Berlin' } }),
      spec({ installation: { ...NODE, runtime: 'nodejs22.x' } }),
    ])
      assert.notEqual(shapeKey(one), shapeKey(shapeOf(other)!));
  });

  test('unless it changes how the interpreter starts, has layers, or a runtime of its own', () => {
    for (const name of ['NODE_OPTIONS', 'PYTHONPATH', 'LD_PRELOAD', 'PATH', 'AWS_LAMBDA_EXEC_WRAPPER'])
      assert.equal(shapeOf(spec({ variables: { [name]: 'x' } })), undefined, name);
    assert.equal(shapeOf(spec({ layersDirectory: '/layers' })), undefined);
    assert.equal(shapeOf(spec({ installation: { ...NODE, family: 'provided' } })), undefined);
  });
});
