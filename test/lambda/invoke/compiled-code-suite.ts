/** What a runtime has compiled of a function's code in its second environment, in the next ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import type { StartOptions } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

const FUNCTIONS = 2_000;
const waiting = { maxWaitTime: 30, minDelay: 0.1, maxDelay: 1 };

/** Enough code to be worth keeping. Each says what was there of it when its init began. */
const NODE = `
const { existsSync, readdirSync } = require('node:fs');
const directory = require('node:module').getCompileCacheDir();
const held = directory === undefined ? -1 : readdirSync(directory, { recursive: true }).length;
${Array.from({ length: FUNCTIONS }, (_, index) => `function f${index}(x) { return x * ${index} + [x, ${index}].length; }`).join('\n')}
let sum = 0;
${Array.from({ length: FUNCTIONS }, (_, index) => `sum += f${index}(1);`).join('\n')}
exports.handler = async () => ({ held, sum, left: existsSync(directory ?? '') ? readdirSync(directory).length : 0,
  variable: process.env.SELFSAME_COMPILED ?? null });
`;
const PYTHON_MODULE = Array.from(
  { length: FUNCTIONS },
  (_, index) => `def f${index}(x):\n    return [x * ${index}, x + ${index}]\n`,
).join('\n');
const PYTHON = `
import os
held = int(os.path.exists("/var/compiled/var/task/large.pyc")) if os.path.isdir("/var/compiled") else -1
import large
sum = len(large.f7(1))
def handler(event, context):
    return {"held": held, "sum": sum, "left": 0, "variable": os.environ.get("SELFSAME_COMPILED")}
`;

interface Told {
  /** Files of compiled code when init began; -1 where there is no place for them. */
  readonly held: number;
  readonly sum: number;
  readonly left: number;
  readonly variable: string | null;
}

const RUNTIMES = {
  'nodejs24.x': { 'index.js': NODE },
  'python3.11': { 'index.py': PYTHON, 'large.py': PYTHON_MODULE },
} as const;

export function testCompiledCode(
  name: string,
  options: StartOptions,
  runtimes: readonly (keyof typeof RUNTIMES)[],
): void {
  for (const Runtime of runtimes) {
    test(`${name}: later environments of the same code have what ${Runtime} compiled in the second`, async (context) => {
      const platform = await startedPlatform(context, options);
      const lambda = new LambdaClient(clientSettings(platform));
      context.after(() => lambda.destroy());
      // One zip, so that it is one package whoever has it.
      const ZipFile = await zipOf(RUNTIMES[Runtime]);
      const create = async (FunctionName: string): Promise<void> => {
        await lambda.send(
          new CreateFunctionCommand({
            ...{ FunctionName, Runtime, Handler: 'index.handler', MemorySize: 512 },
            Role: 'arn:aws:iam::000000000000:role/r',
            Code: { ZipFile },
          }),
        );
        await waitUntilFunctionActiveV2({ client: lambda, ...waiting }, { FunctionName });
      };
      const invoke = async (FunctionName: string): Promise<Told> => {
        const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName }));
        const text = Buffer.from(Payload!).toString();
        assert.equal(FunctionError, undefined, text);
        return JSON.parse(text) as Told;
      };
      const renew = async (FunctionName: string, more: object = {}): Promise<void> => {
        const Environment = { Variables: { AGAIN: String(Math.random()) } };
        await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment, ...more }));
        await waitUntilFunctionUpdatedV2({ client: lambda, ...waiting }, { FunctionName });
      };
      await create('large');
      assert.equal((await invoke('large')).held, -1, 'a first start keeps nothing');
      await renew('large');
      const first = await invoke('large');
      assert.deepEqual([first.held, first.variable], [0, null]);
      // By then it has been handed over: there is nothing left of it inside.
      assert.equal((await invoke('large')).left, 0);
      await renew('large', { MemorySize: 640 });
      const second = await invoke('large');
      assert.ok(second.held > 0, `${second.held} files`);
      assert.equal(second.sum, first.sum);
      // Another function's code is its own affair, be it the same.
      await create('same');
      await invoke('same');
      await renew('same');
      assert.equal((await invoke('same')).held, 0);
    });
  }
}
