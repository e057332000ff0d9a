import assert from 'node:assert/strict';
import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { RunningCommand, selfsame } from './command-line.ts';
import { scratchFolder } from './scratch-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let platform: Platform;
before(async () => {
  platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error' });
});
after(() => platform.close());

test('a folder of plain JavaScript is packaged as it is and can be invoked', async (context) => {
  const folder = await scratchFolder(context, {
    'index.js':
      "const text = require('fs').readFileSync(__dirname + '/data/text'); exports.handler = async (event) => [event, text.toString()];",
    'data/text': 'from a file',
  });
  const { exitCode, stdout } = await selfsame([
    'deploy',
    folder,
    '--name',
    'plain',
    '--endpoint',
    platform.origin,
  ]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^created plain \(nodejs24\.x, index\.handler, \d+ bytes\) in \d+ ms\n$/);
  assert.deepEqual(await result('plain', { a: 1 }), [{ a: 1 }, 'from a file']);
});

test('TypeScript with a dependency becomes one file; errors name the line of the source', async () => {
  const { stdout } = await deploy(join(ROOT, 'examples/typescript-archive'));
  const deployed = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(deployed['action'], 'created');
  assert.equal(deployed['functionName'], 'typescript-archive');
  assert.equal(deployed['state'], 'Active');
  const archive = (await result('typescript-archive', { files: { 'a.txt': 'x' } })) as {
    zip: string;
  };
  assert.equal(Buffer.from(archive.zip, 'base64').subarray(0, 2).toString(), 'PK');

  const failed = await invoke('typescript-archive', { files: { '../a.txt': 'x' } });
  assert.equal(failed.exitCode, 3);
  assert.match(failed.stdout, /"errorType":"RangeError"/);
  assert.match(failed.stdout, /checked-path\.ts:4:\d+/);
});

test('a CommonJS package with a dependency stays CommonJS', async (context) => {
  const folder = await scratchFolder(context, {
    'package.json': '{"name": "@scope/common", "main": "./lib/main.js", "dependencies": {"greeting": "1"}}',
    'lib/main.js': "exports.handler = async () => require('greeting')(typeof module);",
    'node_modules/greeting/index.js': "module.exports = (kind) => 'hello from ' + kind;",
  });
  await deploy(folder);
  assert.equal(await result('common', {}), 'hello from object');
});

test('an ES module may use a CommonJS dependency that calls require and __dirname', async (context) => {
  const folder = await scratchFolder(context, {
    'package.json': '{"name": "mixed", "type": "module", "dependencies": {"old": "1"}}',
    'index.js':
      "import old from 'old'; const __dirname = 'mine'; await 0; export const handler = async () => [__dirname, old];",
    'node_modules/old/package.json': '{"name": "old"}',
    'node_modules/old/index.js':
      "const name = 'node:path'; module.exports = [require(name).basename(__filename), typeof __dirname];",
  });
  await deploy(folder);
  assert.deepEqual(await result('mixed', {}), ['mine', ['index.mjs', 'string']]);
});

test('the AWS SDK is left to the runtime', async (context) => {
  const folder = await scratchFolder(context, {
    'index.ts':
      "import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'; export const handler = async (): Promise<string | undefined> => (await new STSClient().send(new GetCallerIdentityCommand())).Account;",
  });
  const { stdout } = await deploy(folder, '--name', 'caller');
  assert.ok((JSON.parse(stdout) as { codeSize: number }).codeSize < 5_000, stdout);
  assert.equal(await result('caller', {}), '000000000000');
});

test('a bootstrap file is a custom runtime; modes and links are kept', async (context) => {
  const folder = await scratchFolder(context, {
    'real-bootstrap': await readFile(join(ROOT, 'examples/bash-runtime/bootstrap'), 'utf8'),
  });
  await chmod(join(folder, 'real-bootstrap'), 0o755);
  await symlink('real-bootstrap', join(folder, 'bootstrap'));
  const { stdout } = await deploy(folder, '--name', 'custom');
  assert.equal((JSON.parse(stdout) as { runtime: string }).runtime, 'provided.al2023');
  const answer = (await result('custom', { b: 2 })) as { event: unknown };
  assert.deepEqual(answer.event, { b: 2 });
});

test('deploying again changes what is different, and says when nothing is', async (context) => {
  const folder = await scratchFolder(context, {
    'index.mjs': 'export const handler = async () => process.env.COLOR ?? "none";',
  });
  const again = async (...flags: string[]): Promise<string> => {
    const { stdout } = await deploy(folder, '--name', 'changing', ...flags);
    return (JSON.parse(stdout) as { action: string }).action;
  };
  assert.equal(await again(), 'created');
  assert.equal(await again(), 'unchanged');
  assert.equal(await again('--env', 'COLOR=blue', '--memory', '256', '--timeout', '5'), 'updated');
  assert.equal(await result('changing', {}), 'blue');
  assert.equal(await again('--memory', '256'), 'unchanged');
  assert.equal(await result('changing', {}), 'blue');
  await writeFile(join(folder, 'index.mjs'), 'export const handler = async () => "new code";');
  assert.equal(await again(), 'updated');
  assert.equal(await result('changing', {}), 'new code');
});

const REFUSALS: readonly [name: string, files: Record<string, string>, flags: string[], message: RegExp][] = [
  ['nothing', { 'README.md': '' }, [], /holds no function: no package\.json/],
  [
    'a bootstrap that is not executable',
    { bootstrap: '' },
    [],
    /bootstrap is not executable\.\nMake it so: chmod \+x /,
  ],
  [
    'no such handler',
    { 'index.js': '' },
    ['--handler', 'app.handler'],
    /no file with a handler: app \(with \.ts,/,
  ],
  [
    'code that cannot be built',
    { 'index.ts': 'export const = 1' },
    [],
    /The function cannot be built:\n[\s\S]*index\.ts:1:13/,
  ],
  [
    'an import that is not there',
    { 'index.ts': "import 'absent'" },
    [],
    /Could not resolve "absent"[\s\S]*npm install/,
  ],
  [
    'Python without a handler',
    { 'app.py': 'x = 1' },
    [],
    /no Python function named lambda_handler or handler in app/,
  ],
  ['a package.json that is none', { 'package.json': '{' }, [], /package\.json is not JSON/],
  [
    'memory that AWS refuses',
    { 'index.js': '' },
    ['--memory', '1'],
    /ValidationException: .*'memorySize'|InvalidParameterValueException/,
  ],
];

for (const [name, files, flags, message] of REFUSALS) {
  test(`a folder with ${name}: exit code 1, what is wrong, and no function`, async (context) => {
    const folder = await scratchFolder(context, files);
    const { exitCode, stderr } = await deploy(folder, '--name', 'refused', ...flags);
    assert.equal(exitCode, 1);
    assert.match(stderr, message);
    assert.match((await invoke('refused', {})).stderr, /ResourceNotFoundException: Function not found/);
  });
}

test('a variable without a value: exit code 2', async (context) => {
  const folder = await scratchFolder(context, { 'index.js': '' });
  const { exitCode, stderr } = await selfsame(['deploy', folder, '--env', 'COLOR']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /The variable 'COLOR' has no value\.\nWrite --env NAME=VALUE\./);
});

test('--watch deploys on a save, shows what does not build, and goes on', async (context) => {
  const folder = await scratchFolder(context, {
    'app/index.ts':
      "import { word } from './words/word.ts'; import { end } from '../shared/end.ts'; export const handler = async () => word + end;",
    'app/words/word.ts': "export const word = 'first';",
    'shared/end.ts': "export const end = '!';",
  });
  const command = new RunningCommand([
    'deploy',
    join(folder, 'app'),
    '--name',
    'watched',
    '--watch',
    '--endpoint',
    platform.origin,
  ]);
  await command.printed(/created watched/);
  assert.equal(await result('watched', {}), 'first!');

  await writeFile(join(folder, 'app/words/word.ts'), "export const word = 'second';");
  await command.printed(/word\.ts: updated watched/);
  assert.equal(await result('watched', {}), 'second!');

  await writeFile(join(folder, 'app/words/word.ts'), 'export const word = ;');
  await command.warned(/The function cannot be built:\n[\s\S]*words\/word\.ts:1:20/);
  assert.equal(await result('watched', {}), 'second!');

  await writeFile(join(folder, 'app/words/word.ts'), "export const word = 'third';");
  await command.printed(/updated watched[\s\S]*updated watched/);
  assert.equal(await result('watched', {}), 'third!');

  // Outside of the folder, but part of the function.
  await writeFile(join(folder, 'shared/end.ts'), "export const end = '?';");
  await command.printed(/end\.ts: updated watched/);
  assert.equal(await result('watched', {}), 'third?');
  assert.equal((await command.interrupt()).exitCode, 0);
});

function deploy(folder: string, ...flags: string[]) {
  return selfsame(['deploy', folder, '--json', '--endpoint', platform.origin, ...flags]);
}

function invoke(name: string, event: unknown) {
  return selfsame(['invoke', name, '--payload', JSON.stringify(event), '--endpoint', platform.origin]);
}

async function result(name: string, event: unknown): Promise<unknown> {
  const { exitCode, stdout, stderr } = await invoke(name, event);
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout);
}
