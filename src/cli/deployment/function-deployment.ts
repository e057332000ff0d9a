/** Creates a function or brings an existing one to what is wanted, and waits until it can be invoked. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FunctionConfiguration, LambdaClient, Runtime } from '@aws-sdk/client-lambda';
import { PlatformError } from '../../core/errors.ts';

export interface WantedFunction {
  readonly name: string;
  readonly runtime: string;
  readonly handler: string;
  /** The rest is left as it is on an existing function where undefined. */
  readonly role: string | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** Added to the environment where that is set: at creation, or when it is replaced. */
  readonly defaultEnvironment: Readonly<Record<string, string>>;
  readonly memoryMb: number | undefined;
  readonly timeoutSeconds: number | undefined;
}

export interface Deployment {
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly configuration: FunctionConfiguration;
}

/** Any role will do while nobody evaluates its policies. */
const DEFAULT_ROLE = 'arn:aws:iam::000000000000:role/lambda-role';

/** Between two looks at the state: first so long, then twice as long each time, milliseconds. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

/** Rejects with `PlatformError` when the function cannot be made active, and with the service's errors. */
export async function deployFunction(
  client: LambdaClient,
  wanted: WantedFunction,
  zip: Uint8Array,
): Promise<Deployment> {
  const existing = await find(client, wanted.name);
  if (existing === undefined) return create(client, wanted, zip);
  const settled = await waitUntilSettled(client, existing);
  const changesCode = await updateCode(client, settled, zip);
  const changesConfiguration = await updateConfiguration(client, settled, wanted);
  const configuration = (await find(client, wanted.name)) ?? settled;
  return { action: changesCode || changesConfiguration ? 'updated' : 'unchanged', configuration };
}

async function find(client: LambdaClient, name: string): Promise<FunctionConfiguration | undefined> {
  const { GetFunctionConfigurationCommand, ResourceNotFoundException } = await import(
    '@aws-sdk/client-lambda'
  );
  try {
    return await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function create(client: LambdaClient, wanted: WantedFunction, zip: Uint8Array): Promise<Deployment> {
  const { CreateFunctionCommand } = await import('@aws-sdk/client-lambda');
  const created = await client.send(
    new CreateFunctionCommand({
      FunctionName: wanted.name,
      Runtime: wanted.runtime as Runtime,
      Handler: wanted.handler,
      Role: wanted.role ?? DEFAULT_ROLE,
      Code: { ZipFile: zip },
      Environment: { Variables: { ...wanted.defaultEnvironment, ...wanted.environment } },
      ...limits(wanted),
    }),
  );
  return { action: 'created', configuration: await waitUntilUsable(client, created) };
}

/** False when the function has this very package already. */
async function updateCode(
  client: LambdaClient,
  current: FunctionConfiguration,
  zip: Uint8Array,
): Promise<boolean> {
  const { UpdateFunctionCodeCommand } = await import('@aws-sdk/client-lambda');
  const { createHash } = await import('node:crypto');
  if (createHash('sha256').update(zip).digest('base64') === current.CodeSha256) return false;
  const updated = await client.send(
    new UpdateFunctionCodeCommand({ FunctionName: current.FunctionName, ZipFile: zip }),
  );
  await waitUntilUsable(client, updated);
  return true;
}

/** False when everything is as wanted already. */
async function updateConfiguration(
  client: LambdaClient,
  current: FunctionConfiguration,
  wanted: WantedFunction,
): Promise<boolean> {
  if (isAsWanted(current, wanted)) return false;
  const { UpdateFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const updated = await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: wanted.name,
      Runtime: wanted.runtime as Runtime,
      Handler: wanted.handler,
      ...(wanted.role === undefined ? {} : { Role: wanted.role }),
      ...(wanted.environment === undefined
        ? {}
        : { Environment: { Variables: { ...wanted.defaultEnvironment, ...wanted.environment } } }),
      ...limits(wanted),
    }),
  );
  await waitUntilUsable(client, updated);
  return true;
}

function limits({ memoryMb, timeoutSeconds }: WantedFunction): { MemorySize?: number; Timeout?: number } {
  return {
    ...(memoryMb === undefined ? {} : { MemorySize: memoryMb }),
    ...(timeoutSeconds === undefined ? {} : { Timeout: timeoutSeconds }),
  };
}

function isAsWanted(current: FunctionConfiguration, wanted: WantedFunction): boolean {
  const { environment } = wanted;
  const variables = current.Environment?.Variables ?? {};
  return (
    current.Runtime === wanted.runtime &&
    current.Handler === wanted.handler &&
    (wanted.role ?? current.Role) === current.Role &&
    (wanted.memoryMb ?? current.MemorySize) === current.MemorySize &&
    (wanted.timeoutSeconds ?? current.Timeout) === current.Timeout &&
    (environment === undefined || sameEntries({ ...wanted.defaultEnvironment, ...environment }, variables))
  );
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** A function changes only when the change before is over. */
async function waitUntilSettled(
  client: LambdaClient,
  configuration: FunctionConfiguration,
): Promise<FunctionConfiguration> {
  let current = configuration;
  for (let pause = FIRST_PAUSE_MS; isUnsettled(current); pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await delay(pause);
    current = (await find(client, current.FunctionName!)) ?? current;
  }
  return current;
}

async function waitUntilUsable(
  client: LambdaClient,
  configuration: FunctionConfiguration,
): Promise<FunctionConfiguration> {
  const current = await waitUntilSettled(client, configuration);
  if (current.State !== 'Failed' && current.LastUpdateStatus !== 'Failed') return current;
  const reason = current.StateReason ?? current.LastUpdateStatusReason ?? 'no reason is given';
  throw new PlatformError(
    `The function ${current.FunctionName} was stored, but cannot run: ${reason}`,
    'Choose another --runtime; `selfsame runtimes` lists what this host can run.',
  );
}

function isUnsettled({ State, LastUpdateStatus }: FunctionConfiguration): boolean {
  return State === 'Pending' || LastUpdateStatus === 'InProgress';
}
