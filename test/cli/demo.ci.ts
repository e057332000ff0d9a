import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DEMO = fileURLToPath(new URL('../../tools/demo/demo.ts', import.meta.url));

/** Some dozen calls of the AWS CLI, a second each. Milliseconds. */
const TIMEOUT_MS = 300_000;

test('the demo deploys every example, shows results, logs, the price and events on their way, and leaves nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO], { timeout: TIMEOUT_MS });
  assert.match(stdout, /"invokedAs":"arn:aws:lambda:us-east-1:000000000000:function:node-caller"/);
  assert.match(stdout, /Called with \{"hello":"world"\}/);
  assert.match(stdout, /\{"bytes":260,"zip":"UEsD/);
  assert.match(stdout, /\{"words": 6, "mostCommon": \[\["to", 2\]/);
  assert.match(stdout, /"shell": "bash [^"]+", "event": \{"from":"the demo"\}/);
  assert.match(stdout, /billed \d+ ms: \$0\.00000\d+ on AWS/);
  assert.match(stdout, /These 8 invocations cost nothing/);
  const [single = '', flow = ''] = stdout.split('--- order-flow');
  assert.equal(single.match(/REPORT RequestId: /g)?.length, 8);
  assert.match(flow, /Took order 3: 3 of lamp/);
  assert.match(flow, /lamp: 5 ordered so far/);
  assert.match(flow, /Report of \d{4}-\d\d-\d\dT06:00:00Z: chair: 4, lamp: 5/);
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith('selfsame-demo-'));
  assert.deepEqual(left, []);
});
