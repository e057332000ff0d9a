import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { invocation, newEnvironment } from './fixtures.ts';

describe('an environment', () => {
  test('is ready after its init and answers with what the runtime responds', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    await environment.start();
    assert.equal(environment.state, 'ready');
    const answered = environment.invoke(invocation());
    assert.equal(environment.state, 'busy');
    sandbox.started[0]!.respond('{"a":1}');
    const outcome = await answered;
    assert.equal(outcome.payload.toString(), '{"a":1}');
    assert.equal(outcome.functionError, undefined);
    assert.equal(outcome.report.status, 'success');
    await owner.change();
    assert.equal(environment.state, 'ready');
  });

  test('writes INIT_START, START, the output, END and REPORT in this order', async () => {
    const { environment, sandbox, sink, owner } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation());
    const runtime = sandbox.started[0]!;
    runtime.listener.output({ text: 'hello' });
    runtime.respond('null', 51 * 1024 * 1024);
    await answered;
    await owner.change();
    const [init, start, output, end, report, ...rest] = sink.messages;
    assert.match(
      init!,
      /^INIT_START Runtime Version: nodejs:24\.v24\.1\.0\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n$/,
    );
    assert.equal(start, 'START RequestId: id-1 Version: $LATEST\n');
    assert.equal(output, 'hello\n');
    assert.equal(end, 'END RequestId: id-1\n');
    assert.match(
      report!,
      /^REPORT RequestId: id-1\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: 51 MB\tInit Duration: \d+\.\d\d ms\t\n$/,
    );
    assert.deepEqual(rest, []);
  });

  test('tells subscribers that the runtime is done before the report, however quick its extensions are', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    const told: string[] = [];
    sandbox.behave = (runtime) => {
      Object.assign(runtime, {
        telemetry: ({ type }: { type: string }) => told.push(type),
        extensionsAtWork: () => Promise.resolve(),
      });
      runtime.listener.ready();
    };
    await environment.start();
    const answered = environment.invoke(invocation());
    const ready = owner.change();
    sandbox.started[0]!.respond('null');
    await answered;
    await ready;
    assert.deepEqual(told.slice(-3), ['platform.start', 'platform.runtimeDone', 'platform.report']);
  });

  test('reports the init duration only once', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    await environment.start();
    for (const expected of [true, false]) {
      const answered = environment.invoke(invocation());
      sandbox.started[0]!.respond('null');
      assert.equal((await answered).report.initDurationMs !== undefined, expected);
      await owner.change();
    }
  });

  test('stays warm after an error of the function', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation());
    sandbox.started[0]!.fail('TypeError', '{"errorType":"TypeError","errorMessage":"no"}');
    const outcome = await answered;
    assert.equal(outcome.functionError, 'Unhandled');
    assert.equal(outcome.payload.toString(), '{"errorType":"TypeError","errorMessage":"no"}');
    await owner.change();
    assert.equal(environment.state, 'ready');
    assert.equal(sandbox.started.length, 1);
  });

  test('gets no more events once its runtime has said that it leaves', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation());
    sandbox.started[0]!.listener.leaving();
    sandbox.started[0]!.respond('"last words"');
    assert.equal((await answered).payload.toString(), '"last words"');
    await owner.change();
    assert.notEqual(environment.state, 'ready');
    assert.equal(sandbox.started[0]!.killed, true);
  });

  for (const [exit, message] of [
    [[0, null], 'Runtime exited without providing a reason'],
    [[7, null], 'Runtime exited with error: exit status 7'],
    [[null, 'SIGKILL'], 'Runtime exited with error: signal: killed'],
    [[null, 'SIGSEGV'], 'Runtime exited with error: signal: segmentation fault'],
  ] as const) {
    test(`whose runtime exits with ${exit.join(' ')} answers Runtime.ExitError and is gone`, async () => {
      const { environment, sandbox, owner } = newEnvironment();
      await environment.start();
      const answered = environment.invoke(invocation());
      const gone = owner.change();
      sandbox.started[0]!.exit(exit[0], exit[1]);
      assert.deepEqual(JSON.parse((await answered).payload.toString()), {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: id-1 Error: ${message}`,
      });
      await gone;
      assert.equal(owner.gone, 1);
    });
  }

  test('is stopped when its function takes longer than its time-out', async (context) => {
    const { environment, sandbox, sink, owner } = newEnvironment({ timeoutSeconds: 3 });
    await environment.start();
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const answered = environment.invoke(invocation());
    const gone = owner.change();
    context.mock.timers.tick(2_999);
    assert.equal(environment.state, 'busy');
    context.mock.timers.tick(1);
    const outcome = await answered;
    assert.deepEqual(JSON.parse(outcome.payload.toString()), {
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: id-1 Error: Task timed out after 3.00 seconds',
    });
    assert.equal(outcome.report.durationMs, 3_000);
    await gone;
    assert.equal(sandbox.started[0]!.killed, true);
    assert.ok(
      sink.messages.includes('2026-11-23T08:00:00.000Z id-1 Task timed out after 3.00 seconds\n\n') ||
        sink.messages.includes('2026-11-23T08:00:00.000Z id-1 Task timed out after 3.00 seconds\n'),
    );
    assert.match(sink.messages.at(-1)!, /\tStatus: timeout\n$/);
  });

  test('that dies while idle is given up at once', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    await environment.start();
    sandbox.started[0]!.exit(null, 'SIGKILL');
    assert.equal(owner.gone, 1);
    assert.equal(environment.state, 'stopping');
  });

  test('tries a failed init once more inside the first invocation', async () => {
    const { environment, sandbox, sink } = newEnvironment();
    sandbox.behave = (runtime, index) => {
      if (index === 0) runtime.listener.initError('Runtime.ImportModuleError', Buffer.from('{}'));
      else {
        runtime.onInvoke = () => runtime.respond('"second"');
        runtime.listener.ready();
      }
    };
    await environment.start();
    assert.equal(environment.state, 'broken');
    const outcome = await environment.invoke(invocation());
    assert.equal(outcome.payload.toString(), '"second"');
    assert.equal(sandbox.started.length, 2);
    assert.match(
      sink.messages[1]!,
      /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: Runtime\.ImportModuleError\n$/,
    );
  });

  test('answers the init error when init fails a second time', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    const payload = '{"errorType":"Runtime.ImportModuleError","errorMessage":"no module"}';
    sandbox.behave = (runtime) => {
      runtime.listener.initError('Runtime.ImportModuleError', Buffer.from(payload));
      runtime.exit(1);
    };
    await environment.start();
    const gone = owner.change();
    const outcome = await environment.invoke(invocation());
    assert.equal(outcome.functionError, 'Unhandled');
    assert.equal(outcome.payload.toString(), payload);
    await gone;
    assert.equal(owner.gone, 1);
  });

  test('reports the second init before it fails the invocation, and the exit in it', async () => {
    const { environment, sandbox, sink, owner } = newEnvironment();
    sandbox.behave = (runtime) => runtime.exit(1);
    await environment.start();
    const gone = owner.change();
    const outcome = await environment.invoke(invocation());
    assert.deepEqual(JSON.parse(outcome.payload.toString()), {
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: id-1 Error: Runtime exited with error: exit status 1',
    });
    await gone;
    const kinds = sink.messages.map((message) => message.replace(/Duration: .*? ms/g, 'Duration').trim());
    assert.deepEqual(kinds.slice(1, 5), [
      'INIT_REPORT Init Duration\tPhase: init\tStatus: error\tError Type: Runtime.ExitError',
      'START RequestId: id-1 Version: $LATEST',
      'RequestId: id-1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError',
      'INIT_REPORT Init Duration\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError',
    ]);
    assert.equal(kinds[5], 'END RequestId: id-1');
    assert.match(kinds[6]!, /^REPORT .*\tStatus: error\tError Type: Runtime\.ExitError$/);
    assert.equal(kinds.length, 7);
  });

  test('whose init takes too long is initialised again inside the invocation, for its time-out', async (context) => {
    const { environment, sandbox, sink, owner } = newEnvironment({ timeoutSeconds: 3 });
    sandbox.behave = () => {};
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const started = environment.start();
    while (sandbox.started.length === 0) await Promise.resolve();
    context.mock.timers.tick(10_000);
    await started;
    assert.equal(environment.state, 'broken');
    assert.equal(sandbox.started[0]!.killed, true);
    const answered = environment.invoke(invocation());
    const gone = owner.change();
    while (sandbox.started.length === 1) await Promise.resolve();
    context.mock.timers.tick(3_000);
    assert.deepEqual(JSON.parse((await answered).payload.toString()), {
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: id-1 Error: Task timed out after 3.00 seconds',
    });
    await gone;
    assert.equal(sandbox.started[1]!.killed, true);
    const reports = sink.messages.filter((message) => message.startsWith('INIT_REPORT'));
    assert.match(reports[0]!, /Phase: init\tStatus: timeout\n$/);
    assert.match(reports[1]!, /Phase: invoke\tStatus: timeout\n$/);
    assert.equal(reports.length, 2);
    assert.match(sink.messages.at(-1)!, /^REPORT .*\tStatus: timeout\n$/);
  });

  test('that is stopped while it starts leaves no process behind', async () => {
    const { environment, sandbox, owner } = newEnvironment();
    sandbox.behave = () => {};
    const started = environment.start();
    while (sandbox.started.length === 0) await Promise.resolve();
    await environment.stop();
    await started;
    assert.equal(environment.state, 'dead');
    assert.equal(sandbox.started[0]!.killed, true);
    assert.deepEqual([owner.gone, owner.dead], [1, 1]);
  });

  test('names in its reports only error types of Lambda itself', async () => {
    const { environment, sandbox, sink, owner } = newEnvironment({
      runtime: 'provided.al2023',
      logging: { format: 'JSON', systemLogLevel: 'INFO', logGroup: '/g' },
    });
    sandbox.behave = (runtime, index) => {
      if (index === 0) runtime.listener.initError('ReferenceError', Buffer.from('{}'));
      else runtime.listener.ready();
    };
    await environment.start();
    for (const [errorType, shown] of [
      ['TypeError', 'Runtime.Unknown'],
      ['Function.of mine', 'Function.Unknown'],
      ['Function.ResponseSizeTooLarge', 'Function.ResponseSizeTooLarge'],
    ] as const) {
      const answered = environment.invoke(invocation());
      while (sandbox.started.length < 2 || sandbox.started[1]!.events.length === 0) await Promise.resolve();
      const changed = owner.change();
      sandbox.started[1]!.fail(errorType, '{}');
      assert.equal((await answered).errorType, errorType);
      await changed;
      sandbox.started[1]!.events.length = 0;
      while (!sink.messages.at(-1)!.includes('platform.report')) await Promise.resolve();
      assert.equal(JSON.parse(sink.messages.at(-1)!).record.errorType, shown);
    }
    const [init, failed] = sink.messages.map((message) => JSON.parse(message));
    assert.equal(init.record.runtimeVersion, 'provided:al2023.v24.1.0');
    assert.equal(failed.record.errorType, 'Runtime.Unknown');
  });

  test('says of an event that its runtime never read that it is undelivered', async () => {
    const { environment, sandbox } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation());
    sandbox.started[0]!.listener.exit({ code: null, signal: 'SIGKILL', undelivered: true });
    const outcome = await answered;
    assert.equal(outcome.undelivered, true);
    assert.equal(outcome.errorType, 'Runtime.ExitError');
  });

  test('refuses a result of more than 6 MB in AWS words', async () => {
    const { environment, sandbox } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation());
    sandbox.started[0]!.respond(`"${'x'.repeat(6_291_556)}"`);
    assert.deepEqual(JSON.parse((await answered).payload.toString()), {
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
      errorType: 'Function.ResponseSizeTooLarge',
    });
  });

  test('returns the last 4 KB of its log when asked', async () => {
    const { environment, sandbox } = newEnvironment();
    await environment.start();
    const answered = environment.invoke(invocation({ wantsLogTail: true }));
    const runtime = sandbox.started[0]!;
    for (let line = 0; line < 100; line += 1) runtime.listener.output({ text: `${line} ${'x'.repeat(96)}` });
    runtime.respond('null');
    const { logTail } = await answered;
    assert.equal(logTail!.length, 4_096);
    assert.match(logTail!.toString(), /\n99 x+\nEND RequestId: id-1\nREPORT RequestId: id-1\t/);
  });

  test('writes JSON objects when the log format is JSON, by level', async () => {
    const { environment, sandbox, sink, owner } = newEnvironment({
      logging: { format: 'JSON', applicationLogLevel: 'WARN', systemLogLevel: 'INFO', logGroup: '/g' },
    });
    await environment.start();
    const answered = environment.invoke(invocation());
    sandbox.started[0]!.listener.output({ text: '{"level":"INFO"}', level: 'INFO' });
    sandbox.started[0]!.listener.output({ text: '{"level":"ERROR"}', level: 'ERROR' });
    sandbox.started[0]!.respond('null');
    await answered;
    await owner.change();
    const types = sink.messages.map((message) => JSON.parse(message).type ?? JSON.parse(message).level);
    assert.deepEqual(types, ['platform.initStart', 'platform.start', 'ERROR', 'platform.report']);
  });
});
