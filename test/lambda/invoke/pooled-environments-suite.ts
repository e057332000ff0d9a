/** Cold starts in environments that were started ahead, at a level that does so. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import type { Platform, StartOptions } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { provision, untilProvisioned } from '../provisioned-functions.ts';

/** When its process began, and what a function can see of where it is. */
const NODE_HANDLER = `
const fs = require('node:fs');
exports.handler = async () => ({
  startedMs: performance.timeOrigin,
  variables: process.env,
  directory: process.cwd(),
  files: fs.readdirSync('/var/task'),
  pid: process.pid,
});
`;

const PYTHON_HANDLER = `
import os
def handler(event, context):
    with open("/proc/self/stat") as stat:
        ticks = int(stat.read().rsplit(")", 1)[1].split()[19])
    with open("/proc/uptime") as uptime:
        seconds = float(uptime.read().split()[0])
    import time
    started = time.time() - (seconds - ticks / os.sysconf("SC_CLK_TCK"))
    return {"startedMs": started * 1000, "variables": dict(os.environ), "directory": os.getcwd(),
            "files": sorted(os.listdir("/var/task")), "pid": os.getpid()}
`;

/** The kernel counts a process's start in ticks of so many milliseconds. */
const TICK_MS = 10;

interface Seen {
  readonly startedMs: number;
  readonly variables: Record<string, string>;
  readonly directory: string;
  readonly files: string[];
}

export type PoolingLevel = Pick<StartOptions, 'isolation' | 'ociRuntime'>;

interface Setup {
  readonly platform: Platform;
  create(
    name: string,
    runtime: 'nodejs24.x' | 'python3.11',
    variables?: Record<string, string>,
  ): Promise<void>;
  invoke(name: string): Promise<Seen>;
}

async function setupAt(
  context: TestContext,
  level: PoolingLevel,
  pooledEnvironments: number,
): Promise<Setup> {
  const platform = await startedPlatform(context, {
    ...level,
    pooledEnvironments,
    // Any Python that this host has.
    nearestRuntime: true,
  });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  return {
    platform,
    async create(name, runtime, variables = {}) {
      const isNode = runtime === 'nodejs24.x';
      const files = isNode ? { 'index.js': NODE_HANDLER, 'lib/a.txt': 'a' } : { 'index.py': PYTHON_HANDLER };
      await lambda.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: runtime,
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/r',
          Environment: { Variables: { NAME: name, ...variables } },
          Code: { ZipFile: await zipOf(files) },
        }),
      );
    },
    async invoke(name) {
      const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: name }));
      const text = Buffer.from(Payload!).toString();
      assert.equal(FunctionError, undefined, text);
      return JSON.parse(text) as Seen;
    },
  };
}

async function poolHas(platform: Platform, count: number): Promise<void> {
  for (;;) {
    const health = await fetch(`${platform.origin}/_selfsame/health`);
    const { pooledEnvironments } = (await health.json()) as { pooledEnvironments: number };
    if (pooledEnvironments === count) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function testPooledEnvironments(level: PoolingLevel): void {
  const setup = (context: TestContext, pooledEnvironments: number): Promise<Setup> =>
    setupAt(context, level, pooledEnvironments);

  describe(`an environment started ahead at ${Object.values(level).join(' with ')}`, () => {
    for (const runtime of ['nodejs24.x', 'python3.11'] as const) {
      test(`becomes that of the ${runtime} function that is invoked first`, async (context) => {
        const { platform, create, invoke } = await setup(context, 1);
        await create('first', runtime);
        await create('second', runtime);
        await poolHas(platform, 1);
        const begun = Date.now();
        const first = await invoke('first');
        assert.ok(first.startedMs < begun + TICK_MS, 'its process began before the invocation');
        assert.equal(first.variables['NAME'], 'first');
        assert.equal(first.variables['AWS_LAMBDA_FUNCTION_NAME'], 'first');
        assert.equal(first.directory, '/var/task');
        await poolHas(platform, 1);
        assert.equal((await invoke('second')).variables['NAME'], 'second');
      });

      test(`looks to ${runtime} code like one of its own`, async (context) => {
        const [pooled, own] = await Promise.all(
          [1, 0].map(async (size): Promise<Seen> => {
            const { platform, create, invoke } = await setup(context, size);
            await create('same', runtime);
            await poolHas(platform, size);
            return invoke('same');
          }),
        );
        const differs =
          /^(_X_AMZN_TRACE_ID|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|ENDPOINT_URL|LAMBDA_LOG_STREAM_NAME|LAMBDA_RUNTIME_API))$/;
        const comparable = ({ variables, directory, files }: Seen): object => ({
          variables: Object.entries(variables)
            .filter(([name]) => !differs.test(name))
            .toSorted(),
          names: Object.keys(variables).toSorted(),
          directory,
          files: files.toSorted(),
        });
        assert.deepEqual(comparable(pooled!), comparable(own!));
      });
    }

    test('becomes one that is provisioned', async (context) => {
      const { platform, create, invoke } = await setup(context, 1);
      await create('ahead', 'nodejs24.x');
      await poolHas(platform, 1);
      const begun = Date.now();
      const lambda = new LambdaClient(clientSettings(platform));
      context.after(() => lambda.destroy());
      await lambda.send(new PublishVersionCommand({ FunctionName: 'ahead' }));
      await provision(lambda, 'ahead', '1', 1);
      await untilProvisioned(lambda, 'ahead', '1');
      const { startedMs, variables } = await invoke('ahead:1');
      assert.ok(startedMs < begun, 'its process began before anything was provisioned');
      assert.equal(variables['AWS_LAMBDA_INITIALIZATION_TYPE'], 'provisioned-concurrency');
    });

    test('is not given to a function that changes how its interpreter starts', async (context) => {
      const { platform, create, invoke } = await setup(context, 1);
      await create('plain', 'nodejs24.x');
      await create('special', 'nodejs24.x', { NODE_OPTIONS: '--no-warnings' });
      await poolHas(platform, 1);
      const begun = Date.now();
      assert.ok((await invoke('special')).startedMs >= begun);
    });
  });
}
