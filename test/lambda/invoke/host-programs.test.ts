/** Programs of the host that start a function must obey nothing that the function's owner has set. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { probeIsolation } from '../../../src/sandbox/sandboxes.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

const { namespaces } = await probeIsolation();

/** A platform with one function of these variables, which has been invoked. */
async function invoked(context: TestContext, Variables: Record<string, string>): Promise<Platform> {
  const platform = await startedPlatform(context, { isolation: 'namespaces', pooledEnvironments: 0 });
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'started',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Environment: { Variables },
      Code: { ZipFile: await zipOf({ 'index.js': 'exports.handler = async () => ({ ...process.env });' }) },
    }),
  );
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'started' }));
  const seen = JSON.parse(Buffer.from(Payload!).toString()) as Record<string, string>;
  for (const [name, value] of Object.entries(Variables)) assert.equal(seen[name], value);
  return platform;
}

/** Command lines and variables of the host's processes that have the server's data directory in their command line. */
async function hostPrograms({
  facts,
}: Platform): Promise<{ readonly line: string; readonly variables: string }[]> {
  const found = [];
  for (const pid of await readdir('/proc')) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (!line.includes(facts.dataDirectory)) continue;
    found.push({ line, variables: await readFile(`/proc/${pid}/environ`, 'latin1') });
  }
  return found;
}

if (namespaces.available) {
  test('LD_PRELOAD is obeyed by the function alone', async (context) => {
    const platform = await invoked(context, { LD_PRELOAD: '/no/such/library.so' });
    const logs = new CloudWatchLogsClient(clientSettings(platform));
    context.after(() => logs.destroy());
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/started' }),
    );
    // The linker complains once for each program that it starts with the variable: Node.js, and nothing before it.
    const complaints = events.filter(({ message }) => message?.includes('/no/such/library.so'));
    assert.equal(complaints.length, 1, complaints.map(({ message }) => message).join(''));
  });

  test('none of its variables is one of theirs, or in their command lines, which anyone may read', async (context) => {
    const platform = await invoked(context, { SHELLOPTS: 'xtrace', OWN: 'a value of its own' });
    const programs = await hostPrograms(platform);
    assert.notEqual(programs.length, 0);
    for (const { line, variables } of programs) {
      // The shell that enters the limits has some of its own, PWD for one.
      assert.doesNotMatch(variables, /SHELLOPTS|OWN|AWS_|LAMBDA|LD_/);
      assert.doesNotMatch(line, /a value of its own|SECRET_ACCESS_KEY|SESSION_TOKEN/);
    }
  });
}
