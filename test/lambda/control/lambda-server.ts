/** A server for all tests of a file, and what they make functions with. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { CreateFunctionCommandInput, FunctionConfiguration } from '@aws-sdk/client-lambda';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { start } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

export const ACCOUNT = '000000000000';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/of-tests`;

/** The runtime that every host has: the Node.js the server runs on. */
export const RUNTIME = 'nodejs24.x';

export const CODE = await zipOf({ 'index.js': 'exports.handler = async (event) => event;' });
export const OTHER_CODE = await zipOf({ 'index.js': 'exports.handler = async () => "other";' });

export interface LambdaServer {
  readonly platform: Platform;
  readonly lambda: LambdaClient;
}

/** Started once; closed when all tests of the file are done. */
export async function lambdaServer(options: StartOptions = {}): Promise<LambdaServer> {
  const platform = await start({
    port: 0,
    dataDir: 'temporary',
    logLevel: 'error',
    isolation: 'process',
    ...options,
  });
  after(() => platform.close());
  return { platform, lambda: new LambdaClient(clientSettings(platform)) };
}

/** Parameters of CreateFunction with the least that a function needs. */
export function functionNamed(
  FunctionName: string,
  rest: Partial<CreateFunctionCommandInput> = {},
): CreateFunctionCommandInput {
  return {
    FunctionName,
    Runtime: RUNTIME,
    Handler: 'index.handler',
    Role: ROLE,
    Code: { ZipFile: CODE },
    ...rest,
  };
}

/** The SDK's own waiter, with short pauses. */
export async function untilActive(
  client: LambdaClient,
  FunctionName: string,
  Qualifier?: string,
): Promise<void> {
  const waiter = { client, maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.05 };
  await waitUntilFunctionActiveV2(waiter, {
    FunctionName,
    ...(Qualifier === undefined ? {} : { Qualifier }),
  });
}

export async function untilUpdated(client: LambdaClient, FunctionName: string): Promise<void> {
  await waitUntilFunctionUpdatedV2(
    { client, maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.05 },
    { FunctionName },
  );
}

/** The configuration once it is neither Pending nor InProgress, whatever it is then. */
export async function settled(client: LambdaClient, FunctionName: string): Promise<FunctionConfiguration> {
  for (;;) {
    const { $metadata: _, ...found } = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    if (found.State !== 'Pending' && found.LastUpdateStatus !== 'InProgress') return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What an error of Lambda must be, for `assert.rejects`. */
export function refusal(name: string, message: string | RegExp, status?: number): (error: Error) => true {
  return (error) => {
    const { httpStatusCode } = (error as Error & { $metadata: { httpStatusCode?: number } }).$metadata;
    assert.equal(error.name, name, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    if (status !== undefined) assert.equal(httpStatusCode, status);
    return true;
  };
}
