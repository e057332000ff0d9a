/** What every runtime client must do here as it does on AWS, at each level of isolation. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { InvokeCommandInput } from '@aws-sdk/client-lambda';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { killProcessesOf } from '../lambda/invoke/host-processes.ts';
import type { FunctionName } from './built-function.ts';
import { builtFunction } from './built-function.ts';

/** Time for a JVM among twenty on two cores; seconds. */
const TIMEOUT_SECONDS = 60;

export interface RuntimeExpectations {
  readonly name: FunctionName;
  readonly handler: string;
  /** The payload of an error that the function returns; `stackTrace` is only looked at as a list. */
  readonly error: { readonly errorType: string; readonly errorMessage: string };
  /** An unhandled failure of the language, where the client reports one and what it reports. */
  readonly panic?: { readonly errorType: string; readonly errorMessage: RegExp };
  /** The action that ends the process with status 3. */
  readonly exitAction: string;
  /** A handler name with which init fails, and what the client says then. */
  readonly initError?: {
    readonly handler: string;
    readonly errorType: string;
    readonly errorMessage: RegExp;
  };
}

interface Answer {
  readonly functionError: string | undefined;
  readonly payload: Record<string, unknown>;
  readonly log: string;
}

export function testRuntime(expected: RuntimeExpectations): void {
  for (const level of ['namespaces', 'process'] satisfies IsolationLevel[]) {
    describe(`${expected.name}, unchanged, as provided.al2023 at ${level}`, () =>
      runtimeTests(expected, level));
  }
}

function runtimeTests(expected: RuntimeExpectations, level: IsolationLevel): void {
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: level });
    lambda = new LambdaClient(clientSettings(platform));
    await createFunction('echo', expected.handler, TIMEOUT_SECONDS);
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  const createFunction = async (name: string, handler: string, timeoutSeconds: number): Promise<void> => {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'provided.al2023',
        Handler: handler,
        Role: 'arn:aws:iam::000000000000:role/test',
        Timeout: timeoutSeconds,
        MemorySize: 512,
        Code: { ZipFile: await builtFunction(expected.name) },
      }),
    );
  };

  const invoke = async (
    event: Record<string, unknown>,
    more: Partial<InvokeCommandInput> = {},
  ): Promise<Answer> => {
    const output = await lambda.send(
      new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify(event), LogType: 'Tail', ...more }),
    );
    assert.equal(output.StatusCode, 200);
    return {
      functionError: output.FunctionError,
      payload: JSON.parse(Buffer.from(output.Payload!).toString()) as Record<string, unknown>,
      log: Buffer.from(output.LogResult!, 'base64').toString(),
    };
  };

  test('answers, and its output is in the log', async () => {
    const answer = await invoke({ action: 'echo', value: 'grüße' });
    assert.equal(answer.functionError, undefined);
    assert.deepEqual(answer.payload, { action: 'echo', value: 'grüße' });
    assert.match(answer.log, /^START RequestId: (\S+) [\s\S]*\n?echo .*\n[\s\S]*END RequestId: \1\nREPORT/m);
  });

  test('sees the context of its invocation', async () => {
    const clientContext = Buffer.from(JSON.stringify({ custom: { color: 'blue' } })).toString('base64');
    const earliestMs = Date.now();
    const { payload } = await invoke({ action: 'context' }, { ClientContext: clientContext });
    const { requestId, deadlineMs, traceId, ...rest } = payload;
    assert.match(String(requestId), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(String(traceId), /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]/);
    const timeoutMs = TIMEOUT_SECONDS * 1_000;
    // The deadline is that of now plus the time-out, as the clients pass it on: to a few milliseconds.
    assert.ok(Number(deadlineMs) >= earliestMs + timeoutMs - 10, `${deadlineMs} is too early`);
    assert.ok(Number(deadlineMs) <= Date.now() + timeoutMs + 10, `${deadlineMs} is too late`);
    assert.deepEqual(rest, {
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
      custom: { color: 'blue' },
      functionName: 'echo',
      memoryMb: 512,
    });
  });

  test('returns an error and goes on', async () => {
    const answer = await invoke({ action: 'error' });
    assert.equal(answer.functionError, 'Unhandled');
    assert.equal(answer.payload['errorType'], expected.error.errorType);
    assert.equal(answer.payload['errorMessage'], expected.error.errorMessage);
    const next = await invoke({ action: 'echo' });
    assert.doesNotMatch(next.log, /Init Duration/, 'a handled error ends no environment');
  });

  if (expected.panic !== undefined) {
    const { errorType, errorMessage } = expected.panic;
    test('panics, and the next invocation is well', async () => {
      const answer = await invoke({ action: 'crash' });
      assert.equal(answer.functionError, 'Unhandled');
      assert.equal(answer.payload['errorType'], errorType);
      assert.match(String(answer.payload['errorMessage']), errorMessage);
      assert.equal((await invoke({ action: 'echo' })).functionError, undefined);
    });
  }

  test('exits, and the next invocation is well', async () => {
    const answer = await invoke({ action: expected.exitAction });
    assert.equal(answer.functionError, 'Unhandled');
    assert.equal(answer.payload['errorType'], 'Runtime.ExitError');
    assert.match(
      String(answer.payload['errorMessage']),
      /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/,
    );
    const next = await invoke({ action: 'echo' });
    assert.equal(next.functionError, undefined);
    assert.match(next.log, /Init Duration/, 'a new environment has started');
  });

  test('takes too long, and the next invocation is well', async () => {
    await createFunction('slow', expected.handler, 2);
    const answer = await invoke({ action: 'sleep' }, { FunctionName: 'slow' });
    assert.equal(answer.functionError, 'Unhandled');
    assert.equal(answer.payload['errorType'], 'Sandbox.Timedout');
    assert.match(
      String(answer.payload['errorMessage']),
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 2\.00 seconds$/,
    );
    assert.equal((await invoke({ action: 'echo' }, { FunctionName: 'slow' })).functionError, undefined);
  });

  test('is killed while idle, and the next invocation is well at once', async () => {
    await createFunction('killed', expected.handler, TIMEOUT_SECONDS);
    await invoke({ action: 'echo' }, { FunctionName: 'killed' });
    await killProcessesOf(platform.origin, 'killed');
    const next = await invoke({ action: 'echo' }, { FunctionName: 'killed' });
    assert.equal(next.functionError, undefined);
    assert.match(next.log, /Init Duration/, 'a new environment has started');
  });

  test('echoes a megabyte', async () => {
    const value = 'x'.repeat(1024 * 1024);
    assert.deepEqual((await invoke({ action: 'echo', value })).payload, { action: 'echo', value });
  });

  test('handles twenty events at once', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const answers = await Promise.all(numbers.map((number) => invoke({ action: 'echo', number })));
    assert.deepEqual(
      answers.map(({ payload }) => payload['number']),
      numbers,
    );
  });

  if (expected.initError !== undefined) {
    const { handler, errorType, errorMessage } = expected.initError;
    test('fails to start', async () => {
      await createFunction('broken', handler, TIMEOUT_SECONDS);
      const answer = await invoke({}, { FunctionName: 'broken' });
      assert.equal(answer.functionError, 'Unhandled');
      assert.equal(answer.payload['errorType'], errorType);
      assert.match(String(answer.payload['errorMessage']), errorMessage);
    });
  }
}
