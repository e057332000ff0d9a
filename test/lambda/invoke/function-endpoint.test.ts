/** Functions that call this server with the AWS SDK that their runtime brings, wherever it listens. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform, StartOptions } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { allow, trust } from '../../services/iam/iam-clients.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

/** Nothing is configured: endpoint, region and credentials are those that the environment gives. */
const HANDLER = `
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
exports.handler = async () => {
  const [identity, { Functions }] = await Promise.all([
    new STSClient({ maxAttempts: 1 }).send(new GetCallerIdentityCommand()),
    new LambdaClient({ maxAttempts: 1 }).send(new ListFunctionsCommand()),
  ]);
  return {
    account: identity.Account,
    functions: Functions.map(({ FunctionName }) => FunctionName),
    endpoint: process.env.AWS_ENDPOINT_URL,
  };
};
`;

interface Answer {
  readonly account: string;
  readonly functions: string[];
  readonly endpoint: string;
}

async function calledBack(context: TestContext, options: StartOptions): Promise<[Answer, string]> {
  const platform = await startedPlatform(context, options);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  // Who signs must be allowed as well.
  if (options.authorization === true) await createRole(platform, 'test', allow('lambda:ListFunctions'));
  await createProbe(lambda, 'caller', { Code: { ZipFile: await zipOf({ 'index.js': HANDLER }) } });
  const { payload, functionError } = await invokeProbe<Answer>(lambda, 'caller', {});
  assert.equal(functionError, undefined, JSON.stringify(payload));
  return [payload, platform.origin];
}

async function createRole(platform: Platform, RoleName: string, PolicyDocument: string): Promise<void> {
  const iam = new IAMClient(clientSettings(platform));
  const AssumeRolePolicyDocument = trust({ Service: 'lambda.amazonaws.com' });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
  iam.destroy();
}

const { namespaces } = await probeIsolation();
const LEVELS: readonly IsolationLevel[] = namespaces.available ? ['process', 'namespaces'] : ['process'];

for (const isolation of LEVELS) {
  describe(`a function at ${isolation} reaches the server`, () => {
    for (const [title, options] of [
      ['on a port chosen at start', {}],
      ['bound to ::1', { host: '::1' }],
      ['that verifies signatures', { authorization: true }],
    ] as const satisfies readonly [string, StartOptions][]) {
      test(title, async (context) => {
        const [answer] = await calledBack(context, { isolation, ...options });
        assert.equal(answer.account, '000000000000');
        assert.deepEqual(answer.functions, ['caller']);
        // In a network of its own the function has a gateway, at the address of AWS's own.
        assert.match(answer.endpoint, /^http:\/\/(127\.0\.0\.1|169\.254\.100\.1):\d+$/);
      });
    }
  });
}
