/** Variables that the dynamic linker obeys are a function's own: programs of the host that start it must not obey them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

const { namespaces } = await probeIsolation();

if (namespaces.available) {
  test('LD_PRELOAD is obeyed by the function alone', async (context) => {
    const platform = await startedPlatform(context, { isolation: 'namespaces' });
    const lambda = new LambdaClient(clientSettings(platform));
    const logs = new CloudWatchLogsClient(clientSettings(platform));
    context.after(() => {
      lambda.destroy();
      logs.destroy();
    });
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'preloading',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/r',
        Environment: { Variables: { LD_PRELOAD: '/no/such/library.so' } },
        Code: {
          ZipFile: await zipOf({ 'index.js': 'exports.handler = async () => process.env.LD_PRELOAD;' }),
        },
      }),
    );
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'preloading' }));
    assert.equal(Buffer.from(Payload!).toString(), '"/no/such/library.so"');
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/preloading' }),
    );
    // The linker complains once for each program that it starts with the variable: Node.js, and nothing before it.
    const complaints = events.filter(({ message }) => message?.includes('/no/such/library.so'));
    assert.equal(complaints.length, 1, complaints.map(({ message }) => message).join(''));
  });
}
