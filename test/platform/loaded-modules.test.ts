/** What a server has not loaded when it has started: a process of its own tells, since a test's has loaded it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const STARTED = `
  const { start } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
  const platform = await start({ port: 0, isolation: 'process', logLevel: 'error' });
  const files = Object.keys(process.getBuiltinModule('node:module')._cache);
  await platform.close();
  process.stdout.write(JSON.stringify({ builtIn: process.moduleLoadList, files }));
`;

test('a server that has started has loaded neither the HTTP client, nor HTTP/2, nor any AWS SDK, nor a client of a broker', async () => {
  const flags = ['--input-type=module', '--eval', STARTED];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const { builtIn, files } = JSON.parse(stdout) as { builtIn: string[]; files: string[] };
  assert.ok(builtIn.includes('NativeModule http'), 'the list has the modules that are loaded');
  assert.deepEqual(
    builtIn.filter((name) => /^NativeModule (http2|internal\/deps\/undici\/undici)$/.test(name)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => /@(aws-sdk|smithy|platformatic)|\/(amqplib|rhea)\//.test(file)),
    [],
  );
});
