import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { Environment } from '../../../src/lambda/invoke/environment.ts';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import { ProvisionedPool } from '../../../src/lambda/invoke/provisioned-pool.ts';
import { SettableClock } from '../../services/settable-clock.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { functionRecord, invocation, MemoryLogSink, NOW_MS } from './fixtures.ts';

const MINUTE_MS = 60_000;

function newPool(context: TestContext) {
  const clock = new SettableClock(NOW_MS);
  const sandbox = new FakeSandbox();
  const record = functionRecord({ version: '1' });
  const installation = { runtime: 'nodejs24.x', family: 'nodejs', directories: [], origin: 'test' } as const;
  const made: Environment[] = [];
  let emptied = 0;
  const pool = new ProvisionedPool(record, {
    clock,
    create: async (owner) => {
      const log = new EnvironmentLog(new MemoryLogSink(), clock, record, 's');
      const spec = { environmentId: 'e', installation } as never;
      const initializationType = 'provisioned-concurrency';
      const environment = new Environment({ clock, sandbox, log, initializationType }, record, spec, owner);
      made.push(environment);
      return environment;
    },
    onChange: () => {},
    onEmpty: () => {
      emptied += 1;
    },
  });
  context.after(() => pool.close());
  return { pool, sandbox, clock, made, emptied: () => emptied };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await turn();
}

describe('a pool of provisioned environments', () => {
  test('waits 15 minutes for an init, and then tells why it has none', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { pool, sandbox } = newPool(context);
    sandbox.behave = () => {};
    pool.resize(1);
    await turns(3);
    context.mock.timers.tick(15 * MINUTE_MS - 1);
    await turns(3);
    assert.deepEqual([pool.allocated, pool.failure, sandbox.started[0]!.killed], [0, undefined, false]);
    context.mock.timers.tick(1);
    await turns(3);
    assert.deepEqual(
      [pool.allocated, pool.failure, sandbox.started[0]!.killed],
      [0, 'FUNCTION_ERROR_INIT_FAILURE', true],
    );
  });

  test('tries a failed init again after a minute, and then ever more rarely', async (context) => {
    const { pool, sandbox, clock } = newPool(context);
    sandbox.behave = (runtime) => runtime.listener.initError('Error', Buffer.from('{}'));
    pool.resize(2);
    await turns(5);
    const begun = sandbox.started.length;
    await clock.advance(MINUTE_MS - 1);
    assert.equal(sandbox.started.length, begun);
    await clock.advance(1);
    assert.ok(sandbox.started.length > begun);
    const afterOne = sandbox.started.length;
    await clock.advance(MINUTE_MS);
    assert.equal(sandbox.started.length, afterOne);
    sandbox.behave = (runtime) => runtime.listener.ready();
    await clock.advance(MINUTE_MS);
    assert.deepEqual([pool.allocated, pool.failure], [2, undefined]);
  });

  test('replaces an idle environment that ends, but not for ever without a pause', async (context) => {
    const { pool, sandbox, clock } = newPool(context);
    pool.resize(1);
    await turns(5);
    sandbox.started[0]!.exit(1);
    await turns(5);
    assert.deepEqual([sandbox.started.length, pool.allocated], [2, 1]);
    sandbox.started[1]!.exit(1);
    await turns(5);
    assert.deepEqual([sandbox.started.length, pool.allocated], [2, 0]);
    await clock.advance(MINUTE_MS);
    assert.deepEqual([sandbox.started.length, pool.allocated], [3, 1]);
  });

  test('ends what was made while it was drained, though it never started', async (context) => {
    const { pool, sandbox, made, emptied } = newPool(context);
    pool.resize(1);
    pool.drain();
    await turns(5);
    assert.deepEqual(
      made.map(({ state }) => state),
      ['dead'],
    );
    assert.deepEqual([sandbox.started.length, pool.size], [0, 0]);
    assert.ok(emptied() > 0);
  });

  test('replaces an environment that ends while it works', async (context) => {
    const { pool, sandbox } = newPool(context);
    pool.resize(1);
    await turns(5);
    for (let count = 0; count < 5; count += 1) {
      const answered = pool.take()!.invoke(invocation());
      assert.equal(pool.take(), undefined);
      sandbox.started.at(-1)!.exit(1);
      assert.equal((await answered).functionError, 'Unhandled');
      await turns(8);
      assert.equal(pool.allocated, 1);
    }
    assert.equal(sandbox.started.length, 6);
  });

  test('replaces environments that have lived for hours, each when its successor is there', async (context) => {
    const { pool, sandbox, clock } = newPool(context);
    pool.resize(2);
    await turns(5);
    const busy = pool.take()!;
    const answered = busy.invoke(invocation());
    await clock.advance(4 * 60 * MINUTE_MS - 1);
    assert.equal(sandbox.started.length, 2);
    const allocatedAtStarts: number[] = [];
    sandbox.behave = (runtime) => {
      allocatedAtStarts.push(pool.allocated);
      runtime.listener.ready();
    };
    await clock.advance(1);
    await turns(3);
    assert.deepEqual(allocatedAtStarts, [2, 2]);
    // The idle one has gone; the one that works stays until it is done.
    assert.deepEqual([pool.allocated, busy.state], [3, 'busy']);
    sandbox.started.find(({ events }) => events.length > 0)!.respond('"done"');
    await answered;
    await turns(5);
    assert.deepEqual([pool.allocated, busy.state, sandbox.started.length], [2, 'dead', 4]);
  });

  test('when drained, lets a running event finish and then holds nothing', async (context) => {
    const { pool, sandbox, emptied } = newPool(context);
    pool.resize(2);
    await turns(5);
    const busy = pool.take()!;
    const answered = busy.invoke(invocation());
    pool.drain();
    await turns(3);
    assert.deepEqual([pool.size, emptied()], [1, 0]);
    sandbox.started.find(({ events }) => events.length > 0)!.respond('"done"');
    assert.equal((await answered).payload.toString(), '"done"');
    await turns(5);
    assert.deepEqual([pool.size, busy.state, emptied()], [0, 'dead', 1]);
  });

  test('starts nothing more once it is drained, and stops what has been starting', async (context) => {
    const { pool, sandbox, emptied } = newPool(context);
    sandbox.behave = () => {};
    pool.resize(5);
    await turns(3);
    const begun = sandbox.started.length;
    pool.drain();
    for (const runtime of sandbox.started) runtime.listener.ready();
    await turns(8);
    assert.deepEqual([sandbox.started.length, pool.size, emptied()], [begun, 0, 1]);
  });
});
