/** What an environment is held to, at every level, on a host with cgroups: memory, processor time, processes, descriptors, /tmp. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { start } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { processesOf } from './host-processes.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

const FUNCTION = `
const fs = require('node:fs');
const { spawn, spawnSync } = require('node:child_process');
const { Worker } = require('node:worker_threads');
const kept = [];
const heap = (mb) => { for (let n = 0; n < mb; n += 8) kept.push(Buffer.alloc(8 << 20, 1)); };
// So much of the wall time's processor time a loop over at least this wall time got.
const share = (ms) => {
  const began = process.cpuUsage();
  const from = performance.now();
  while (performance.now() - from < ms);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / (performance.now() - from);
};
const answers = {
  echo: ({ value }) => value,
  count: () => (globalThis.count = (globalThis.count ?? 0) + 1),
  allocate: ({ mb }) => { heap(mb); return mb; },
  share: ({ ms }) => share(ms),
  fork: async ({ most }) => {
    const children = [];
    let refusal;
    while (children.length < most && refusal === undefined) {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      refusal = await new Promise((resolve) => {
        child.once('spawn', () => resolve(undefined));
        child.once('error', ({ code }) => resolve(code));
      });
      if (refusal === undefined) children.push(child);
    }
    for (const child of children) child.kill('SIGKILL');
    return { started: children.length, refusal };
  },
  open: () => {
    const open = [];
    try { for (;;) open.push(fs.openSync('/dev/null')); }
    catch ({ code }) { return { opened: open.length, highest: open.at(-1), code }; }
    finally { open.forEach((descriptor) => fs.closeSync(descriptor)); }
  },
  fillTmp: ({ mb }) => {
    const file = require('node:os').tmpdir() + '/full';
    const descriptor = fs.openSync(file, 'w');
    let written = 0;
    try { for (; written < mb; written += 1) fs.writeSync(descriptor, Buffer.alloc(1 << 20)); return { written }; }
    catch ({ code }) { return { written, code }; }
    finally { fs.closeSync(descriptor); fs.unlinkSync(file); }
  },
  // A thread that never rests; it measures for how long it did not run.
  burn: async () => {
    globalThis.figures = new Float64Array(new SharedArrayBuffer(16));
    const code = 'const figures = require("node:worker_threads").workerData;' +
      'for (let last = performance.now(), now; ; last = now, figures[1] += 1) {' +
      '  now = performance.now(); if (now - last > figures[0]) figures[0] = now - last; }';
    new Worker(code, { eval: true, workerData: globalThis.figures }).unref();
    while (figures[1] === 0) await new Promise(setImmediate);
  },
  burner: async ({ afterRounds = 0 }) => {
    const { figures } = globalThis;
    // The thread too must have run again, to have seen for how long it did not.
    const least = Math.max(afterRounds, figures[1] + 1);
    while (figures[1] <= least) await new Promise(setImmediate);
    return { gapMs: figures[0], rounds: figures[1] };
  },
};
exports.handler = async (event) => answers[event.action](event);
`;

/** How long the environment has nothing to do, milliseconds. */
const IDLE_MS = 1_000;

interface Burner {
  readonly gapMs: number;
  readonly rounds: number;
}

for (const level of ['process', 'namespaces', 'oci'] satisfies IsolationLevel[])
  describe(`limits at ${level}`, () => limitTests(level));

function limitTests(level: IsolationLevel): void {
  let platform: Platform;
  let lambda: LambdaClient;
  let made = 0;

  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: level });
    lambda = new LambdaClient({ ...clientSettings(platform), requestHandler: { requestTimeout: 120_000 } });
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  async function newFunction(memoryMb: number, change: object = {}): Promise<string> {
    made += 1;
    const name = `limited-${made}`;
    await createProbe(lambda, name, {
      MemorySize: memoryMb,
      Timeout: 60,
      Code: { ZipFile: await zipOf({ 'index.js': FUNCTION }) },
      ...change,
    });
    return name;
  }

  test('memory: over it the invocation ends as on AWS, the next has a new environment, a neighbour lives on', async () => {
    const name = await newFunction(192);
    const neighbour = await newFunction(192);
    await invokeProbe(lambda, neighbour, { action: 'count' });
    await invokeProbe(lambda, name, { action: 'count' });
    const over = await invokeProbe<Record<string, string>>(
      lambda,
      name,
      { action: 'allocate', mb: 4_096 },
      { LogType: 'Tail' },
    );
    assert.equal(over.functionError, 'Unhandled');
    // AWS was seen to tell the caller this: awslabs/amazon-s3-find-and-forget#283.
    assert.deepEqual(over.payload, {
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${over.requestId} Error: Runtime exited with error: signal: killed`,
    });
    // And to report it so: nasa-gcn/gcn.nasa.gov#3628.
    assert.match(
      over.log,
      /Memory Size: 192 MB\tMax Memory Used: 192 MB\tStatus: error\tError Type: Runtime\.OutOfMemory$/m,
    );
    assert.equal((await invokeProbe(lambda, name, { action: 'count' })).payload, 1);
    assert.equal((await invokeProbe(lambda, neighbour, { action: 'count' })).payload, 2);
  });

  test('memory: what fits is not touched, and Max Memory Used tells of it', async () => {
    const name = await newFunction(512);
    const { payload, log } = await invokeProbe(
      lambda,
      name,
      { action: 'allocate', mb: 256 },
      { LogType: 'Tail' },
    );
    assert.equal(payload, 256);
    const used = Number(/Max Memory Used: (\d+) MB/.exec(log)![1]);
    assert.ok(used >= 256 && used <= 512, `${used} MB`);
  });

  test('processor: a share of 1,769 MB', async () => {
    const name = await newFunction(256);
    const { payload } = await invokeProbe<number>(lambda, name, { action: 'share', ms: 2_000 });
    const share = 256 / 1_769;
    // The kernel lets a period begin with what the one before had left.
    assert.ok(payload < share * 1.25, `${payload} of a vCPU, not ${share}`);
  });

  test('processes: the 1,025th is refused, and a neighbour is not harmed', async () => {
    const name = await newFunction(3_008);
    const neighbour = await newFunction(192);
    const [bomb, beside] = await Promise.all([
      invokeProbe<{ started: number; refusal: string }>(lambda, name, { action: 'fork', most: 2_000 }),
      invokeProbe(lambda, neighbour, { action: 'echo', value: 'well' }),
    ]);
    assert.equal(bomb.payload.refusal, 'EAGAIN');
    // The runtime has threads, which count too.
    assert.ok(bomb.payload.started > 900 && bomb.payload.started < 1_024, String(bomb.payload.started));
    assert.equal(beside.payload, 'well');
  });

  test('descriptors: 1,024', async () => {
    const name = await newFunction(512);
    const { payload } = await invokeProbe(lambda, name, { action: 'open' });
    const { code, highest } = payload as { code: string; highest: number };
    assert.deepEqual({ code, highest }, { code: 'EMFILE', highest: 1_023 });
  });

  if (level !== 'process') {
    test('/tmp: its size and no more, which is no memory of the function', async () => {
      const name = await newFunction(192, { EphemeralStorage: { Size: 512 } });
      const { payload } = await invokeProbe(lambda, name, { action: 'fillTmp', mb: 600 });
      assert.deepEqual(payload, { written: 512, code: 'ENOSPC' });
    });
  }

  test('an idle environment is frozen, and its background work goes on with the next event', async () => {
    const name = await newFunction(1_769);
    await invokeProbe(lambda, name, { action: 'burn' });
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const thawed = (await invokeProbe<Burner>(lambda, name, { action: 'burner' })).payload;
    assert.ok(thawed.gapMs > IDLE_MS / 2, `the thread stood still for ${thawed.gapMs} ms of ${IDLE_MS}`);
    assert.ok(thawed.rounds > 0);
    const later = (await invokeProbe<Burner>(lambda, name, { action: 'burner', afterRounds: thawed.rounds }))
      .payload;
    assert.ok(later.rounds > thawed.rounds);
  });

  test('a frozen environment that is killed is replaced, and its event runs once', async (context) => {
    // A generic environment started ahead does not show whose it is from outside.
    const own = await startedPlatform(context, { isolation: level, pooledEnvironments: 0 });
    const client = new LambdaClient(clientSettings(own));
    context.after(() => client.destroy());
    await createProbe(client, 'killed', { Code: { ZipFile: await zipOf({ 'index.js': FUNCTION }) } });
    assert.equal((await invokeProbe(client, 'killed', { action: 'count' })).payload, 1);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 4));
    const processes = await processesOf(own.origin, 'killed');
    assert.notDeepEqual(processes, []);
    for (const number of processes) process.kill(number, 'SIGKILL');
    const answer = await invokeProbe(client, 'killed', { action: 'count' });
    assert.deepEqual([answer.functionError, answer.payload], [undefined, 1]);
  });
}
