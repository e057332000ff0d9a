import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PlatformError } from '../../../src/core/errors.ts';
import type { FaultSettings } from '../../../src/lambda/invoke/faults.ts';
import { Faults } from '../../../src/lambda/invoke/faults.ts';
import { faultySandbox } from '../../../src/lambda/invoke/faulty-sandbox.ts';
import type { Snapshot } from '../../../src/ports/environment.ts';
import { NOBODY, specBelow } from '../../sandbox/nobody.ts';
import { metricOf } from '../events/metric-totals.ts';
import { asynchronous } from '../events/recording-function.ts';
import { FakeRuntime, FakeSandbox } from './fake-sandbox.ts';

/** How often a rule strikes in so many occasions. */
function strikes(settings: Partial<FaultSettings>, functionName = 'f', occasions = 1_000): boolean[] {
  const faults = new Faults(() => 7);
  faults.add({ fault: 'throttle', ...settings });
  return Array.from({ length: occasions }, () => faults.strike('throttle', functionName) !== undefined);
}

describe('a fault rule', () => {
  test('strikes by its probability, and the same occasions again by the same seed', () => {
    const first = strikes({ probability: 0.25, seed: 42 });
    const share = first.filter(Boolean).length / first.length;
    assert.ok(share > 0.2 && share < 0.3, String(share));
    assert.deepEqual(strikes({ probability: 0.25, seed: 42 }), first);
    assert.notDeepEqual(strikes({ probability: 0.25, seed: 43 }), first);
    assert.deepEqual(strikes({ probability: 0.25 }), strikes({ probability: 0.25, seed: 7 }));
  });

  test('strikes the function it names, or all', () => {
    assert.ok(strikes({ functionName: 'f' }).every(Boolean));
    assert.ok(!strikes({ functionName: 'g' }).some(Boolean));
    assert.ok(strikes({}).every(Boolean));
  });

  test('is listed with how often it has struck, until it is removed', () => {
    const faults = new Faults(() => 7);
    const { id } = faults.add({ fault: 'throttle', functionName: 'f' });
    faults.add({ fault: 'slowStart', delaySeconds: 2 });
    faults.strike('throttle', 'f');
    assert.deepEqual(faults.list(), [
      { id: '1', fault: 'throttle', functionName: 'f', probability: 1, seed: 7, struck: 1 },
      { id: '2', fault: 'slowStart', probability: 1, seed: 7, delaySeconds: 2, struck: 0 },
    ]);
    assert.equal(faults.delayMs('slowStart', 'f'), 2_000);
    assert.equal(faults.remove(id), true);
    assert.equal(faults.remove(id), false);
    assert.equal(faults.strike('throttle', 'f'), undefined);
    faults.clear();
    assert.deepEqual(faults.list(), []);
  });

  test('strikes copies of a snapshot as what is started anew', async () => {
    const faults = new Faults(() => 7);
    faults.add({ fault: 'crash', functionName: 'f' });
    const copies: FakeRuntime[] = [];
    const startSnapshot = async (): Promise<Snapshot> => ({
      restore: async (spec, listener) => {
        copies.push(new FakeRuntime(spec, listener));
        return copies[0]!;
      },
      close: async () => {},
    });
    const sandbox = faultySandbox(Object.assign(new FakeSandbox(), { startSnapshot }), faults);
    const spec = { ...specBelow('/code'), variables: { AWS_LAMBDA_FUNCTION_NAME: 'f' } };
    const snapshot = await sandbox.startSnapshot!(spec, NOBODY);
    const heard: string[] = [];
    const hears = (what: string) => () => void heard.push(what);
    await snapshot.restore(spec, { ...NOBODY, response: hears('response'), exit: hears('exit') });
    copies[0]!.listener.response('id', Buffer.from('{}'), undefined);
    assert.deepEqual(heard, ['exit']);
  });

  test('is refused where it means nothing', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ fault: 'lightning' }, /"lightning" is unknown/],
      [{}, /is unknown/],
      [{ fault: 'crash', probability: 0 }, /probability is 0/],
      [{ fault: 'crash', probability: 1.5 }, /probability is 1.5/],
      [{ fault: 'crash', seed: 0.5 }, /seed is 0.5/],
      [{ fault: 'crash', functionName: '' }, /functionName is ""/],
      [{ fault: 'crash', delaySeconds: 1 }, /delaySeconds is 1 for the fault crash/],
      [{ fault: 'slowStart' }, /delaySeconds is undefined for the fault slowStart/],
      [{ fault: 'delayedDelivery', delaySeconds: -1 }, /delaySeconds is -1/],
    ];
    for (const [settings, message] of wrong) {
      assert.throws(
        () => new Faults(() => 7).add(settings as unknown as FaultSettings),
        (error: unknown) => error instanceof PlatformError && message.test(error.message),
      );
    }
  });
});

const setup = await asynchronous();

describe('an injected fault', () => {
  afterEach(() => setup.platform.faults.clear());

  const invoke = async (FunctionName: string, payload: object = {}) => {
    const command = new InvokeCommand({ FunctionName, LogType: 'Tail', Payload: JSON.stringify(payload) });
    const { FunctionError, Payload, LogResult } = await setup.lambda.send(command);
    return {
      functionError: FunctionError,
      answer: JSON.parse(Buffer.from(Payload!).toString()),
      log: Buffer.from(LogResult!, 'base64').toString(),
    };
  };

  const figures = async (functionName: string) => {
    const sum = (name: string) => metricOf(setup.platform, name, functionName);
    return {
      Throttles: await sum('Throttles'),
      Invocations: await sum('Invocations'),
      Errors: await sum('Errors'),
    };
  };

  test('throttles as the limit of the account does', async () => {
    await setup.create('throttled');
    await setup.create('unharmed');
    const { id } = setup.platform.faults.add({ fault: 'throttle', functionName: 'throttled' });
    await assert.rejects(invoke('throttled'), {
      name: 'TooManyRequestsException',
      Reason: 'ConcurrentInvocationLimitExceeded',
    });
    assert.equal((await invoke('unharmed')).functionError, undefined);
    setup.platform.faults.remove(id);
    assert.equal((await invoke('throttled')).functionError, undefined);
    assert.deepEqual(await figures('throttled'), { Throttles: 1, Invocations: 1, Errors: 0 });
  });

  test('crashes an environment that has done its work', async () => {
    await setup.create('crashing');
    const { id } = setup.platform.faults.add({ fault: 'crash' });
    const { functionError, answer, log } = await invoke('crashing');
    assert.equal(functionError, 'Unhandled');
    assert.equal(answer.errorType, 'Runtime.ExitError');
    assert.match(answer.errorMessage, /Runtime exited with error: signal: killed/);
    assert.match(log, /REPORT .*\tStatus: error\tError Type: Runtime.ExitError/s);
    assert.equal((await setup.runs('crashing')).length, 1);
    setup.platform.faults.remove(id);
    assert.equal((await invoke('crashing')).functionError, undefined);
    assert.deepEqual(await figures('crashing'), { Throttles: 0, Invocations: 2, Errors: 1 });
  });

  test('lets a function run into its time-out', async () => {
    await setup.create('silent', { Timeout: 1 });
    setup.platform.faults.add({ fault: 'timeout' });
    const { answer, log } = await invoke('silent');
    assert.match(answer.errorMessage, /Task timed out after 1.00 seconds/);
    assert.match(log, /Status: timeout/);
    assert.equal((await setup.runs('silent')).length, 1);
    assert.deepEqual(await figures('silent'), { Throttles: 0, Invocations: 1, Errors: 1 });
    assert.ok((await metricOf(setup.platform, 'Duration', 'silent')) >= 1_000);
  });

  test('kills environments while they start', async () => {
    await setup.create('doomed');
    setup.platform.faults.add({ fault: 'failedStart' });
    const { answer } = await invoke('doomed');
    assert.equal(answer.errorType, 'Runtime.ExitError');
    assert.deepEqual(await setup.runs('doomed'), []);
    setup.platform.faults.clear();
    assert.equal((await invoke('doomed')).functionError, undefined);
  });

  test('makes starts slow, which their reports show', async () => {
    await setup.create('slow');
    const delaySeconds = 0.5;
    setup.platform.faults.add({ fault: 'slowStart', delaySeconds });
    const { log } = await invoke('slow');
    const initMs = Number(/Init Duration: ([\d.]+) ms/.exec(log)?.[1]);
    assert.ok(initMs >= delaySeconds * 1_000, log);
  });

  test('delivers an event twice, or later', async () => {
    await setup.create('twice');
    await setup.create('late');
    setup.platform.faults.add({ fault: 'duplicateDelivery', functionName: 'twice' });
    setup.platform.faults.add({ fault: 'delayedDelivery', functionName: 'late', delaySeconds: 60 });
    for (const FunctionName of ['twice', 'late'])
      await setup.lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: '{}' }));
    await setup.platform.clock.advance('59s');
    const runs = await setup.runs('twice');
    assert.equal(runs.length, 2);
    assert.equal(runs[0]!.requestId, runs[1]!.requestId);
    assert.deepEqual(await setup.runs('late'), []);
    await setup.platform.clock.advance('1s');
    assert.equal((await setup.runs('late')).length, 1);
  });
});
