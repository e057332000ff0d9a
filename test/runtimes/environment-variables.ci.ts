/** The process environment of a function next to what functions saw on AWS, for every runtime that this host can run. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { recordedJson } from '../kit/recorded.ts';
import { openPlatform } from '../kit/started-platform.ts';
import type { ZipFileContent } from '../kit/zip.ts';
import { deploy } from './deployed-function.ts';

type Variables = Readonly<Record<string, string>>;

const RECORDED = recordedJson<Readonly<Record<string, { readonly environment: Variables }>>>(
  'lambda',
  'runtime-environment.json',
);

/** What is not as on AWS, on purpose. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  AWS_ENDPOINT_URL: 'by it the SDKs find this server; AWS needs no such thing',
  AWS_LAMBDA_RUNTIME_API: 'the address is one of loopback, and our own bootstraps do not use it',
  AWS_XRAY_DAEMON_ADDRESS: 'the daemon is expected on loopback; AWS uses a link-local address',
  _AWS_XRAY_DAEMON_ADDRESS: 'as AWS_XRAY_DAEMON_ADDRESS',
  PYTHONPATH: 'boto3 has a folder of its own before AWS’s /var/runtime',
  LC_CTYPE: 'Python sets it itself where the host has no locale en_US.UTF-8, as on AWS since python3.12',
  _HANDLER: 'the handler of this test has another name',
};

/** The trace id is for a custom runtime to set; the working directory's name comes from bubblewrap. */
const CUSTOM_RUNTIME_DIFFERENCES = ['_X_AMZN_TRACE_ID', 'PWD'];

const BOOTSTRAP: ZipFileContent = {
  mode: 0o100755,
  content: `#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  id=$(curl -sS -D - -o /dev/null "$api/invocation/next" | tr -d '\\r' | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
  tr '\\0' '\\n' < /proc/$$/environ | curl -sS -o /dev/null --data-binary @- "$api/invocation/$id/response"
done
`,
};

let platform: Platform;
before(async () => {
  platform = await openPlatform({ isolation: 'namespaces' });
});
after(() => platform.close());

async function variablesOf(runtime: string): Promise<Variables> {
  const settings = {
    Runtime: runtime as Runtime,
    MemorySize: 1024,
    Environment: { Variables: { TEST_KEY: 'TEST_VAL' } },
  };
  if (runtime.startsWith('provided')) {
    const { text } = await (await deploy(platform, { bootstrap: BOOTSTRAP }, settings)).invoke();
    const lines = text.split('\n').filter((line) => line.includes('='));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }
  const files = runtime.startsWith('nodejs')
    ? { 'index.js': 'exports.handler = async () => process.env' }
    : { 'index.py': 'import os\ndef handler(event, context):\n  return dict(os.environ)' };
  return (await (await deploy(platform, files, settings)).invoke()).value as Variables;
}

test('every variable has AWS’s name and value, or a reason to differ', async () => {
  const runnable = (await platform.runtimes())
    .filter(({ runtime, resolution }) => resolution.available && runtime in RECORDED)
    .map(({ runtime }) => runtime);
  assert.ok(runnable.includes('nodejs24.x') && runnable.includes('provided.al2023'));
  assert.ok(runnable.some((runtime) => runtime.startsWith('python')));
  const differences: string[] = [];
  for (const runtime of runnable) {
    const [expected, actual] = [RECORDED[runtime]!.environment, await variablesOf(runtime)];
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (
        name in DIFFERENCES ||
        (runtime.startsWith('provided') && CUSTOM_RUNTIME_DIFFERENCES.includes(name))
      )
        continue;
      if (!agree(expected[name], actual[name]))
        differences.push(`${runtime} ${name}: ${actual[name]}, on AWS ${expected[name]}`);
    }
  }
  assert.deepEqual(differences, []);
});

/** Parts in angle brackets were different in every recording. */
function agree(expected: string | undefined, actual: string | undefined): boolean {
  if (expected === undefined || actual === undefined) return expected === actual;
  const pattern = expected.split(/<[^>]+>/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.+')}$`).test(actual);
}
