/** The logs of an invoked function, by AWS CLI v2, boto3 and the AWS SDK for JavaScript. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { after, before, describe, it } from 'node:test';
import { CloudWatchLogsClient, StartLiveTailCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { aws, awsCli, awsCliEnvironment, awsJson } from '../kit/aws-cli.ts';
import { boto3 } from '../kit/boto3.ts';
import { clientSettings } from '../kit/started-platform.ts';
import type { DeployedFunction } from '../runtimes/deployed-function.ts';
import { deploy } from '../runtimes/deployed-function.ts';

const DAY_MS = 86_400_000;
const CODE = `exports.handler = async ({ say }) => { console.log('said', say); return say; };`;
/** What the server may grow by while a function prints: the bound of the log buffer, and copies on their way to the disk. */
const MAX_GROWTH_BYTES = 400 * 1024 * 1024;

describe('the logs of a function', () => {
  let platform: Platform;
  let deployed: DeployedFunction;
  let group: string;
  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
    deployed = await deploy(
      platform,
      { 'index.js': CODE },
      { Runtime: 'nodejs24.x', Handler: 'index.handler' },
    );
    group = `/aws/lambda/${deployed.name}`;
    await deployed.invoke({ say: 'first' });
  });
  after(() => platform.close());

  it('are described by AWS CLI v2: the group, and a stream for the environment', async () => {
    const { logGroups } = await awsJson<{ logGroups: Record<string, unknown>[] }>(
      platform,
      'logs',
      'describe-log-groups',
      '--log-group-name-prefix',
      '/aws/lambda/',
    );
    assert.deepEqual(
      logGroups.map(({ logGroupName }) => logGroupName),
      [group],
    );
    assert.equal(logGroups[0]!['retentionInDays'], undefined);
    const { logStreams } = await awsJson<{ logStreams: { logStreamName: string }[] }>(
      platform,
      'logs',
      'describe-log-streams',
      '--log-group-name',
      group,
      '--order-by',
      'LastEventTime',
    );
    assert.equal(logStreams.length, 1);
    assert.match(logStreams[0]!.logStreamName, /^\d{4}\/\d{2}\/\d{2}\/\[\$LATEST\][0-9a-f]{32}$/);
  });

  it('are shown by aws logs tail, from START to REPORT', async () => {
    const { stdout, exitCode } = await aws(platform, 'logs', 'tail', group, '--format', 'short');
    assert.equal(exitCode, 0);
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => line.trim() !== '');
    const kinds = lines.map((line) => /INIT_START|START|END|REPORT|said first/.exec(line)?.[0]);
    assert.deepEqual(kinds, ['INIT_START', 'START', 'said first', 'END', 'REPORT']);
  });

  it('are followed by aws logs tail --follow, new lines included', async (context) => {
    const tail = await followed(context, platform, group);
    await tail.until('said first');
    await deployed.invoke({ say: 'while you watch' });
    await tail.until('said while you watch');
  });

  it('are filtered by aws logs filter-log-events', async () => {
    await deployed.invoke({ say: 'needle' });
    const { events } = await awsJson<{ events: { message: string; logStreamName: string }[] }>(
      platform,
      'logs',
      'filter-log-events',
      '--log-group-name',
      group,
      '--filter-pattern',
      '"said needle"',
    );
    assert.equal(events.length, 1);
    assert.match(events[0]!.message, /\tINFO\tsaid needle\n$/);
    const { events: read } = await awsJson<{ events: { message: string }[] }>(
      platform,
      'logs',
      'get-log-events',
      '--log-group-name',
      group,
      '--start-from-head',
      '--log-stream-name',
      events[0]!.logStreamName,
    );
    assert.match(read[0]!.message, /^INIT_START/);
  });

  it('are paged by boto3', async () => {
    const script = `
import boto3, json
logs = boto3.client("logs")
pages = logs.get_paginator("filter_log_events").paginate(logGroupName=${JSON.stringify(group)}, filterPattern="said", PaginationConfig={"PageSize": 1})
messages = [event["message"] for page in pages for event in page["events"]]
streams = [stream["logStreamName"] for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=${JSON.stringify(group)}) for stream in page["logStreams"]]
print(json.dumps([len(messages), messages[0], len(streams)]))
`;
    const [count, message, streams] = await boto3<[number, string, number]>(platform, script);
    assert.ok(count >= 1 && streams === 1);
    assert.match(message, /said first\n$/);
  });

  it('are sent live to the AWS SDK', async (context) => {
    const client = new CloudWatchLogsClient(clientSettings(platform));
    context.after(() => client.destroy());
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;
    const { responseStream } = await client.send(
      new StartLiveTailCommand({ logGroupIdentifiers: [arn], logEventFilterPattern: 'live' }),
    );
    for await (const { sessionStart, sessionUpdate } of responseStream!) {
      if (sessionStart !== undefined) await deployed.invoke({ say: 'live' });
      const [event] = sessionUpdate?.sessionResults ?? [];
      if (event === undefined) continue;
      assert.match(event.message!, /said live\n$/);
      break;
    }
  });

  it('expire when the clock has passed their retention', async () => {
    await aws(
      platform,
      'logs',
      'put-retention-policy',
      '--log-group-name',
      group,
      '--retention-in-days',
      '7',
    );
    const describe = async () => {
      const { logGroups } = await awsJson<{ logGroups: { retentionInDays: number; storedBytes: number }[] }>(
        platform,
        'logs',
        'describe-log-groups',
        '--log-group-name-prefix',
        group,
      );
      return logGroups[0]!;
    };
    const before = await describe();
    assert.equal(before.retentionInDays, 7);
    assert.ok(before.storedBytes > 0);
    await platform.clock.advance(8 * DAY_MS);
    assert.equal((await describe()).storedBytes, 0, 'they are deleted, not only hidden');
    const { events } = await awsJson<{ events: unknown[] }>(
      platform,
      'logs',
      'filter-log-events',
      '--log-group-name',
      group,
    );
    assert.deepEqual(events, []);
  });
});

it('a function that prints 200 MB neither loses its answer nor makes the server grow without bound', async (context) => {
  const platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
  context.after(() => platform.close());
  const code = `exports.handler = async () => {
    const line = 'x'.repeat(999);
    for (let count = 0; count < 200_000; count += 1) process.stdout.write(line + '\\n');
    return 'printed';
  };`;
  const settings = {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Timeout: 120,
    MemorySize: 3_008,
  } as const;
  const printer = await deploy(platform, { 'index.js': code }, settings);
  const before = process.memoryUsage.rss();
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss());
  }, 20);
  context.after(() => clearInterval(watch));
  assert.equal((await printer.invoke()).value, 'printed');
  const growth = Math.max(highest, process.memoryUsage.rss()) - before;
  context.diagnostic(`the server grew by ${Math.round(growth / 1024 / 1024)} MB at most`);
  assert.ok(growth < MAX_GROWTH_BYTES, `grew by ${growth}`);
});

/** `aws logs tail --follow`, ended with the test; on a terminal, since into a pipe it writes only block by block. */
async function followed(context: TestContext, platform: Platform, group: string) {
  const command = `${await awsCli()} logs tail ${group} --follow --format short`;
  const child = spawn('script', ['--quiet', '--flush', '--command', command, '/dev/null'], {
    env: awsCliEnvironment(platform),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async until(text: string): Promise<void> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`the tail ended before '${text}'`);
        if (value.includes(text)) return;
      }
    },
  };
}
