import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';
import { functionNamed, lambdaServer, refusal, untilActive, untilUpdated } from './lambda-server.ts';

const { lambda, platform } = await lambdaServer();
const { dataDirectory } = platform.facts;

async function created(name: string, rest = {}): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(name, rest)));
  await untilActive(lambda, name);
}

const remove = (FunctionName: string, Qualifier?: string) =>
  lambda.send(new DeleteFunctionCommand({ FunctionName, ...(Qualifier === undefined ? {} : { Qualifier }) }));

/** Names of extracted packages, and of stored zips, by hash. */
async function packages(): Promise<{ readonly extracted: string[]; readonly stored: string[] }> {
  const extracted = await readdir(join(dataDirectory, 'packages'));
  const stored = (await readdir(join(dataDirectory, 'blobs'), { recursive: true })).map((path) =>
    path.replace('/', ''),
  );
  const isHash = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);
  return { extracted: extracted.filter(isHash).sort(), stored: stored.filter(isHash).sort() };
}

/** Removal goes on behind the answer. */
async function untilPackages(extracted: number, stored: number): Promise<void> {
  for (;;) {
    const found = await packages();
    if (found.extracted.length === extracted && found.stored.length === stored) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const codeOf = (text: string): Promise<Buffer> =>
  zipOf({ 'index.js': `exports.handler = async () => '${text}';` });

test('DeleteFunction removes the function with its versions; its name is free again', async () => {
  await created('gone');
  await lambda.send(new PublishVersionCommand({ FunctionName: 'gone' }));
  assert.equal((await remove('gone')).$metadata.httpStatusCode, 204);
  const words = 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone';
  await assert.rejects(
    lambda.send(new GetFunctionCommand({ FunctionName: 'gone' })),
    refusal('ResourceNotFoundException', words, 404),
  );
  await assert.rejects(
    lambda.send(new InvokeCommand({ FunctionName: 'gone:1' })),
    refusal('ResourceNotFoundException', `${words}:1`, 404),
  );
  await assert.rejects(remove('gone'), refusal('ResourceNotFoundException', words, 404));
  await created('gone', { Description: 'second life' });
  const { Configuration, Tags } = await lambda.send(new GetFunctionCommand({ FunctionName: 'gone' }));
  assert.deepEqual([Configuration!.Description, Tags], ['second life', undefined]);
  const published = await lambda.send(new PublishVersionCommand({ FunctionName: 'gone' }));
  assert.equal(published.Version, '1', 'a new function numbers its versions from 1');
  await remove('gone');
});

test('DeleteFunction with a version removes that version alone, and is content when there is none', async () => {
  await created('pruned', { Publish: true });
  await remove('pruned', '1');
  await remove('pruned', '1');
  const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'pruned' }));
  assert.deepEqual(
    Versions!.map(({ Version }) => Version),
    ['$LATEST'],
  );
  await assert.rejects(
    remove('pruned', '$LATEST'),
    refusal(
      'InvalidParameterValueException',
      '$LATEST version cannot be deleted without deleting the function.',
      400,
    ),
  );
  await assert.rejects(
    remove('pruned', 'live'),
    refusal('InvalidParameterValueException', 'Deletion of aliases is not currently supported.', 400),
  );
  await remove('pruned');
});

test('a package goes with the last function, version or update that needs it', async () => {
  await untilPackages(0, 0);
  const shared = await codeOf('shared');
  await created('first', { Code: { ZipFile: shared }, Publish: true });
  await created('second', { Code: { ZipFile: shared } });
  await untilPackages(1, 1);
  await remove('second');
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'first', ZipFile: await codeOf('newer') }));
  await untilUpdated(lambda, 'first');
  await untilPackages(2, 2);
  await remove('first', '1');
  await untilPackages(1, 1);
  await remove('first');
  await untilPackages(0, 0);
});

test('packages of refused requests and of trials are not kept', async () => {
  await created('only');
  await assert.rejects(
    lambda.send(
      new CreateFunctionCommand(functionNamed('only', { Code: { ZipFile: await codeOf('refused') } })),
    ),
    refusal('ResourceConflictException', 'Function already exist: only', 409),
  );
  await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'only', ZipFile: await codeOf('trial'), DryRun: true }),
  );
  await untilPackages(1, 1);
  await remove('only');
  await untilPackages(0, 0);
});

test('an invocation that runs while its function is deleted or changed finishes, on the code it began with', async () => {
  const slow = await zipOf({
    'index.js': `exports.handler = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return require('./answer.js');
    };`,
    'answer.js': "module.exports = 'from the old code';",
  });
  const invoke = async (): Promise<string> => {
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'slow' }));
    return Payload!.transformToString();
  };
  await created('slow', { Code: { ZipFile: slow }, Timeout: 20 });
  const running = invoke();
  await untilEnvironments(1);
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'slow', ZipFile: await codeOf('new') }));
  await untilUpdated(lambda, 'slow');
  const next = await invoke();
  assert.deepEqual([await running, next], ['"from the old code"', '"new"']);

  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'slow', ZipFile: slow }));
  await untilUpdated(lambda, 'slow');
  await untilEnvironments(0);
  const last = invoke();
  await untilEnvironments(1);
  await remove('slow');
  const { Functions } = await lambda.send(new ListFunctionsCommand({}));
  assert.deepEqual(Functions, []);
  assert.equal(await last, '"from the old code"');
  await untilPackages(0, 0);
  await untilEnvironments(0);
});

/** The server counts the environments that are alive. */
async function untilEnvironments(count: number): Promise<void> {
  for (;;) {
    const response = await fetch(`${platform.origin}/_selfsame/health`);
    const { environments } = (await response.json()) as { environments: number };
    if (environments === count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
