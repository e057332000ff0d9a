/** Functions that write each of their runs into a file, for tests that ask how often and with what they ran. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, openPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

/** Does what the event says: `{fail: true}` throws, `{name}` is written down. */
const CODE = `
const { appendFileSync } = require('node:fs');
exports.handler = async (event, context) => {
  const run = { event, requestId: context.awsRequestId, arn: context.invokedFunctionArn, trace: process.env._X_AMZN_TRACE_ID };
  appendFileSync(process.env.RUNS, JSON.stringify(run) + '\\n');
  if (event.fail) throw new TypeError('as the event says');
  return { seen: event.name };
};`;

export interface Run {
  readonly event: { readonly name?: string; readonly fail?: boolean };
  readonly requestId: string;
  readonly arn: string;
  readonly trace: string;
}

export interface Asynchronous {
  readonly platform: Platform;
  readonly lambda: LambdaClient;
  /** Makes a function with this code, or the recording one. */
  create(name: string, more?: Partial<CreateFunctionCommandInput>, code?: string): Promise<string>;
  /** So far, in order. */
  runs(name: string): Promise<Run[]>;
}

/** A server for all tests of a file, whose clock stands still. It isolates nothing: its functions write to the host. */
export async function asynchronous(options: StartOptions = {}): Promise<Asynchronous> {
  const directory = await mkdtemp(join(tmpdir(), 'selfsame-runs-'));
  const opened = await openAsynchronous(directory, options);
  after(async () => {
    await opened.close();
    await rm(directory, { recursive: true });
  });
  return opened;
}

/** The same, until it is closed; `directory` takes what functions write down, and the data where `options` say so. */
export async function openAsynchronous(
  directory: string,
  options: StartOptions = {},
): Promise<Asynchronous & { close(): Promise<void> }> {
  const platform = await openPlatform({ isolation: 'process', frozenClock: true, ...options });
  const lambda = new LambdaClient(clientSettings(platform));
  const fileOf = (name: string): string => join(directory, `${name}.runs`);
  return {
    platform,
    lambda,
    async close() {
      lambda.destroy();
      await platform.close();
    },
    async create(name, more = {}, code = CODE) {
      const { FunctionArn } = await lambda.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/r',
          Code: { ZipFile: await zipOf({ 'index.js': code }) },
          Environment: { Variables: { RUNS: fileOf(name) } },
          ...more,
        }),
      );
      await waitUntilFunctionActiveV2(
        { client: lambda, maxWaitTime: 20, minDelay: 0.05 },
        { FunctionName: name },
      );
      return FunctionArn!;
    },
    async runs(name) {
      const text = await readFile(fileOf(name), 'utf8').catch(() => '');
      // A long line may be half written still.
      const lines = text.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Run);
    },
  };
}
