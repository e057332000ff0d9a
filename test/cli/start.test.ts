import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RunningCommand, selfsame } from './command-line.ts';
import { scratchFolder } from './scratch-folder.ts';

const STORED_NOWHERE = ['--data-dir', 'temporary', '--isolation', 'process'];
const TEMPORARY = ['--port', '0', ...STORED_NOWHERE];

test('start prints a line per fact, serves, and ends with 0 when interrupted', async () => {
  const command = new RunningCommand(['start', ...TEMPORARY]);
  const [, origin] = await command.printed(/address +(http:\/\/127\.0\.0\.1:\d+)\n/);
  assert.equal((await fetch(`${origin}/_selfsame/health`)).status, 200);
  await command.printed(/runtimes +.*nodejs24\.x.*\n/);
  const { exitCode, stdout, stderr } = await command.interrupt();
  assert.equal(exitCode, 0);
  assert.match(stdout, /data +\/.*, removed at the end\n/);
  assert.match(stdout, /isolation +process\n/);
  assert.match(stdout, /authorization +off/);
  assert.match(stdout, new RegExp(`export AWS_ENDPOINT_URL=${origin} AWS_REGION=`));
  assert.match(stderr, /Finishing the requests in flight/);
  await assert.rejects(fetch(`${origin}/_selfsame/health`));
});

test('start --json prints the facts as data, without colours', async () => {
  const command = new RunningCommand(['start', ...TEMPORARY, '--json'], { terminal: true });
  await command.printed(/"runtimes"/);
  const { stdout } = await command.interrupt();
  const [facts, runtimes] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.match(String(facts!['origin']), /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(facts!['isolation'], 'process');
  assert.ok((runtimes!['runtimes'] as string[]).includes('provided.al2023'));
});

test('flags win over variables, variables over the configuration file', async (context) => {
  const folder = await scratchFolder(context, {
    'selfsame.json': JSON.stringify({
      port: 1,
      dataDir: 'from-file',
      isolation: 'process',
      logLevel: 'silent',
    }),
  });
  const command = new RunningCommand(['start', '--port', '0'], {
    workingDirectory: folder,
    env: { SELFSAME_PORT: '2', SELFSAME_LOG_LEVEL: 'error' },
  });
  // Port 1 or 2 could not be bound by the test, or would be in the line.
  await command.printed(/address +http:\/\/127\.0\.0\.1:\d{4,5}\n/);
  const { stdout } = await command.interrupt();
  assert.match(stdout, new RegExp(`data +${folder}/from-file\n`));
  assert.match(stdout, /isolation +process\n/);
});

test('files for images are found from the folder of the command, and must be there', async (context) => {
  const folder = await scratchFolder(context, { 'auth.json': '{}' });
  const cases: [string[], RegExp][] = [
    [['--registry-auth', 'none.json'], new RegExp(`${folder}/none\\.json is not there`)],
    [
      ['--image-layouts', 'auth.json'],
      new RegExp(`${folder}/auth\\.json, where OCI layouts are to be, is no`),
    ],
  ];
  for (const [flags, words] of cases) {
    const { exitCode, stderr } = await selfsame(['start', ...STORED_NOWHERE, '--port', '0', ...flags], {
      workingDirectory: folder,
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, words);
    assert.ok(stderr.includes(flags[0]!));
  }
});

test('a port that is taken: exit code 1, the port and a way out', async (context) => {
  const taken = createServer().listen(0, '127.0.0.1');
  context.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { exitCode, stderr } = await selfsame(['start', ...STORED_NOWHERE, '--port', String(port)]);
  assert.equal(exitCode, 1);
  assert.match(stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`));
  assert.match(stderr, /choose another port, for example --port \d+/);
});

test('a data directory in use: exit code 1, the directory and its owner', async (context) => {
  const folder = await scratchFolder(context);
  const args = ['start', '--port', '0', '--isolation', 'process', '--data-dir', folder];
  const first = new RunningCommand(args);
  await first.printed(/address/);
  const second = await selfsame(args);
  await first.interrupt();
  assert.equal(second.exitCode, 1);
  assert.match(
    second.stderr,
    new RegExp(`The data directory ${folder} is in use by process ${process.pid}\\.`),
  );
  assert.match(second.stderr, /choose another directory/);
});

test('a data directory of a newer version: exit code 1, and nothing in it is changed', async (context) => {
  const folder = await scratchFolder(context, { version: '99\n' });
  const { exitCode, stderr } = await selfsame(['start', '--port', '0', '--data-dir', folder]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /was written by a newer selfsame: it has version 99/);
  assert.equal(await readFile(join(folder, 'version'), 'utf8'), '99\n');
});

test('another address without authorization is refused with the reason', async () => {
  const { exitCode, stderr } = await selfsame(['start', ...TEMPORARY, '--host', '0.0.0.0']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /Binding to 0\.0\.0\.0 without authorization is refused/);
});

const MISTAKES: readonly [name: string, args: readonly string[], message: RegExp][] = [
  [
    'a port that is no number',
    ['start', '--port', 'http'],
    /"http" for port: .*whole number from 0 to 65535/,
  ],
  ['a port out of range', ['start', '--port', '70000'], /"70000" for port/],
  [
    'an unknown level',
    ['start', '--isolation', 'none'],
    /Expected "none" to be one of \(process\|namespaces\|oci\)/,
  ],
  ['an unknown flag', ['start', '--prot', '1'], /No flag registered for --prot, did you mean --port\?/],
  ['an unknown command', ['strat'], /No command registered for `strat`, did you mean `start`/],
  ['a runtime without a path', ['start', '--runtime', 'python3.12'], /The flag --runtime is 'python3\.12'/],
  [
    'a domain of this machine itself',
    ['start', '--url-domain', 'localhost=orders'],
    /The flag --url-domain is 'localhost=orders'/,
  ],
  ['a service without a URL', ['start', '--endpoint', 'sqs=nowhere'], /The flag --endpoint is 'sqs=nowhere'/],
  ['a broker without an address', ['start', '--broker', 'orders'], /The flag --broker is 'orders'/],
];

for (const [name, args, message] of MISTAKES) {
  test(`${name}: exit code 2 and what was expected`, async () => {
    const { exitCode, stderr, stdout } = await selfsame(args);
    assert.equal(exitCode, 2);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  });
}

const CONFIGURATION_MISTAKES: readonly [name: string, content: string, message: RegExp][] = [
  ['an unknown key', '{"prot": 1}', /has the unknown key 'prot'\.\nKnown are port, host, dataDir/],
  ['a value of another type', '{"port": "4566"}', /'port' is "4566"\.\nGive it a whole number/],
  ['broken JSON', '{"port": ', /selfsame\.json is not JSON/],
  ['no object', '[]', /holds no JSON object/],
];

for (const [name, content, message] of CONFIGURATION_MISTAKES) {
  test(`a configuration file with ${name}: exit code 2 and its name`, async (context) => {
    const folder = await scratchFolder(context, { 'selfsame.json': content });
    const { exitCode, stderr } = await selfsame(['start'], { workingDirectory: folder });
    assert.equal(exitCode, 2);
    assert.match(stderr, message);
    assert.match(stderr, new RegExp(`${folder}/selfsame\\.json`));
  });
}

test('a configuration file that was named has to be there', async () => {
  const { exitCode, stderr } = await selfsame(['start', '--config', '/nonexistent/selfsame.json']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /\/nonexistent\/selfsame\.json cannot be read/);
});

test('a variable with a bad value: exit code 2 and its name', async () => {
  const { exitCode, stderr } = await selfsame(['start'], { env: { SELFSAME_AUTHORIZATION: 'maybe' } });
  assert.equal(exitCode, 2);
  assert.match(stderr, /The variable SELFSAME_AUTHORIZATION is 'maybe'\.\nGive it true or false\./);
});

test('starting loads neither the AWS SDK nor esbuild', async (context) => {
  const folder = await scratchFolder(context);
  const list = join(folder, 'loaded');
  await writeFile(list, '');
  await promisify(execFile)(
    process.execPath,
    [
      '--import',
      fileURLToPath(new URL('./loaded-modules.mjs', import.meta.url)),
      LAUNCHER,
      'start',
      ...TEMPORARY,
    ],
    { env: { ...process.env, LOADED_MODULES_FILE: list } },
  );
  const loaded = await readFile(list, 'utf8');
  assert.match(loaded, /src\/platform\/start\.ts/);
  assert.doesNotMatch(loaded, /@aws-sdk|@smithy|esbuild|yazl|busboy/);
});

const LAUNCHER = fileURLToPath(new URL('../../bin/selfsame', import.meta.url));
