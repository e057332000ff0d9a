import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { InvokeCommand, LambdaClient, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { Concurrency } from '../../../src/lambda/invoke/concurrency.ts';
import { Faults } from '../../../src/lambda/invoke/faults.ts';
import { Invoker } from '../../../src/lambda/invoke/invoke.ts';
import type { InvocationOutcome } from '../../../src/lambda/invoke/outcome.ts';
import type { FunctionDirectory, FunctionRecord } from '../../../src/lambda/records/function-record.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { createServerLog } from '../../../src/platform/server-log.ts';
import type { RequestContext } from '../../../src/ports/service.ts';
import { openServiceModel } from '../../../src/wire/model/open.ts';
import { createWireServer } from '../../../src/wire/server/wire-server.ts';
import { TEST_CREDENTIALS } from '../../kit/started-platform.ts';
import { frozenClock, functionRecord } from './fixtures.ts';

/** Concurrent executions of an account in a region. Source: Lambda quotas, default. */
const ACCOUNT_LIMIT = 1_000;

const log = createServerLog('error');

/** The settings of an account in which no function has any. */
const NOTHING_SET = {
  reserved: () => undefined,
  provisionedTotal: () => 0,
  unreserved: () => ACCOUNT_LIMIT,
  onChange: () => {},
};

const notDurable = (): never => {
  throw new Error('no function here is durable');
};

/** The alias of every function; its first invocation is for version 1, the second for 2, and so on. */
const ALIAS = 'live';

/** An invoker whose environments answer when, and what, the test says. */
function newInvoker(answer: () => Promise<InvocationOutcome>): {
  invoker: Invoker;
  acquired: () => number;
  versions: string[];
} {
  let acquired = 0;
  let chosen = 0;
  const versions: string[] = [];
  const directory: FunctionDirectory = {
    find: (accountId, region, _name, version) =>
      version === ALIAS ? undefined : functionRecord({ accountId, region, version }),
    all: () => [],
    onChange: () => {},
  };
  const placement = {
    acquire: ({ version }: FunctionRecord) => {
      acquired += 1;
      versions.push(version);
      return { invoke: answer } as never;
    },
  };
  const aliases = {
    chooseVersion: () => {
      chosen += 1;
      return String(chosen);
    },
  };
  const provisioned = { take: () => undefined };
  const concurrency = new Concurrency(frozenClock, NOTHING_SET, directory, { throttled: () => {} });
  const invoker = new Invoker({
    concurrency,
    faults: new Faults(() => 1),
    provisioned,
    directory,
    aliases,
    placement,
    managed: { invoke: notDurable },
    metrics: { invoked: () => {} },
    log,
    durable: { invoke: notDurable, run: notDurable, start: notDurable },
    mayLoop: () => false,
  });
  return { invoker, acquired: () => acquired, versions };
}

function contextIn(region: string): RequestContext {
  return {
    requestId: randomIds.uuid(),
    region,
    accountId: '000000000000',
    accessKeyId: 'test',
    headers: {},
    origin: 'http://127.0.0.1:4566',
    signal: new AbortController().signal,
    answerHeaders: {},
  };
}

const SUCCESS: InvocationOutcome = {
  payload: Buffer.from('"done"'),
  report: { status: 'success', durationMs: 1, billedDurationMs: 1, memorySizeMb: 128, maxMemoryUsedMb: 1 },
};

async function clientOf(context: TestContext, invoker: Invoker, region: string): Promise<LambdaClient> {
  const server = createWireServer({
    services: [{ name: 'lambda', operations: { Invoke: invoker.invoke } }],
    openServiceModel,
    ids: randomIds,
    clock: frozenClock,
    log,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new LambdaClient({ endpoint, region, credentials: TEST_CREDENTIALS, maxAttempts: 1 });
  context.after(async () => {
    client.destroy();
    await server.close(0);
  });
  return client;
}

describe('the concurrency of an account', () => {
  test('ends at 1,000 executions in a region with 429 and its reason', async (context) => {
    const finish: ((outcome: InvocationOutcome) => void)[] = [];
    const { invoker, acquired } = newInvoker(() => new Promise((resolve) => finish.push(resolve)));
    const running = Array.from({ length: ACCOUNT_LIMIT }, () =>
      invoker.invoke({ FunctionName: 'echo' }, contextIn('us-east-1')),
    );
    while (finish.length < ACCOUNT_LIMIT) await new Promise((resolve) => setImmediate(resolve));
    const lambda = await clientOf(context, invoker, 'us-east-1');

    await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'echo' })), (error) => {
      assert.ok(error instanceof TooManyRequestsException);
      assert.equal(error.$metadata.httpStatusCode, 429);
      assert.equal(error.message, 'Rate Exceeded.');
      assert.equal(error.Reason, 'ConcurrentInvocationLimitExceeded');
      assert.equal(error.Type, 'User');
      assert.equal(error.retryAfterSeconds, '1');
      return true;
    });
    assert.equal(acquired(), ACCOUNT_LIMIT, 'a throttled event reaches no environment');

    const elsewhere = invoker.invoke({ FunctionName: 'echo' }, contextIn('eu-west-1'));
    finish[0]!(SUCCESS);
    await running[0];
    const next = invoker.invoke({ FunctionName: 'echo' }, contextIn('us-east-1'));
    while (finish.length < ACCOUNT_LIMIT + 2) await new Promise((resolve) => setImmediate(resolve));
    for (const resolve of finish) resolve(SUCCESS);
    await Promise.all([...running, elsewhere, next]);
  });

  test('is not used up by executions that fail', async () => {
    const { invoker } = newInvoker(() => Promise.reject(new Error('a bug')));
    for (let count = 0; count <= ACCOUNT_LIMIT; count += 1)
      await assert.rejects(invoker.invoke({ FunctionName: 'echo' }, contextIn('us-east-1')), /a bug/);
  });
});

describe('an event that never reached its environment', () => {
  const LOST: InvocationOutcome = {
    ...SUCCESS,
    functionError: 'Unhandled',
    errorType: 'Runtime.ExitError',
    payload: Buffer.from('{"errorType":"Runtime.ExitError"}'),
    undelivered: true,
  };

  test('goes to another one', async () => {
    const outcomes = [LOST, LOST, SUCCESS];
    const { invoker, acquired } = newInvoker(async () => outcomes.shift()!);
    const output = await invoker.invoke({ FunctionName: 'echo' }, contextIn('us-east-1'));
    assert.equal(output.FunctionError, undefined);
    assert.equal(String(output.Payload), '"done"');
    assert.equal(acquired(), 3);
  });

  test('goes to another one of the same version, whatever its alias would choose now', async () => {
    const outcomes = [LOST, SUCCESS];
    const { invoker, versions } = newInvoker(async () => outcomes.shift()!);
    const context = contextIn('us-east-1');
    const output = await invoker.invoke({ FunctionName: 'echo', Qualifier: ALIAS }, context);
    assert.deepEqual([versions, output.ExecutedVersion], [['1', '1'], '1']);
  });

  test('fails after three of them', async () => {
    const { invoker, acquired } = newInvoker(async () => LOST);
    const output = await invoker.invoke({ FunctionName: 'echo' }, contextIn('us-east-1'));
    assert.equal(output.FunctionError, 'Unhandled');
    assert.equal(acquired(), 3);
  });
});
