/** Cold starts in containers that were started ahead. Needs runc, runsc and root. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { testPooledEnvironments } from './pooled-environments-suite.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

testPooledEnvironments({ isolation: 'oci', ociRuntime: 'runc' });

test('gVisor, which would not see the code that comes, starts nothing ahead', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'oci', ociRuntime: 'runsc' });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await createProbe(lambda, 'one', {});
  await invokeProbe(lambda, 'one', {});
  const health = await fetch(`${platform.origin}/_selfsame/health`);
  assert.equal(((await health.json()) as { pooledEnvironments: number }).pooledEnvironments, 0);
});
