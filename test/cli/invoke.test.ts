import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import { readReport } from '../../src/cli/client/report-line.ts';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { clientSettings } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { RunningCommand, selfsame } from './command-line.ts';
import { scratchFolder } from './scratch-folder.ts';

const CODE = `export const handler = async (event) => {
  console.log('seen', JSON.stringify(event));
  if (event.fail) throw new TypeError('as told');
  return { got: event };
};`;

let platform: Platform;
before(async () => {
  platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: 'process' });
  await create('echo', { Architectures: ['arm64'], EphemeralStorage: { Size: 1_536 }, MemorySize: 1_024 });
  await create('json-logs', { LoggingConfig: { LogFormat: 'JSON' } });
  await create('quiet', { LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' } });
});
after(() => platform.close());

test('invoke prints the result alone on standard output, duration and price on standard error', async () => {
  const { exitCode, stdout, stderr } = await invoke('echo', '--payload', '{"a":1}');
  assert.equal(exitCode, 0);
  assert.equal(stdout, '{"got":{"a":1}}\n');
  assert.match(
    stderr,
    /^[\d.]+ ms(, init [\d.]+ ms)?, billed \d+ ms with 1024 MB \(used \d+ MB\): \$0\.\d{10} on AWS/,
  );
  assert.doesNotMatch(stderr, /seen/);
});

test('the price counts architecture, memory, storage and billed time of this invocation', async () => {
  const { stdout } = await invoke('echo', '--json', '--payload', '{}');
  const { report, priceUsd } = JSON.parse(stdout) as {
    report: { billedDurationMs: number };
    priceUsd: number;
  };
  // 1 GB of memory on arm64 and 1 GB of /tmp beyond the included half, US East in 2026.
  const expected = 0.2e-6 + (report.billedDurationMs / 1_000) * (0.0000133334 + 0.0000000309);
  assert.ok(Math.abs(priceUsd - expected) < 1e-15, `${priceUsd} ${expected}`);
});

test('--log prints the end of the log on standard error', async () => {
  const { stdout, stderr } = await invoke('echo', '--payload', '{"b":2}', '--log');
  assert.equal(stdout, '{"got":{"b":2}}\n');
  assert.match(
    stderr,
    /START RequestId: [\s\S]*INFO\tseen \{"b":2\}\nEND RequestId: [\s\S]*REPORT RequestId: /,
  );
});

test('a payload may come from a file or from standard input', async (context) => {
  const folder = await scratchFolder(context, { 'event.json': '{"from":"file"}' });
  const file = await selfsame(['invoke', 'echo', '-p', '@event.json', '--endpoint', platform.origin], {
    workingDirectory: folder,
  });
  assert.equal(file.stdout, '{"got":{"from":"file"}}\n');
  const input = await selfsame(['invoke', 'echo', '-p', '-', '--endpoint', platform.origin], {
    input: '{"from":"input"}',
  });
  assert.equal(input.stdout, '{"got":{"from":"input"}}\n');
  const missing = await invoke('echo', '--payload', '@/nonexistent');
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /\/nonexistent cannot be read/);
});

test('a function that fails: its error on standard output, exit code 3', async () => {
  const { exitCode, stdout, stderr } = await invoke('echo', '--payload', '{"fail":true}');
  assert.equal(exitCode, 3);
  assert.equal((JSON.parse(stdout) as { errorType: string }).errorType, 'TypeError');
  assert.match(stderr, /The function echo failed\.\n$/);
  const json = await invoke('echo', '--payload', '{"fail":true}', '--json');
  assert.equal(json.exitCode, 3);
  assert.equal((JSON.parse(json.stdout) as { functionError: string }).functionError, 'Unhandled');
});

test('a function that is not there: exit code 1 and what the service says', async () => {
  const { exitCode, stdout, stderr } = await invoke('absent');
  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:absent/,
  );
});

test('no server: exit code 1 and how to start one', async () => {
  const { exitCode, stderr } = await selfsame([
    'invoke',
    'echo',
    '--endpoint',
    'http://localhost.invalid:80',
  ]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /No server answers at http:\/\/localhost\.invalid:80 \(E\w+\)\.\nStart one with/);
});

test('a log in JSON has the figures too; one without a report has no price', async () => {
  assert.match((await invoke('json-logs', '-p', '{}')).stderr, /billed \d+ ms with 128 MB .*\$0\.0/);
  assert.match((await invoke('quiet', '-p', '{}')).stderr, /^No price: the function's log level/);
});

test('the figures of a report that AWS wrote', () => {
  const report =
    'REPORT RequestId: 3897a7c2\tDuration: 12.29 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 101.13 ms\t\n';
  assert.deepEqual(readReport(`START RequestId: 3897a7c2\nREPORT is a word\n${report}`), {
    durationMs: 12.29,
    billedDurationMs: 114,
    memorySizeMb: 128,
    maxMemoryUsedMb: 36,
    initDurationMs: 101.13,
  });
  assert.equal(readReport('nothing'), undefined);
});

test('logs prints what a function logged, and follows it', async () => {
  await create('talker', {});
  const command = new RunningCommand(['logs', 'talker', '--follow', '--endpoint', platform.origin]);
  await invoke('talker', '-p', '{"n":1}');
  await command.printed(/INFO\tseen \{"n":1\}\n/);
  await command.printed(/REPORT RequestId/);
  await invoke('talker', '-p', '{"n":2}');
  await command.printed(/INFO\tseen \{"n":2\}\n/);
  const { exitCode, stdout } = await command.interrupt();
  assert.equal(exitCode, 0);
  assert.equal(stdout.match(/seen \{"n":1\}/g)?.length, 1);

  const filtered = await selfsame([
    ...['logs', 'talker', '--filter', 'seen', '--since', '1h', '--json', '--endpoint', platform.origin],
  ]);
  const messages = filtered.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message);
  assert.equal(messages.length, 2);
  assert.ok(messages.every((message) => message.includes('seen')));
});

test('logs looks back in service time', async () => {
  await create('earlier', {});
  await invoke('earlier', '-p', '{"long":"ago"}');
  await platform.clock.advance(3_600_000);
  const args = ['logs', 'earlier', '--endpoint', platform.origin];
  assert.equal((await selfsame(args)).stdout, '');
  assert.match((await selfsame([...args, '--since', '2h'])).stdout, /seen \{"long":"ago"\}/);
});

test('logs of a function that has not run yet are empty; of one that is not there, an error', async () => {
  await create('silent', {});
  assert.deepEqual(await selfsame(['logs', 'silent', '--endpoint', platform.origin]), {
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
  const absent = await selfsame(['logs', 'absent', '--endpoint', platform.origin]);
  assert.equal(absent.exitCode, 1);
  assert.match(absent.stderr, /^ResourceNotFoundException: /);
});

function invoke(name: string, ...flags: string[]) {
  return selfsame(['invoke', name, '--endpoint', platform.origin, ...flags]);
}

type Settings = Partial<ConstructorParameters<typeof CreateFunctionCommand>[0]>;

async function create(name: string, settings: Settings): Promise<void> {
  const client = new LambdaClient(clientSettings(platform));
  try {
    await client.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/any',
        Code: { ZipFile: await zipOf({ 'index.mjs': CODE }) },
        ...settings,
      }),
    );
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 60 }, { FunctionName: name });
  } finally {
    client.destroy();
  }
}
