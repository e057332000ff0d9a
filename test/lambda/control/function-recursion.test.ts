/** The setting, and what it does to a function that is called in a loop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionRecursionConfigCommand,
  InvokeCommand,
  PutFunctionRecursionConfigCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

const { lambda } = await lambdaServer();

/** Answers the trace header that it was called with, which SDKs of AWS would pass on. */
const TRACED = await zipOf({ 'index.js': 'exports.handler = async () => process.env._X_AMZN_TRACE_ID;' });

/** More calls than a chain may have of one function. */
const MANY_CALLS = 20;

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function created(FunctionName: string): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName, { Code: { ZipFile: TRACED } })));
  await untilActive(lambda, FunctionName);
}

const allow = (FunctionName: string, RecursiveLoop: 'Allow' | 'Terminate') =>
  lambda.send(new PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop }));

/** Calls as a function does that calls itself: each with the trace header of the one before. */
async function loop(FunctionName: string): Promise<void> {
  let trace: string | undefined;
  for (let call = 0; call < MANY_CALLS; call += 1) {
    const command = new InvokeCommand({ FunctionName });
    const header = trace;
    if (header !== undefined) {
      command.middlewareStack.add(
        (next) => (args) => {
          (args.request as { headers: Record<string, string> }).headers['x-amzn-trace-id'] = header;
          return next(args);
        },
        { step: 'build' },
      );
    }
    const { Payload } = await lambda.send(command);
    trace = JSON.parse(Payload!.transformToString()) as string;
  }
}

test('a function that calls itself over and over is stopped, unless it may loop', async () => {
  await created('calling');
  await assert.rejects(loop('calling'), { name: 'RecursiveInvocationException' });
  await allow('calling', 'Allow');
  await loop('calling');
});

test('a function may not loop until it is allowed to, and a new one of its name may not', async () => {
  await created('looping');
  const config = async () =>
    (await lambda.send(new GetFunctionRecursionConfigCommand({ FunctionName: 'looping' }))).RecursiveLoop;
  assert.equal(await config(), 'Terminate');
  assert.equal((await allow('looping', 'Allow')).RecursiveLoop, 'Allow');
  assert.equal(await config(), 'Allow');
  await allow('looping', 'Terminate');
  assert.equal(await config(), 'Terminate');
  await allow('looping', 'Allow');
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'looping' }));
  const absent = refusal('ResourceNotFoundException', `Function not found: ${arnOf('looping')}`, 404);
  await assert.rejects(config(), absent);
  await assert.rejects(allow('looping', 'Allow'), absent);
  await created('looping');
  assert.equal(await config(), 'Terminate');
});
