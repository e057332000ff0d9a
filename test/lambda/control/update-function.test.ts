import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { gatedRuntime } from './gated-runtime.ts';
import {
  ACCOUNT,
  CODE,
  functionNamed,
  lambdaServer,
  OTHER_CODE,
  refusal,
  settled,
  untilActive,
  untilUpdated,
} from './lambda-server.ts';

const gates = { pending: await gatedRuntime('3.12.99'), updating: await gatedRuntime('3.13.99') };
after(() => Promise.all([gates.pending.remove(), gates.updating.remove()]));
const { lambda } = await lambdaServer({
  runtimes: { 'python3.12': gates.pending.path, 'python3.13': gates.updating.path },
});

const hashOf = (zip: Buffer): string => createHash('sha256').update(zip).digest('base64');

async function created(name: string, rest = {}): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(name, rest)));
  await untilActive(lambda, name);
}

async function invoked(FunctionName: string): Promise<string> {
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '"echo"' }));
  return Payload!.transformToString();
}

test('UpdateFunctionCode answers InProgress with the new code, which the next invocation runs', async () => {
  await created('new-code');
  assert.equal(await invoked('new-code'), '"echo"');
  const before = await settled(lambda, 'new-code');
  const answer = await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'new-code', ZipFile: OTHER_CODE }),
  );
  assert.deepEqual(
    [answer.LastUpdateStatus, answer.LastUpdateStatusReasonCode, answer.State],
    ['InProgress', 'Creating', 'Active'],
  );
  assert.deepEqual([answer.CodeSha256, answer.CodeSize], [hashOf(OTHER_CODE), OTHER_CODE.length]);
  assert.notEqual(answer.RevisionId, before.RevisionId);
  await untilUpdated(lambda, 'new-code');
  assert.equal(await invoked('new-code'), '"other"');
});

test('UpdateFunctionCode with DryRun says what would be and changes nothing', async () => {
  await created('dry');
  const before = await settled(lambda, 'dry');
  const answer = await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'dry', ZipFile: OTHER_CODE, DryRun: true, Publish: true }),
  );
  assert.equal(answer.CodeSha256, hashOf(OTHER_CODE));
  assert.deepEqual(await settled(lambda, 'dry'), before);
  await assert.rejects(
    lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'dry', ZipFile: Buffer.from('no zip'), DryRun: true }),
    ),
    refusal('InvalidParameterValueException', /Could not unzip/),
  );
});

test('UpdateFunctionConfiguration changes what it names and keeps the rest', async () => {
  await created('partial', { Description: 'kept', Environment: { Variables: { KEY: 'kept' } }, Timeout: 10 });
  const answer = await lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'partial', MemorySize: 512, Timeout: 20 }),
  );
  assert.deepEqual(
    [answer.MemorySize, answer.Timeout, answer.Description, answer.Environment, answer.CodeSha256],
    [512, 20, 'kept', { Variables: { KEY: 'kept' } }, hashOf(CODE)],
  );
  await untilUpdated(lambda, 'partial');
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: 'partial',
      Description: '',
      Environment: { Variables: {} },
    }),
  );
  const cleared = await settled(lambda, 'partial');
  assert.deepEqual([cleared.Description, cleared.Environment], ['', { Variables: {} }]);
});

test('an update of the same values is an update: InProgress, a new revision', async () => {
  await created('redundant', { Description: 'same' });
  const before = await settled(lambda, 'redundant');
  const update = new UpdateFunctionConfigurationCommand({ FunctionName: 'redundant', Description: 'same' });
  assert.equal((await lambda.send(update)).LastUpdateStatus, 'InProgress');
  assert.notEqual((await settled(lambda, 'redundant')).RevisionId, before.RevisionId);
});

test('an update is refused when the revision it names is not the latest', async () => {
  await created('revised');
  const { RevisionId } = await settled(lambda, 'revised');
  const words =
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id';
  const wrong = { FunctionName: 'revised', RevisionId: '00000000-0000-4000-8000-000000000000' };
  await assert.rejects(
    lambda.send(new UpdateFunctionCodeCommand({ ...wrong, ZipFile: OTHER_CODE })),
    refusal('PreconditionFailedException', words, 412),
  );
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ ...wrong, Timeout: 4 })),
    refusal('PreconditionFailedException', words, 412),
  );
  await assert.rejects(
    lambda.send(new PublishVersionCommand(wrong)),
    refusal('PreconditionFailedException', words, 412),
  );
  const right = { FunctionName: 'revised', RevisionId };
  assert.equal(
    (await lambda.send(new UpdateFunctionConfigurationCommand({ ...right, Timeout: 4 }))).Timeout,
    4,
  );
});

test('a refused update of the configuration changes nothing', async () => {
  await created('unharmed');
  const before = await settled(lambda, 'unharmed');
  const change = { FunctionName: 'unharmed', Description: 'changed' };
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ ...change, MemorySize: 20_000 })),
    refusal('ValidationException', /less than or equal to 10240/, 400),
  );
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ ...change, Runtime: 'go1.x' })),
    refusal('InvalidParameterValueException', /no longer supported/),
  );
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ ...change, TracingConfig: { Mode: 'Active' } })),
    refusal(
      'NotImplemented',
      'lambda:UpdateFunctionConfiguration does not implement TracingConfig (Mode Active) yet.',
      501,
    ),
  );
  const { RevisionId, Description } = await settled(lambda, 'unharmed');
  assert.deepEqual([RevisionId, Description], [before.RevisionId, '']);
});

test('updates of a function that does not exist are refused', async () => {
  const words = `Function not found: arn:aws:lambda:us-east-1:${ACCOUNT}:function:absent`;
  await assert.rejects(
    lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'absent', ZipFile: CODE })),
    refusal('ResourceNotFoundException', words, 404),
  );
  await assert.rejects(
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'absent' })),
    refusal('ResourceNotFoundException', words, 404),
  );
});

test('of many updates of code at once some may be refused, and what is stored is one of them, whole', async () => {
  await created('contended');
  const attempts = await Promise.allSettled(
    Array.from({ length: 6 }, (_, index) =>
      lambda.send(
        new UpdateFunctionCodeCommand({
          FunctionName: 'contended',
          ZipFile: index % 2 === 0 ? CODE : OTHER_CODE,
        }),
      ),
    ),
  );
  const hashes = new Set<string>();
  for (const attempt of attempts) {
    if (attempt.status === 'fulfilled') hashes.add(attempt.value.CodeSha256!);
    else refusal('ResourceConflictException', /An update is in progress for resource/, 409)(attempt.reason);
  }
  const { CodeSha256, LastUpdateStatus } = await settled(lambda, 'contended');
  assert.equal(LastUpdateStatus, 'Successful');
  assert.ok(hashes.has(CodeSha256!));
  assert.equal(await invoked('contended'), CodeSha256 === hashOf(CODE) ? '"echo"' : '"other"');
});

test('while a function is Pending it is neither updated nor published, and its waiter waits', async () => {
  await lambda.send(
    new CreateFunctionCommand(functionNamed('waiting', { Runtime: 'python3.12', Handler: 'a.b' })),
  );
  const words =
    'The operation cannot be performed at this time. The function is currently in the following state: Pending';
  for (const command of [
    new UpdateFunctionCodeCommand({ FunctionName: 'waiting', ZipFile: OTHER_CODE }),
    new UpdateFunctionConfigurationCommand({ FunctionName: 'waiting', Timeout: 9 }),
    new PublishVersionCommand({ FunctionName: 'waiting' }),
  ]) {
    await assert.rejects(
      lambda.send(command as UpdateFunctionCodeCommand),
      refusal('ResourceConflictException', words, 409),
    );
  }
  const { State } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'waiting' }));
  assert.equal(State, 'Pending');
  const active = untilActive(lambda, 'waiting');
  await gates.pending.open();
  await active;
});

test('while a function is updated it is neither updated again nor published', async () => {
  await created('busy');
  const update = { FunctionName: 'busy', Runtime: 'python3.13', Handler: 'index.handler' } as const;
  await lambda.send(new UpdateFunctionConfigurationCommand(update));
  const words = `The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:${ACCOUNT}:function:busy`;
  for (const command of [
    new UpdateFunctionCodeCommand({ FunctionName: 'busy', ZipFile: OTHER_CODE }),
    new UpdateFunctionConfigurationCommand({ FunctionName: 'busy', Timeout: 9 }),
    new PublishVersionCommand({ FunctionName: 'busy' }),
  ]) {
    await assert.rejects(
      lambda.send(command as UpdateFunctionCodeCommand),
      refusal('ResourceConflictException', words, 409),
    );
  }
  await gates.updating.open();
  await untilUpdated(lambda, 'busy');
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'busy' }));
  assert.deepEqual(
    [Configuration!.Runtime, Configuration!.Timeout, Configuration!.CodeSha256, Configuration!.State],
    ['python3.13', 3, hashOf(CODE), 'Active'],
  );
});

test('an update to a runtime that cannot be had fails, says why, and can be mended', async () => {
  await created('spoilt');
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'spoilt', Runtime: 'dotnet8' }));
  const failed = await settled(lambda, 'spoilt');
  assert.deepEqual(
    [failed.State, failed.LastUpdateStatus, failed.LastUpdateStatusReasonCode],
    ['Active', 'Failed', 'InvalidRuntime'],
  );
  assert.match(failed.LastUpdateStatusReason!, /dotnet8/);
  await lambda.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'spoilt', Runtime: 'nodejs24.x' }),
  );
  await untilUpdated(lambda, 'spoilt');
  assert.equal(await invoked('spoilt'), '"echo"');
});
