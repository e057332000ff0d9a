/** Functions that say how their environment came to be, and how tests wait for what is provisioned. */
import type {
  GetProvisionedConcurrencyConfigResponse,
  LambdaClient,
  ProvisionedConcurrencyStatusEnum,
} from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { zipOf } from '../kit/zip.ts';
import { functionNamed, untilActive } from './control/lambda-server.ts';
import { PASS_GATE } from './invoke/gate.ts';

/** Inits when the file that its variable INIT_WHEN names is there; fails to where FAIL_UNLESS names one that is not. */
const CODE = await zipOf({
  'index.mjs': `
    import { existsSync } from 'node:fs';
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const { FAIL_UNLESS, INIT_WHEN, AWS_LAMBDA_INITIALIZATION_TYPE: type } = process.env;
    if (FAIL_UNLESS !== undefined && !existsSync(FAIL_UNLESS)) throw new Error('no');
    while (INIT_WHEN !== undefined && !existsSync(INIT_WHEN)) await new Promise((go) => setTimeout(go, 5));
    const pass = ${PASS_GATE};
    let served = 0;
    export const handler = async ({ gate }) => {
      if (gate !== undefined) await pass(gate);
      return { type, pid: process.pid, served: (served += 1) };
    };`,
});

export interface Served {
  readonly type: 'on-demand' | 'provisioned-concurrency';
  readonly pid: number;
  /** Events that this environment has had, this one included. */
  readonly served: number;
  readonly log: string;
}

/** Creates a function and publishes its version 1. */
export async function publishedFunction(
  client: LambdaClient,
  FunctionName: string,
  Variables: Record<string, string> = {},
): Promise<void> {
  const Code = { ZipFile: CODE };
  const settings = { Code, Environment: { Variables }, Timeout: 30 };
  await client.send(new CreateFunctionCommand(functionNamed(FunctionName, settings)));
  await untilActive(client, FunctionName);
  await client.send(new PublishVersionCommand({ FunctionName }));
}

export async function provision(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
  ProvisionedConcurrentExecutions: number,
) {
  const input = { FunctionName, Qualifier, ProvisionedConcurrentExecutions };
  return client.send(new PutProvisionedConcurrencyConfigCommand(input));
}

export async function provisioned(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
): Promise<GetProvisionedConcurrencyConfigResponse> {
  return client.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
}

export async function untilProvisioned(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
  status: ProvisionedConcurrencyStatusEnum = 'READY',
): Promise<GetProvisionedConcurrencyConfigResponse> {
  for (;;) {
    const found = await provisioned(client, FunctionName, Qualifier);
    if (found.Status === status) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The sum and the highest of a metric of a version or an alias; undefined where none was recorded. */
export async function metricOf(
  platform: Platform,
  name: string,
  dimensions: Record<string, string>,
): Promise<{ readonly sum: number; readonly maximum: number } | undefined> {
  const answer = await fetch(`${platform.origin}/_selfsame/metrics`);
  const { metrics } = (await answer.json()) as {
    metrics: { name: string; dimensions: Record<string, string>; sum: number; maximum: number }[];
  };
  const wanted = Object.entries(dimensions).toString();
  const found = metrics.find(
    (metric) => metric.name === name && Object.entries(metric.dimensions).toString() === wanted,
  );
  return found && { sum: found.sum, maximum: found.maximum };
}

export async function serve(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
  event: object = {},
): Promise<Served> {
  const answer = await client.send(
    new InvokeCommand({ FunctionName, Qualifier, Payload: JSON.stringify(event), LogType: 'Tail' }),
  );
  const log = Buffer.from(answer.LogResult ?? '', 'base64').toString();
  return { ...(JSON.parse(answer.Payload?.transformToString() ?? '') as Omit<Served, 'log'>), log };
}
