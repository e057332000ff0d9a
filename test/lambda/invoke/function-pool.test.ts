import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Environment } from '../../../src/lambda/invoke/environment.ts';
import { EnvironmentLog } from '../../../src/lambda/invoke/environment-log.ts';
import { FunctionPool } from '../../../src/lambda/invoke/function-pool.ts';
import { StartGate } from '../../../src/lambda/invoke/start-gate.ts';
import { FakeSandbox } from './fake-sandbox.ts';
import { frozenClock, functionRecord, invocation, MemoryLogSink, NOW_MS } from './fixtures.ts';

interface TestPool {
  readonly pool: FunctionPool;
  readonly sandbox: FakeSandbox;
  emptied(): number;
  /** Starts that were admitted and not taken back. */
  admitted(): number;
}

function newPool(parallelStarts = 4): TestPool {
  const sandbox = new FakeSandbox();
  const record = functionRecord();
  let emptied = 0;
  let admitted = 0;
  const pool = new FunctionPool(record, {
    clock: frozenClock,
    gate: new StartGate(parallelStarts),
    admitStart: () => {
      admitted += 1;
      return () => {
        admitted -= 1;
      };
    },
    create: async (forRecord, owner) => {
      const log = new EnvironmentLog(new MemoryLogSink(), frozenClock, forRecord, 's');
      const spec = { environmentId: 'e' } as never;
      return new Environment(
        { clock: frozenClock, sandbox, log: Object.assign(log, { initStart: () => {} }) },
        forRecord,
        spec,
        owner,
      );
    },
    onEmpty: () => {
      emptied += 1;
    },
  });
  return { pool, sandbox, emptied: () => emptied, admitted: () => admitted };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the pool of a function', () => {
  test('reuses an environment that has come free', async () => {
    const { pool, sandbox } = newPool();
    const first = await pool.acquire();
    const answered = first.invoke(invocation());
    sandbox.started[0]!.respond('1');
    await answered;
    await turn();
    assert.equal(await pool.acquire(), first);
    assert.equal(sandbox.started.length, 1);
  });

  test('gives two simultaneous events two environments', async () => {
    const { pool, sandbox } = newPool();
    const [a, b] = await Promise.all([pool.acquire(), pool.acquire()]);
    assert.notEqual(a, b);
    assert.equal(sandbox.started.length, 2);
  });

  test('hands an environment that comes free to a caller who waits for a start', async () => {
    const { pool, sandbox } = newPool();
    const first = await pool.acquire();
    sandbox.behave = () => {};
    const waiting = pool.acquire();
    const answered = first.invoke(invocation());
    sandbox.started[0]!.respond('1');
    await answered;
    assert.equal(await waiting, first);
    await pool.close();
  });

  test('takes a start back that is not needed any more when its turn comes', async () => {
    const { pool, sandbox, admitted } = newPool(1);
    const first = await pool.acquire();
    sandbox.behave = () => {};
    const [second, third] = [pool.acquire(), pool.acquire()];
    assert.equal(admitted(), 3);
    for (const waiting of [second, third]) {
      const answered = first.invoke(invocation());
      sandbox.started[0]!.respond('1');
      await answered;
      assert.equal(await waiting, first);
    }
    sandbox.started[1]!.listener.ready();
    await turn();
    assert.equal(sandbox.started.length, 2);
    assert.equal(admitted(), 2);
    await pool.close();
  });

  test('starts no more environments at once than the gate lets through', async () => {
    const { pool, sandbox } = newPool(2);
    sandbox.behave = () => {};
    const waiting = [pool.acquire(), pool.acquire(), pool.acquire()];
    await turn();
    assert.equal(sandbox.started.length, 2);
    sandbox.started[0]!.listener.ready();
    await waiting[0];
    await turn();
    assert.equal(sandbox.started.length, 3);
    for (const runtime of sandbox.started.slice(1)) runtime.listener.ready();
    await Promise.all(waiting);
  });

  test('starts a new environment when the idle one was killed', async () => {
    const { pool, sandbox } = newPool();
    const first = await pool.acquire();
    const answered = first.invoke(invocation());
    sandbox.started[0]!.respond('1');
    await answered;
    await turn();
    sandbox.started[0]!.exit(null, 'SIGKILL');
    const second = await pool.acquire();
    assert.notEqual(second, first);
    assert.equal(second.state, 'ready');
  });

  test('when drained, lets a running event finish and stops idle environments', async () => {
    const { pool, sandbox, emptied } = newPool();
    const [busy, idle] = await Promise.all([pool.acquire(), pool.acquire()]);
    pool.onReady(idle);
    const answered = busy.invoke(invocation());
    pool.drain();
    await turn();
    assert.equal(idle.state, 'dead');
    assert.equal(busy.state, 'busy');
    assert.equal(emptied(), 0);
    sandbox.started[0]!.respond('"old code"');
    assert.equal((await answered).payload.toString(), '"old code"');
    await turn();
    await turn();
    assert.equal(busy.state, 'dead');
    assert.equal(emptied(), 1);
  });

  test('when closed, starts nothing more and tells those who wait', async () => {
    const { pool, sandbox } = newPool(2);
    sandbox.behave = () => {};
    const waiting = [pool.acquire(), pool.acquire(), pool.acquire()].map((acquired) =>
      assert.rejects(Promise.resolve(acquired), { name: 'PlatformError', message: 'The server is closing.' }),
    );
    await turn();
    assert.equal(sandbox.started.length, 2);
    await pool.close();
    await Promise.all(waiting);
    await turn();
    assert.equal(sandbox.started.length, 2);
    assert.deepEqual(
      sandbox.started.map(({ killed }) => killed),
      [true, true],
    );
  });

  test('gives no more events to an environment that has lived for hours', async () => {
    const { pool, sandbox } = newPool();
    const environment = await pool.acquire();
    const served = async (ageMs: number): Promise<void> => {
      Object.assign(environment, { bornMs: NOW_MS - ageMs });
      const answered = environment.invoke(invocation());
      sandbox.started[0]!.respond('1');
      await answered;
      await turn();
    };
    await served(4 * 3_600_000 - 1);
    assert.equal(await pool.acquire(), environment);
    await served(4 * 3_600_000);
    await turn();
    assert.equal(environment.state, 'dead');
  });

  test('stops environments that have been idle for long', async () => {
    const { pool } = newPool();
    const environment = await pool.acquire();
    pool.onReady(environment);
    pool.reap(NOW_MS - 1);
    assert.equal(environment.state, 'ready');
    pool.reap(NOW_MS);
    await turn();
    assert.equal(environment.state, 'dead');
  });
});
