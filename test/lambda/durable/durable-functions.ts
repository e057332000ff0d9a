/** Functions written with AWS's SDK for durable execution, packed with it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { zipOf } from '../../kit/zip.ts';

const SDK = '@aws/durable-execution-sdk-js';

let sdkCode: Promise<string> | undefined;

/** The package's CommonJS build; it needs nothing but AWS's SDK, which the runtime brings. */
function sdk(): Promise<string> {
  sdkCode ??= readFile(createRequire(import.meta.url).resolve(SDK), 'utf8');
  return sdkCode;
}

/** `body` is that of `async (event, context) => {…}`, with all of the SDK's exports in `sdk`. */
export async function durableCode(body: string): Promise<Buffer> {
  return zipOf({
    'index.js': `
      const sdk = require('./sdk.js');
      exports.handler = sdk.withDurableExecution(async (event, context) => {${body}});
    `,
    'sdk.js': await sdk(),
  });
}

/** Megabytes that bring a whole processor: with the least, loading the SDK alone takes seconds. */
const MEMORY_SIZE = 1_769;

export interface DurableOptions {
  readonly timeoutSeconds?: number;
  readonly executionTimeout?: number;
  readonly kmsKeyArn?: string;
}

export async function createDurable(
  lambda: LambdaClient,
  name: string,
  body: string,
  { timeoutSeconds = 30, executionTimeout = 86_400, kmsKeyArn: KMSKeyArn }: DurableOptions = {},
): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Timeout: timeoutSeconds,
      MemorySize: MEMORY_SIZE,
      Code: { ZipFile: await durableCode(body) },
      DurableConfig: { ExecutionTimeout: executionTimeout, RetentionPeriodInDays: 7, KMSKeyArn },
    }),
  );
}
