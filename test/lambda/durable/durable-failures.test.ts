/** Durable executions whose surroundings fail: the store, the server itself, a function that reports what is no JSON. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { DurableDependencies } from '../../../src/lambda/durable/durable-executions.ts';
import { DurableExecutions } from '../../../src/lambda/durable/durable-executions.ts';
import type { StartRequest } from '../../../src/lambda/durable/new-execution.ts';
import type { InvocationResult } from '../../../src/lambda/invoke/outcome.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { ServiceClock } from '../../../src/platform/service-clock.ts';
import type { StateStore } from '../../../src/ports/state-store.ts';
import { openSqliteStateStore } from '../../../src/storage/sqlite/state-store.ts';
import { RecordedLog } from '../../storage/recorded-log.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

const REQUEST: StartRequest = {
  record: {
    accountId: '000000000000',
    region: 'us-east-1',
    functionName: 'f',
    version: '1',
    durableConfig: { executionTimeoutSeconds: 3_600, retentionDays: 1 },
  },
  qualifier: '1',
  name: 'order',
  input: '{}',
  traceId: 'Root=1-00000000-000000000000000000000000',
  tenantId: undefined,
};

const answer = (value: unknown): InvocationResult => ({ payload: Buffer.from(JSON.stringify(value)) });

async function opened(
  context: TestContext,
  runs: (executions: DurableExecutions) => Pick<DurableDependencies, 'runVersion' | 'run'>,
) {
  const log = new RecordedLog();
  const stored = await openSqliteStateStore({
    file: join(await scratchDirectory(context), 'records.db'),
    log,
  });
  /** Called before each commit; throws what the disk would. */
  const disk = { commit: async (): Promise<void> => {} };
  const state: StateStore = {
    get: (table, key) => stored.get(table, key),
    list: (table, range) => stored.list(table, range),
    commit: async (writes) => {
      await disk.commit();
      return stored.commit(writes);
    },
  };
  const clock = new ServiceClock({
    offsetMs: 0,
    frozen: true,
    saveOffset: async () => {},
    onTaskError: (error) => assert.fail(error as Error),
  });
  const executions: DurableExecutions = await DurableExecutions.open({
    state,
    clock,
    ids: randomIds,
    log,
    call: unused,
    runVersion: (...call) => runs(executions).runVersion(...call),
    run: (...call) => runs(executions).run(...call),
  });
  context.after(async () => {
    await executions.close();
    clock.close();
    await stored.close();
  });
  return { executions, clock, log, disk, stored };
}

const unused = (): Promise<never> => Promise.reject(new Error('not expected'));

/** The function's first invocation chains another function and waits for it; the second returns how that ended. */
const chaining =
  (run: DurableDependencies['run']) =>
  (executions: DurableExecutions): Pick<DurableDependencies, 'runVersion' | 'run'> => ({
    run,
    async runVersion(_target, { payload }) {
      const { CheckpointToken, DurableExecutionArn, InitialExecutionState } = JSON.parse(payload.toString());
      const chained = InitialExecutionState.Operations[1];
      if (chained !== undefined && chained.Status !== 'STARTED')
        return answer({ Status: 'SUCCEEDED', Result: JSON.stringify(chained.ChainedInvokeDetails) });
      const runner = executions.runner(executions.get(DurableExecutionArn).executionId)!;
      const update = { Type: 'CHAINED_INVOKE', Action: 'START' } as const;
      const ChainedInvokeOptions = { FunctionName: 'other' };
      if (chained === undefined)
        await runner.checkpoint(CheckpointToken, undefined, [{ Id: 'c', ...update, ChainedInvokeOptions }]);
      return answer({ Status: 'PENDING' });
    },
  });

test('a store that cannot take the end of an invocation leaves an execution that is invoked again', async (context) => {
  let invocations = 0;
  const { executions, clock, log, disk } = await opened(context, () => ({
    run: unused,
    async runVersion() {
      invocations += 1;
      disk.commit = async () => {
        disk.commit = async () => {};
        if (invocations === 1) throw new Error('the disk is full');
      };
      return answer({ Status: 'SUCCEEDED', Result: '1' });
    },
  }));
  const ended = executions.ended(await executions.start(REQUEST));
  await clock.advance(SECOND_MS);
  assert.equal((await ended).status, 'SUCCEEDED');
  assert.equal(invocations, 2);
  assert.deepEqual(log.errors, ['Work on a durable execution failed.']);
});

test('a bug while a function is invoked is a failed invocation, which is tried again', async (context) => {
  let invocations = 0;
  const { executions, clock, log } = await opened(context, () => ({
    run: unused,
    async runVersion() {
      invocations += 1;
      if (invocations === 1) throw new TypeError('a bug');
      return answer({ Status: 'SUCCEEDED' });
    },
  }));
  const ended = executions.ended(await executions.start(REQUEST));
  await clock.advance(SECOND_MS);
  assert.equal((await ended).status, 'SUCCEEDED');
  assert.deepEqual(log.errors, ['Work on a durable execution failed.']);
});

test('a chained invocation that fails by a bug is begun again', async (context) => {
  let runs = 0;
  const failed = Promise.withResolvers<void>();
  const { executions, clock, log } = await opened(
    context,
    chaining(async () => {
      runs += 1;
      if (runs > 1) return answer('done');
      failed.resolve();
      throw new TypeError('a bug');
    }),
  );
  const ended = executions.ended(await executions.start(REQUEST));
  await failed.promise;
  await new Promise(setImmediate);
  await clock.advance(SECOND_MS);
  assert.equal((await ended).result, '{"Result":"\\"done\\""}');
  assert.deepEqual(log.errors, ['Work on a durable execution failed.']);
});

test('a chained function whose error is no JSON has failed', async (context) => {
  const { executions } = await opened(
    context,
    chaining(async () => ({ payload: Buffer.from('no JSON'), functionError: 'Unhandled' })),
  );
  const { result } = await executions.ended(await executions.start(REQUEST));
  assert.equal(result, '{"Error":{}}');
});

test('a name that is being stored is nobody’s before it is on disk', async (context) => {
  const { executions, disk } = await opened(context, () => ({ run: unused, runVersion: unused }));
  const stored = Promise.withResolvers<void>();
  disk.commit = () => stored.promise;
  const both = [executions.start(REQUEST), executions.start(REQUEST)];
  stored.reject(new Error('the disk is full'));
  for (const { status } of await Promise.allSettled(both)) assert.equal(status, 'rejected');
  assert.deepEqual([...executions.of('000000000000', 'us-east-1', 'f')], []);
});

test('what an ended execution took and gave is read from the store, and forgotten with it', async (context) => {
  const { executions, clock, stored } = await opened(context, () => ({
    run: unused,
    runVersion: async () => answer({ Status: 'SUCCEEDED', Result: '"much"' }),
  }));
  const { executionId } = await executions.ended(await executions.start(REQUEST));
  await clock.advance(0);
  const [known] = executions.of('000000000000', 'us-east-1', 'f');
  assert.deepEqual(
    Object.keys(known!).filter((key) => ['input', 'result', 'error'].includes(key)),
    [],
  );
  assert.deepEqual((await executions.whole(known!)).result, '"much"');
  // The name is still its own, and the payload is compared with the one that is stored.
  assert.equal((await executions.ended(await executions.start(REQUEST))).executionId, executionId);
  await assert.rejects(executions.start({ ...REQUEST, input: '1' }), {
    code: 'DurableExecutionAlreadyStartedException',
  });
  await clock.advance(DAY_MS);
  assert.deepEqual([...executions.of('000000000000', 'us-east-1', 'f')], []);
  assert.deepEqual(await stored.list('lambda.durable-execution'), []);
  await assert.rejects(executions.whole(known!), { code: 'ResourceNotFoundException' });
});

test('a chained function that ends after the execution is forgotten brings nothing of it back', async (context) => {
  const late = Promise.withResolvers<InvocationResult>();
  const begun = Promise.withResolvers<void>();
  const { executions, clock, stored } = await opened(
    context,
    chaining(() => {
      begun.resolve();
      return late.promise;
    }),
  );
  const { executionId } = await executions.start(REQUEST);
  await begun.promise;
  await executions.runner(executionId)!.stop({});
  await clock.advance(2 * DAY_MS);
  late.resolve(answer('late'));
  await new Promise(setImmediate);
  for (const table of ['execution', 'operation', 'event'])
    assert.deepEqual(await stored.list(`lambda.durable-${table}`), [], table);
});
