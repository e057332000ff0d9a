/** A server whose disk is full, on a disk of 48 MB that bubblewrap makes for it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { TEST_CREDENTIALS, TEST_REGION } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { scratchDirectory } from '../../storage/scratch.ts';

const DISK_BYTES = 48 * 1024 * 1024;
/** In seconds: how long the waiter of the SDK may wait. */
const MAX_WAIT_SECONDS = 30;
const ROLE = 'arn:aws:iam::000000000000:role/r';

async function supervised(context: TestContext): Promise<(command: string) => Promise<string>> {
  const directory = await scratchDirectory(context);
  const supervisor = fileURLToPath(new URL('supervisor.ts', import.meta.url));
  const disk = ['--dev-bind', '/', '/', '--size', String(DISK_BYTES), '--tmpfs', directory];
  const child = spawn('bwrap', [...disk, '--die-with-parent', process.execPath, supervisor, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  context.after(async () => {
    const exit = once(child, 'exit');
    child.stdin.end();
    await exit;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (command) => {
    child.stdin.write(`${command}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the supervisor ended at ${command}`);
    return value;
  };
}

function clients(endpoint: string) {
  const settings = { endpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS, maxAttempts: 1 };
  const lambda = new LambdaClient(settings);
  const logs = new CloudWatchLogsClient(settings);
  return {
    lambda,
    logs,
    async create(name: string, packageBytes = 0) {
      const code = "exports.handler = async (event) => { console.log('saw', event.n); return event.n; };";
      const zip = await zipOf({ 'index.js': code, filling: randomText(packageBytes) });
      await lambda.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: ROLE,
          Code: { ZipFile: zip },
        }),
      );
      await waitUntilFunctionActiveV2(
        { client: lambda, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1 },
        { FunctionName: name },
      );
    },
    async invoke(name: string, n: number) {
      const { Payload, FunctionError } = await lambda.send(
        new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({ n }) }),
      );
      assert.equal(FunctionError, undefined);
      return JSON.parse(Buffer.from(Payload!).toString()) as number;
    },
    async functions() {
      const { Functions } = await lambda.send(new ListFunctionsCommand({}));
      return Functions!.map(({ FunctionName }) => FunctionName).sort();
    },
  };
}

/** Text that compresses badly. */
function randomText(bytes: number): string {
  let state = 42;
  return Array.from({ length: bytes }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(32 + (state % 95));
  }).join('');
}

const noSpace = (error: unknown): boolean => {
  const { message, $metadata: metadata } = error as Error & { $metadata: { httpStatusCode?: number } };
  assert.equal(metadata.httpStatusCode, 500);
  assert.match(message, /no space left .*Free space on that file system, then repeat the request\.$/);
  return true;
};

test('a full disk refuses what must be written, keeps serving the rest, and damages nothing', async (context) => {
  const supervisor = await supervised(context);
  const first = clients(await supervisor('start'));
  await first.create('before');
  assert.equal(await first.invoke('before', 1), 1);
  await first.logs.send(new CreateLogGroupCommand({ logGroupName: 'before' }));

  assert.equal(await supervisor('fill'), 'full');
  await assert.rejects(first.create('large', 1_000_000), noSpace);
  await assert.rejects(first.create('small'), noSpace);
  await assert.rejects(first.logs.send(new CreateLogGroupCommand({ logGroupName: 'during' })), noSpace);
  assert.deepEqual(await first.functions(), ['before']);
  assert.equal(await first.invoke('before', 2), 2, 'a warm environment needs no disk');

  assert.equal(await supervisor('free'), 'free');
  await first.create('large', 1_000_000);
  assert.equal(await first.invoke('large', 3), 3);
  await first.logs.send(new CreateLogGroupCommand({ logGroupName: 'after' }));
  const said = async (logs: CloudWatchLogsClient) => {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/before', filterPattern: 'saw' }),
    );
    return events!.map(({ message }) => message!.trim().split('\t').at(-1));
  };
  // Its lines were held while the disk was full; the buffer tries again every second.
  while ((await said(first.logs)).length < 2);
  assert.deepEqual(await said(first.logs), ['saw 1', 'saw 2']);

  await supervisor('kill');
  const second = clients(await supervisor('start'));
  assert.deepEqual(await second.functions(), ['before', 'large']);
  assert.equal(await second.invoke('before', 4), 4);
  assert.equal(await second.invoke('large', 5), 5);
  const { logGroups } = await second.logs.send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(
    logGroups!.map(({ logGroupName }) => logGroupName),
    ['/aws/lambda/before', '/aws/lambda/large', 'after', 'before'],
  );
  assert.deepEqual((await said(second.logs)).slice(0, 2), ['saw 1', 'saw 2']);
});

test('a server that starts on a full disk says so, and starts once there is space', async (context) => {
  const supervisor = await supervised(context);
  const first = clients(await supervisor('start'));
  await first.create('before');
  await supervisor('kill');
  await supervisor('fill');
  const told = await supervisor('start');
  if (told.startsWith('http')) {
    // What is there already may be enough to open the files; then it serves what it can.
    assert.deepEqual(await clients(told).functions(), ['before']);
    await supervisor('kill');
  } else assert.match(told, /no space|ENOSPC|Free space/);
  await supervisor('free');
  assert.deepEqual(await clients(await supervisor('start')).functions(), ['before']);
});
