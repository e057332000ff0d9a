/** The logs of invoked functions on a whole server, across its restart. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { deploy } from '../../runtimes/deployed-function.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const DAY_MS = 86_400_000;
const SETTINGS = { Runtime: 'nodejs24.x', Handler: 'index.handler' } as const;
const CODE = `exports.handler = async ({ say }) => {
  console.debug('debug', say); console.info('info', say); console.warn('warn', say);
};`;

async function messages(platform: Platform, logGroupName: string): Promise<string[]> {
  const client = new CloudWatchLogsClient(clientSettings(platform));
  const { events } = await client.send(new FilterLogEventsCommand({ logGroupName }));
  return events!.map(({ message }) => message!.trimEnd());
}

/** What a line in text says, without times and ids. */
function said(message: string): string {
  return /^(?:INIT_START|START|END|REPORT)/.exec(message)?.[0] ?? message.split('\t').slice(2).join(' ');
}

test('logs survive a restart, and the next environment writes a stream of its own', async (context) => {
  const dataDir = join(await scratchDirectory(context), 'data');
  const first = await startedPlatform(context, { dataDir, isolation: 'process' });
  const deployed = await deploy(first, { 'index.js': CODE }, SETTINGS);
  const group = `/aws/lambda/${deployed.name}`;
  await deployed.invoke({ say: 'before' });
  await first.close();

  const second = await startedPlatform(context, { dataDir, isolation: 'process' });
  const kept = (await messages(second, group)).map(said);
  assert.deepEqual(kept, [
    'INIT_START',
    'START',
    'DEBUG debug before',
    'INFO info before',
    'WARN warn before',
    'END',
    'REPORT',
  ]);
  const lambda = new LambdaClient(clientSettings(second));
  await lambda.send(new InvokeCommand({ FunctionName: deployed.name, Payload: '{"say": "after"}' }));
  const client = new CloudWatchLogsClient(clientSettings(second));
  const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName: group }));
  assert.equal(logStreams!.length, 2);
  for (const { logStreamName } of logStreams!) {
    assert.match(logStreamName!, /^\d{4}\/\d{2}\/\d{2}\/\[\$LATEST\][0-9a-f]{32}$/);
  }
});

test('logs older than their retention are gone when the clock has passed it', async (context) => {
  const platform = await startedPlatform(context, { isolation: 'process' });
  const deployed = await deploy(platform, { 'index.js': CODE }, SETTINGS);
  const group = `/aws/lambda/${deployed.name}`;
  await deployed.invoke({ say: 'old' });
  const client = new CloudWatchLogsClient(clientSettings(platform));
  await client.send(new PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: 3 }));
  await platform.clock.advance(2 * DAY_MS);
  assert.ok((await messages(platform, group)).some((line) => line.includes('warn old')));
  await platform.clock.advance(2 * DAY_MS);
  assert.deepEqual(await messages(platform, group), []);
  await deployed.invoke({ say: 'new' });
  assert.ok((await messages(platform, group)).some((line) => line.includes('warn new')));
});
