/** boto3 for a Python without one: fetched once, shared, finding this server without options. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { hostInterpreters } from '../../src/sandbox/catalog/host-interpreters.ts';
import { deploy } from './deployed-function.ts';

const CODE = `
import boto3
def handler(event, context):
    functions = boto3.client("lambda").list_functions()["Functions"]
    return [boto3.client("sts").get_caller_identity()["Account"], context.function_name in [f["FunctionName"] for f in functions], boto3.__file__]
`;
const FILES = { 'app.py': CODE };

/** An interpreter of this host that has pip and, by itself, no boto3: one that is its own virtual environment. */
let scratch: string;
let interpreter: string;
let runtime: Runtime;
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  const pythons = (await hostInterpreters()).filter(
    ({ family, version }) => family === 'python' && /^3\.1\d\./.test(version),
  );
  const [found] = pythons;
  assert.ok(found !== undefined, 'no Python of 3.10 or later is on this host');
  runtime = `python${found.version.split('.').slice(0, 2).join('.')}` as Runtime;
  const original = await realpath(found.path);
  await writeFile(join(scratch, 'pyvenv.cfg'), `home = ${join(original, '..')}\n`);
  interpreter = join(scratch, 'python3');
  await symlink(original, interpreter);
});
after(() => rm(scratch, { recursive: true }));

describe('boto3', () => {
  for (const isolation of ['process', 'namespaces'] as const satisfies readonly IsolationLevel[]) {
    test(`is imported by every Python of this host and reaches this server, at the level ${isolation}`, async (context) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
      context.after(() => rm(dataDir, { recursive: true }));
      const platform = await start({ port: 0, dataDir, logLevel: 'error', isolation });
      context.after(() => platform.close());
      const pythons = (await platform.runtimes()).filter(
        ({ runtime: name, resolution }) => name.startsWith('python') && resolution.available,
      );
      assert.ok(pythons.length > 0);
      await Promise.all(
        pythons.map(async ({ runtime: name }) => {
          const { invoke } = await deploy(platform, FILES, {
            Runtime: name as Runtime,
            Handler: 'app.handler',
          });
          const { value, text } = await invoke();
          assert.deepEqual((value as unknown[]).slice(0, 2), ['000000000000', true], `${name}: ${text}`);
        }),
      );
      assert.deepEqual(
        (await readdir(join(dataDir, 'runtimes'))).filter((name) => name.startsWith('fetching-')),
        [],
      );
    });
  }

  test('that pip cannot fetch is missing with the reason', async (context) => {
    const index = process.env['PIP_INDEX_URL'];
    // Nobody listens on the discard port.
    Object.assign(process.env, {
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      PIP_NO_INDEX: '',
      PIP_FIND_LINKS: '',
    });
    context.after(() => {
      delete process.env['PIP_FIND_LINKS'];
      delete process.env['PIP_NO_INDEX'];
      if (index === undefined) delete process.env['PIP_INDEX_URL'];
      else process.env['PIP_INDEX_URL'] = index;
    });
    const platform = await start({
      port: 0,
      dataDir: 'temporary',
      logLevel: 'silent',
      isolation: 'process',
      runtimes: { [runtime]: interpreter },
    });
    context.after(() => platform.close());
    const settings = { Runtime: runtime, Handler: 'app.handler' };
    const { fail } = await deploy(platform, FILES, settings);
    const { errorType, errorMessage } = await fail();
    assert.equal(errorType, 'Runtime.ImportModuleError');
    assert.match(
      errorMessage,
      /^Unable to import module 'app': No module named 'boto3' \(this host's Python has none, and pip could not fetch it: /,
    );
    const { invoke } = await deploy(
      platform,
      { 'app.py': 'def handler(event, context):\n  return "runs"' },
      settings,
    );
    assert.equal((await invoke()).value, 'runs');
  });
});
