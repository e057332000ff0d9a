/** The AWS SDK is there without being packaged, finds this server without options, and gives way to a packaged one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { probeIsolation } from '../../src/sandbox/sandboxes.ts';
import { openPlatform } from '../kit/started-platform.ts';
import { deploy } from './deployed-function.ts';

const { namespaces } = await probeIsolation();
const LEVELS: readonly IsolationLevel[] = namespaces.available ? ['process', 'namespaces'] : ['process'];

const CALLS = `async () => {
  const { Account, Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const { Functions } = await new LambdaClient({}).send(new ListFunctionsCommand({}));
  return { Account, Arn, names: Functions.map(({ FunctionName }) => FunctionName) };
}`;

for (const isolation of LEVELS) {
  describe(`at the level ${isolation}`, () => {
    let platform: Platform;
    before(async () => {
      platform = await openPlatform({ isolation });
    });
    after(() => platform.close());

    test('ES modules and CommonJS import the SDK, which reaches this server', async () => {
      for (const files of [
        {
          'index.mjs': `import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
if (typeof DynamoDBDocumentClient.from !== 'function' || typeof NodeHttpHandler !== 'function') throw new Error('incomplete');
export const handler = ${CALLS};`,
        },
        {
          'index.js': `const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
require('@aws-sdk/client-s3'); require('@smithy/node-http-handler');
exports.handler = ${CALLS};`,
        },
      ]) {
        const { name, invoke } = await deploy(platform, files);
        const { value, functionError, text } = await invoke();
        assert.equal(functionError, undefined, text);
        const { Account, Arn, names } = value as { Account: string; Arn: string; names: string[] };
        assert.equal(Account, '000000000000');
        assert.match(Arn, new RegExp(`^arn:aws:sts::000000000000:assumed-role/[^/]+/${name}$`));
        assert.ok(names.includes(name));
      }
    });

    test('an import() inside of CommonJS finds the SDK too', async () => {
      const { invoke } = await deploy(platform, {
        'index.js': `const client = import('@aws-sdk/client-sts');
exports.handler = async () => [typeof (await client).STSClient, typeof (await import('@aws-sdk/client-sqs')).SQSClient];`,
      });
      assert.deepEqual((await invoke()).value, ['function', 'function']);
    });

    test("a function's own version wins", async () => {
      const own = {
        'node_modules/@aws-sdk/client-sts/package.json': '{"version":"0.0.1","main":"index.js"}',
        'node_modules/@aws-sdk/client-sts/index.js': 'exports.own = true',
      };
      for (const files of [
        { ...own, 'index.js': "exports.handler = async () => require('@aws-sdk/client-sts').own" },
        {
          ...own,
          'index.mjs': "import sts from '@aws-sdk/client-sts'; export const handler = async () => sts.own",
        },
      ]) {
        const { invoke } = await deploy(platform, files);
        assert.equal((await invoke()).value, true);
      }
    });

    test('a package that nobody brings is missing', async () => {
      for (const name of ['typescript', '@biomejs/biome', 'pino']) {
        const { fail } = await deploy(platform, {
          'index.mjs': `import '${name}'; export const handler = async () => 1`,
        });
        assert.match((await fail()).errorMessage, new RegExp(`^Cannot find package '${name}'`));
      }
    });
  });
}
