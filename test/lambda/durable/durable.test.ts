/**
 * Durable functions as their users see them, with AWS's SDK inside the function. Behaviour: Lambda developer
 * guide, "Durable functions"; words of refused updates: AWS's own testing kit.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Event, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import {
  CheckpointDurableExecutionCommand,
  CreateFunctionCommand,
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  GetDurableExecutionStateCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  ListDurableExecutionsByFunctionCommand,
  paginateGetDurableExecutionHistory,
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccessCommand,
  StopDurableExecutionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import type { DurableOptions } from './durable-functions.ts';
import { createDurable } from './durable-functions.ts';

const HOUR_MS = 3_600_000;

let platform: Platform;
let lambda: LambdaClient;

before(async () => {
  platform = await openPlatform({ isolation: 'process' });
  lambda = new LambdaClient(clientSettings(platform));
});

after(async () => {
  lambda.destroy();
  await platform.close();
});

const create = (name: string, body: string, options?: DurableOptions): Promise<void> =>
  createDurable(lambda, name, body, options);

async function invoke(
  name: string,
  event: unknown = {},
  rest: Partial<ConstructorParameters<typeof InvokeCommand>[0]> = {},
): Promise<InvokeCommandOutput & { readonly value: unknown }> {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: `${name}:$LATEST`, Payload: JSON.stringify(event), ...rest }),
  );
  const text = Buffer.from(answer.Payload ?? []).toString();
  return { ...answer, value: text === '' ? undefined : JSON.parse(text) };
}

/** Starts an execution and gives its ARN. */
async function begin(name: string, event: unknown = {}, DurableExecutionName?: string): Promise<string> {
  const { StatusCode, DurableExecutionArn } = await invoke(name, event, {
    InvocationType: 'Event',
    DurableExecutionName,
  });
  assert.equal(StatusCode, 202);
  return DurableExecutionArn!;
}

async function history(DurableExecutionArn: string, IncludeExecutionData = true): Promise<Event[]> {
  const events: Event[] = [];
  const pages = paginateGetDurableExecutionHistory(
    { client: lambda, pageSize: 3 },
    { DurableExecutionArn, IncludeExecutionData },
  );
  for await (const { Events } of pages) events.push(...Events!);
  return events;
}

const get = (DurableExecutionArn: string) =>
  lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn }));

/** The clock waits for the invocation under way, in which the function does what it can. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await platform.clock.advance(1);
  }
}

const happened = (arn: string, type: string): Promise<Event> =>
  until(async () => (await history(arn)).find(({ EventType }) => EventType === type));

test('a durable function runs its steps once, and a caller who waits gets the result', async () => {
  await create(
    'steps',
    `const a = await context.step('first', async () => event.n + 1);
     const b = await context.step('second', async () => a * 2);
     return { a, b };`,
    { executionTimeout: 900 },
  );
  const { value, DurableExecutionArn, ExecutedVersion } = await invoke('steps', { n: 1 });
  assert.deepEqual(value, { a: 2, b: 4 });
  assert.equal(ExecutedVersion, '$LATEST');
  assert.match(
    DurableExecutionArn!,
    /^arn:aws:lambda:us-east-1:000000000000:function:steps:\$LATEST\/durable-execution\/[\w-]+\/[\w-]+$/,
  );
  const execution = await get(DurableExecutionArn!);
  assert.equal(execution.Status, 'SUCCEEDED');
  assert.equal(execution.InputPayload, '{"n":1}');
  assert.equal(execution.Result, '{"a":2,"b":4}');
  assert.deepEqual(execution.DurableConfig, { ExecutionTimeout: 900, RetentionPeriodInDays: 7 });
  const events = await history(DurableExecutionArn!);
  assert.deepEqual(
    events.map(({ EventId }) => EventId),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    events.map(({ EventType, Name }) => [EventType, EventType!.startsWith('Step') ? Name : undefined]),
    [
      ['ExecutionStarted', undefined],
      ['StepStarted', 'first'],
      ['StepSucceeded', 'first'],
      ['StepStarted', 'second'],
      ['StepSucceeded', 'second'],
      ['InvocationCompleted', undefined],
      ['ExecutionSucceeded', undefined],
    ],
  );
  const bare = await history(DurableExecutionArn!, false);
  assert.equal(JSON.stringify(bare).includes('Payload'), false);
});

test('a wait of an hour ends when the clock says so, and the step before it has run once', async () => {
  await create(
    'waits',
    `const once = await context.step('once', async () => Math.random());
     await context.wait('rest', { hours: 1 });
     return once;`,
  );
  const arn = await begin('waits');
  const started = await happened(arn, 'WaitStarted');
  assert.equal(started.WaitStartedDetails!.Duration, 3_600);
  await happened(arn, 'InvocationCompleted');
  assert.equal((await get(arn)).Status, 'RUNNING');
  await platform.clock.advance(HOUR_MS);
  const { Status, Result } = await until(async () => {
    const execution = await get(arn);
    return execution.Status === 'RUNNING' ? undefined : execution;
  });
  assert.equal(Status, 'SUCCEEDED');
  const events = await history(arn);
  const steps = events.filter(({ EventType }) => EventType === 'StepSucceeded');
  assert.deepEqual(
    steps.map(({ StepSucceededDetails }) => StepSucceededDetails!.Result!.Payload),
    [Result],
  );
  assert.equal(events.filter(({ EventType }) => EventType === 'InvocationCompleted').length, 2);
});

test('one advance of the clock shows every retry of a step', async () => {
  await create(
    'retries',
    `return context.step('flaky', async (step) => { throw new TypeError('not yet'); }, {
       retryStrategy: (error, attempt) => ({ shouldRetry: attempt < 4, delay: { minutes: attempt } }),
     });`,
  );
  const arn = await begin('retries');
  await happened(arn, 'InvocationCompleted');
  await platform.clock.advance(HOUR_MS);
  const { Status, Error: error } = await get(arn);
  assert.equal(Status, 'FAILED');
  assert.match(error!.ErrorMessage!, /not yet/);
  const failures = (await history(arn)).filter(({ EventType }) => EventType === 'StepFailed');
  assert.deepEqual(
    failures.map(({ StepFailedDetails }) => StepFailedDetails!.RetryDetails),
    [
      { CurrentAttempt: 1, NextAttemptDelaySeconds: 60 },
      { CurrentAttempt: 2, NextAttemptDelaySeconds: 120 },
      { CurrentAttempt: 3, NextAttemptDelaySeconds: 180 },
      { CurrentAttempt: 4 },
    ],
  );
});

test('an error of the function is the error of the execution, and of the caller who waits', async () => {
  await create('fails', "throw new RangeError('out of it');", { executionTimeout: 900 });
  const { FunctionError, value } = await invoke('fails');
  assert.equal(FunctionError, 'Unhandled');
  const { errorType, errorMessage } = value as Record<string, string>;
  assert.deepEqual([errorType, errorMessage], ['RangeError', 'out of it']);
});

test('a callback is succeeded, failed, kept alive and timed out', async () => {
  await create(
    'callbacks',
    `const [promise, id] = await context.createCallback('approval', {
       timeout: { hours: 2 }, heartbeatTimeout: { minutes: 30 },
     });
     try { return { said: await promise }; } catch (error) { return { failed: error.message }; }`,
  );
  const opened = async (): Promise<{ readonly arn: string; readonly CallbackId: string }> => {
    const arn = await begin('callbacks');
    const { CallbackStartedDetails } = await happened(arn, 'CallbackStarted');
    assert.deepEqual(
      [CallbackStartedDetails!.Timeout, CallbackStartedDetails!.HeartbeatTimeout],
      [7_200, 1_800],
    );
    await happened(arn, 'InvocationCompleted');
    return { arn, CallbackId: CallbackStartedDetails!.CallbackId! };
  };
  const result = async (arn: string): Promise<unknown> =>
    until(async () => {
      const { Status, Result } = await get(arn);
      return Status === 'RUNNING' ? undefined : JSON.parse(Result!);
    });

  const succeeded = await opened();
  const success = { CallbackId: succeeded.CallbackId, Result: Buffer.from('"yes"') };
  await lambda.send(new SendDurableExecutionCallbackSuccessCommand(success));
  assert.deepEqual(await result(succeeded.arn), { said: '"yes"' });

  const failed = await opened();
  await lambda.send(
    new SendDurableExecutionCallbackFailureCommand({
      CallbackId: failed.CallbackId,
      Error: { ErrorType: 'Refused', ErrorMessage: 'no' },
    }),
  );
  assert.match(((await result(failed.arn)) as { failed: string }).failed, /no/);

  const kept = await opened();
  for (let beat = 0; beat < 3; beat += 1) {
    await platform.clock.advance(HOUR_MS / 3);
    await lambda.send(new SendDurableExecutionCallbackHeartbeatCommand({ CallbackId: kept.CallbackId }));
  }
  assert.equal((await get(kept.arn)).Status, 'RUNNING');
  await platform.clock.advance(HOUR_MS);
  await result(kept.arn);
  const timedOut = await happened(kept.arn, 'CallbackTimedOut');
  assert.equal(
    timedOut.CallbackTimedOutDetails!.Error!.Payload!.ErrorMessage,
    'Callback timed out on heartbeat',
  );
  await assert.rejects(lambda.send(new SendDurableExecutionCallbackSuccessCommand(success)), {
    name: /CallbackTimeoutException|ResourceNotFoundException/,
  });
});

test('a name is one execution: asked for again it is the same, with another payload it is refused', async () => {
  await create('named', "await context.wait({ hours: 1 }); return 'done';");
  const first = await begin('named', { a: 1 }, 'order-1');
  assert.match(first, /\/durable-execution\/order-1\//);
  assert.equal(await begin('named', { a: 1 }, 'order-1'), first);
  await assert.rejects(begin('named', { a: 2 }, 'order-1'), {
    name: 'DurableExecutionAlreadyStartedException',
  });
  const other = await begin('named', { a: 2 }, 'order-2');
  const list = async (rest: object): Promise<(string | undefined)[]> => {
    const { DurableExecutions } = await lambda.send(
      new ListDurableExecutionsByFunctionCommand({ FunctionName: 'named', ...rest }),
    );
    return DurableExecutions!.map(({ DurableExecutionArn }) => DurableExecutionArn);
  };
  assert.deepEqual(await list({}), [other, first]);
  assert.deepEqual(await list({ ReverseOrder: true }), [first, other]);
  assert.deepEqual(await list({ DurableExecutionName: 'order-2' }), [other]);
  const { StopTimestamp } = await lambda.send(
    new StopDurableExecutionCommand({
      DurableExecutionArn: other,
      Error: { ErrorType: 'Why', ErrorMessage: 'because' },
    }),
  );
  const stopped = await get(other);
  assert.deepEqual([stopped.Status, stopped.EndTimestamp], ['STOPPED', StopTimestamp]);
  assert.deepEqual(stopped.Error, { ErrorType: 'Why', ErrorMessage: 'because' });
  assert.deepEqual(await list({ Statuses: ['RUNNING'] }), [first]);
});

test('a list goes on behind the execution where it was left, whatever has begun meanwhile', async () => {
  await create('listed', "await context.wait({ hours: 1 }); return 'done';");
  const [first, second] = [await begin('listed'), await begin('listed')];
  const page = (Marker?: string) =>
    lambda.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: 'listed', MaxItems: 1, Marker }));
  const { DurableExecutions: newest, NextMarker } = await page();
  assert.deepEqual([newest!.length, newest![0]!.DurableExecutionArn], [1, second]);
  await begin('listed');
  const { DurableExecutions: oldest, NextMarker: end } = await page(NextMarker);
  assert.deepEqual([oldest![0]!.DurableExecutionArn, end], [first, undefined]);
  await assert.rejects(page('elsewhere'), { name: 'InvalidParameterValueException' });
});

test('a response of a durable function is not streamed', async () => {
  await create('streamed', 'return 1;');
  const invoke = new InvokeWithResponseStreamCommand({ FunctionName: 'streamed', Qualifier: '$LATEST' });
  await assert.rejects(lambda.send(invoke), {
    name: 'NotImplemented',
    message: 'lambda:InvokeWithResponseStream does not implement DurableConfig yet.',
  });
});

test('executions of a function that does not exist are not an empty list', async () => {
  const list = new ListDurableExecutionsByFunctionCommand({ FunctionName: 'missing' });
  await assert.rejects(lambda.send(list), {
    name: 'ResourceNotFoundException',
    message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:missing',
  });
});

test('an execution ends with its time-out, and is forgotten when its retention is over', async () => {
  await create('endless', "await context.wait({ days: 300 }); return 'never';", { executionTimeout: 7_200 });
  const arn = await begin('endless');
  await happened(arn, 'InvocationCompleted');
  await platform.clock.advance(2 * HOUR_MS);
  assert.equal((await get(arn)).Status, 'TIMED_OUT');
  await platform.clock.advance(7 * 24 * HOUR_MS);
  await assert.rejects(get(arn), { name: 'ResourceNotFoundException' });
});

test('functions are chained, durable or not, and their errors come back', async () => {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'plain',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: {
        ZipFile: await zipOf({
          'index.js':
            'exports.handler = async (event) => { if (event.bad) throw new Error("bad"); return event.n * 3; };',
        }),
      },
    }),
  );
  await create('child', 'await context.wait({ minutes: 5 }); return event.n + 100;');
  await create(
    'parent',
    `const plain = await context.invoke('plain', 'plain', { n: 2 });
     const child = await context.invoke('child', 'child:$LATEST', { n: 1 });
     const bad = await context.invoke('bad', 'plain', { bad: true }).catch((error) => error.message);
     return { plain, child, bad };`,
  );
  const arn = await begin('parent');
  await happened(arn, 'ChainedInvokeSucceeded');
  await until(async () => {
    await platform.clock.advance(5 * 60_000);
    return (await get(arn)).Status === 'RUNNING' ? undefined : true;
  });
  const { Result } = await get(arn);
  const { plain, child, bad } = JSON.parse(Result!);
  assert.deepEqual([plain, child], [6, 101]);
  assert.match(bad, /bad/);
});

test('a function that dies is invoked again and goes on behind its last checkpoint', async () => {
  await create(
    'dies',
    `const first = await context.step('first', async () => 'kept');
     const { CloudWatchLogs } = require('@aws-sdk/client-cloudwatch-logs');
     // What outlives the environment tells whether it has died already.
     const isFirst = await new CloudWatchLogs().createLogGroup({ logGroupName: 'died' }).then(() => true, () => false);
     if (isFirst) process.exit(1);
     return context.step('last', async () => first);`,
  );
  const arn = await begin('dies');
  const died = await happened(arn, 'InvocationCompleted');
  assert.equal(died.InvocationCompletedDetails!.Error!.Payload!.ErrorType, 'Runtime.ExitError');
  await until(async () => {
    await platform.clock.advance(60_000);
    return (await get(arn)).Status === 'RUNNING' ? undefined : true;
  });
  assert.equal((await get(arn)).Result, '"kept"');
  const steps = (await history(arn)).filter(({ EventType }) => EventType === 'StepSucceeded');
  assert.equal(steps.length, 2);
});

test('what AWS refuses is refused in its words', async () => {
  await create('refused', 'return 1;', { executionTimeout: 901 });
  const invalid = (message: RegExp | string) => ({ name: 'InvalidParameterValueException', message });
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'refused', InvocationType: 'Event' })),
    invalid('You cannot invoke a durable function using an unqualified ARN.'),
  );
  await assert.rejects(
    invoke('refused'),
    invalid(
      'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
    ),
  );
  const arn = await begin('refused');
  await assert.rejects(
    lambda.send(
      new CheckpointDurableExecutionCommand({
        DurableExecutionArn: arn,
        CheckpointToken: 'bm9uZQ==',
        Updates: [],
      }),
    ),
    invalid('Invalid Checkpoint Token'),
  );
  await assert.rejects(
    lambda.send(
      new GetDurableExecutionStateCommand({ DurableExecutionArn: arn, CheckpointToken: 'bm9uZQ==' }),
    ),
    invalid('Invalid Checkpoint Token'),
  );
  const missing = arn.replace(/[^/]+$/, 'none');
  await assert.rejects(lambda.send(new GetDurableExecutionHistoryCommand({ DurableExecutionArn: missing })), {
    name: 'ResourceNotFoundException',
  });
  await assert.rejects(
    lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId: 'bm9uZQ==' })),
    { name: 'ResourceNotFoundException' },
  );
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'plain', DurableExecutionName: 'a' })),
    invalid(/durable execution name/),
  );
  await assert.rejects(
    lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'plain',
        DurableConfig: { ExecutionTimeout: 1 },
      }),
    ),
    invalid(/durable configuration/),
  );
  const { DurableConfig } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: 'refused' }),
  );
  assert.deepEqual(DurableConfig, { ExecutionTimeout: 901, RetentionPeriodInDays: 7 });
});
