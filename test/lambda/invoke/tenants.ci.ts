/** Tenant isolation: an environment serves one tenant only. Source: Lambda developer guide, "Tenant isolation". */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

/** Says whose event this is, and whose events this environment has had before. */
const HANDLER = `
const served = [];
exports.handler = async (event, context) => {
  console.log('served');
  served.push(context.tenantId ?? null);
  return { tenantId: context.tenantId ?? null, served };
};
`;

/** Longer than an environment may be idle, milliseconds. */
const LONG_IDLE_MS = 20 * 60_000;

/** Of the JSON log format. */
interface LogLine {
  readonly type?: string;
  readonly tenantId?: string;
  readonly record?: { readonly tenantId?: string };
}

interface Served {
  readonly tenantId: string | null;
  readonly served: (string | null)[];
}

interface Setup {
  readonly platform: Platform;
  readonly lambda: LambdaClient;
  invoke(functionName: string, tenantId: string | undefined): Promise<Served>;
}

async function setup(context: TestContext): Promise<Setup> {
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  const common = {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/r',
    LoggingConfig: { LogFormat: 'JSON' },
    Code: { ZipFile: await zipOf({ 'index.js': HANDLER }) },
  } as const;
  await lambda.send(new CreateFunctionCommand({ FunctionName: 'shared', ...common }));
  const created = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'isolated',
      TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
      ...common,
    }),
  );
  assert.deepEqual(created.TenancyConfig, { TenantIsolationMode: 'PER_TENANT' });
  const invoke = async (FunctionName: string, TenantId: string | undefined): Promise<Served> => {
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, TenantId }));
    return JSON.parse(Buffer.from(Payload!).toString()) as Served;
  };
  return { platform, lambda, invoke };
}

describe('a function that isolates its tenants', () => {
  test('serves each tenant in environments of its own, which stay warm', async (context) => {
    const { lambda, invoke } = await setup(context);
    assert.deepEqual(await invoke('isolated', 'blue'), { tenantId: 'blue', served: ['blue'] });
    assert.deepEqual(await invoke('isolated', 'green'), { tenantId: 'green', served: ['green'] });
    assert.deepEqual(await invoke('isolated', 'blue'), { tenantId: 'blue', served: ['blue', 'blue'] });
    const configuration = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: 'isolated' }),
    );
    assert.deepEqual(configuration.TenancyConfig, { TenantIsolationMode: 'PER_TENANT' });
  });

  test('names the tenant in the records of the platform and in lines of its own', async (context) => {
    const { platform, invoke } = await setup(context);
    const logs = new CloudWatchLogsClient(clientSettings(platform));
    context.after(() => logs.destroy());
    const tenantsOf = async (name: string): Promise<Record<string, unknown>> => {
      const { events = [] } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }),
      );
      const lines = events.map(({ message }) => JSON.parse(message!) as LogLine);
      return Object.fromEntries(
        lines
          .filter(({ type }) => type !== 'platform.initStart')
          .map(({ type = 'own', tenantId, record }) => [type, record?.tenantId ?? tenantId]),
      );
    };
    await invoke('isolated', 'blue');
    assert.deepEqual(await tenantsOf('isolated'), {
      'platform.start': 'blue',
      own: 'blue',
      'platform.report': 'blue',
    });
    await invoke('shared', undefined);
    assert.deepEqual(await tenantsOf('shared'), {
      'platform.start': undefined,
      own: undefined,
      'platform.report': undefined,
    });
  });

  test('keeps nothing of a tenant that stays away, or of a deleted function', async (context) => {
    const { platform, lambda, invoke } = await setup(context);
    const environments = async (): Promise<number> => {
      const health = await fetch(`${platform.origin}/_selfsame/health`);
      return ((await health.json()) as { environments: number }).environments;
    };
    await invoke('isolated', 'blue');
    await invoke('isolated', 'green');
    assert.equal(await environments(), 2);
    await platform.clock.advance(LONG_IDLE_MS);
    assert.equal(await environments(), 0);
    assert.deepEqual((await invoke('isolated', 'blue')).served, ['blue']);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'isolated' }));
    while ((await environments()) > 0) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(invoke('isolated', 'blue'), { name: 'ResourceNotFoundException' });
  });

  test('refuses an event without a tenant, and another function one with a tenant', async (context) => {
    const { invoke } = await setup(context);
    await assert.rejects(invoke('isolated', undefined), {
      name: 'InvalidParameterValueException',
      message:
        'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.',
    });
    await assert.rejects(invoke('shared', 'blue'), {
      name: 'InvalidParameterValueException',
      message:
        'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
    });
    assert.deepEqual(await invoke('shared', undefined), { tenantId: null, served: [null] });
  });
});
