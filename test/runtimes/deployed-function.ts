/** A function deployed on a running server, and what an invocation of it gave: answer and log. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { CreateFunctionCommandInput, FunctionConfiguration, Runtime } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import type { RuntimeInstallation } from '../../src/ports/environment.ts';
import { clientSettings } from '../kit/started-platform.ts';
import type { ZipFileContent } from '../kit/zip.ts';
import { zipOf } from '../kit/zip.ts';

export interface Invoked {
  /** The payload as text. */
  readonly text: string;
  /** The payload as JSON. */
  readonly value: unknown;
  readonly functionError: string | undefined;
  /** The last 4 KB of the log, START to REPORT. */
  readonly tail: string;
}

/** AWS's error object, with the members of every runtime. */
export interface ErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
  readonly stackTrace?: readonly string[];
  readonly requestId?: string;
}

export interface DeployedFunction {
  readonly name: string;
  invoke(payload?: unknown, options?: { readonly clientContext?: object }): Promise<Invoked>;
  /** Invokes and expects a function error. */
  fail(payload?: unknown): Promise<ErrorPayload & { readonly tail: string }>;
  /** All log events so far, oldest first, without the line ends that close them. */
  logEvents(): Promise<string[]>;
}

type Files = Readonly<Record<string, string | Uint8Array | ZipFileContent>>;

/** How often the state of a function is asked for, milliseconds. */
const STATE_POLL_MS = 20;

/** Creates the function and waits until it is no longer Pending. */
export async function deploy(
  platform: Platform,
  files: Files,
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<DeployedFunction> {
  const { lambda, configuration } = await create(platform, files, settings);
  if (configuration.State !== 'Active')
    throw new Error(`The function is ${configuration.State}: ${configuration.StateReason}`);
  const name = configuration.FunctionName!;
  const invoke: DeployedFunction['invoke'] = async (payload = {}, { clientContext } = {}) => {
    const answer = await lambda.send(
      new InvokeCommand({
        FunctionName: name,
        Payload: Buffer.from(JSON.stringify(payload)),
        LogType: 'Tail',
        ...(clientContext === undefined
          ? {}
          : { ClientContext: Buffer.from(JSON.stringify(clientContext)).toString('base64') }),
      }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    return {
      text,
      get value(): unknown {
        return JSON.parse(text);
      },
      functionError: answer.FunctionError,
      tail: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
    };
  };
  return {
    name,
    invoke,
    fail: async (payload) => {
      const { value, functionError, tail, text } = await invoke(payload);
      if (functionError === undefined) throw new Error(`The function succeeded with ${text}`);
      return { ...(value as ErrorPayload), tail };
    },
    logEvents: () => logEvents(platform, `/aws/lambda/${name}`),
  };
}

/** Creates the function; resolves with whatever state it comes to. */
export async function create(
  platform: Platform,
  files: Files,
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<{ lambda: LambdaClient; configuration: FunctionConfiguration }> {
  const lambda = new LambdaClient(clientSettings(platform));
  const { FunctionName } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: `f-${randomUUID()}`,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/lambda',
      Timeout: 30,
      Code: { ZipFile: await zipOf(files) },
      ...settings,
    }),
  );
  for (;;) {
    const configuration = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    if (configuration.State !== 'Pending') return { lambda, configuration };
    await new Promise((resolve) => setTimeout(resolve, STATE_POLL_MS));
  }
}

/** A runtime of the family that another version stands in for on this host. */
export async function substitutedRuntime(
  platform: Platform,
  family: RuntimeInstallation['family'],
): Promise<Runtime> {
  const listing = (await platform.runtimes()).find(
    ({ resolution }) =>
      resolution.available &&
      resolution.installation.family === family &&
      resolution.installation.substituteFor !== undefined,
  );
  assert.ok(listing !== undefined, `this host has every version of ${family}`);
  return listing.runtime as Runtime;
}

async function logEvents(platform: Platform, group: string): Promise<string[]> {
  const logs = new CloudWatchLogsClient(clientSettings(platform));
  const messages: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName: group, nextToken }));
    for (const { message } of page.events ?? []) messages.push((message ?? '').replace(/\n$/, ''));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return messages;
}
