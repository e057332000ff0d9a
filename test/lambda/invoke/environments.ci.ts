/** What takes long with environments, at both levels of isolation: time-outs of Lambda's own, and load. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '../../../src/index.ts';
import { start } from '../../../src/index.ts';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';
import { openGate } from './gate.ts';
import { processesOf } from './host-processes.ts';
import { createProbe, invokeProbe } from './probe-function.ts';

const LONG_IDLE_MS = 15 * 60_000;
/** Environments that work at one instant. */
const CROWD = 40;

for (const level of ['process', 'namespaces'] satisfies IsolationLevel[])
  describe(`environments at ${level}, in the long run`, () => longTests(level));

function longTests(level: IsolationLevel): void {
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: level });
    lambda = new LambdaClient({ ...clientSettings(platform), requestHandler: { requestTimeout: 300_000 } });
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  test('whose init takes more than 10 seconds get another inside the invocation, for its time-out', async () => {
    const code = 'const until = Date.now() + 60_000; while (Date.now() < until);';
    await createProbe(lambda, 'endless', {
      Timeout: 1,
      Code: { ZipFile: await zipOf({ 'index.js': code }) },
    });
    const answer = await invokeProbe<Record<string, string>>(lambda, 'endless', {}, { LogType: 'Tail' });
    assert.equal(answer.functionError, 'Unhandled');
    assert.equal(answer.payload['errorType'], 'Sandbox.Timedout');
    assert.match(answer.payload['errorMessage']!, /Error: Task timed out after 1\.00 seconds$/);
    assert.match(
      answer.log,
      /^START .*\nINIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: invoke\tStatus: timeout\n/,
    );
    while ((await processesOf(platform.origin, 'endless')).length > 0)
      await new Promise((resolve) => setImmediate(resolve));
  });

  test(`work ${CROWD} at once, each once, and leave nothing`, async () => {
    await createProbe(lambda, 'crowd', { MemorySize: 128, Timeout: 120 });
    await using gate = openGate(platform);
    const numbers = Array.from({ length: CROWD }, (_, index) => index);
    const all = numbers.map((value) =>
      invokeProbe(lambda, 'crowd', { action: 'pass', gate: gate.name, value }),
    );
    await gate.arrived(CROWD);
    await gate.open();
    assert.deepEqual(
      (await Promise.all(all)).map(({ payload }) => payload),
      numbers,
    );
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        numbers.map((value) => invokeProbe(lambda, 'crowd', { action: 'echo', value })),
      );
      assert.deepEqual(
        answers.map(({ payload }) => payload),
        numbers.map((value) => ({ action: 'echo', value })),
      );
    }
    await platform.clock.advance(LONG_IDLE_MS);
    assert.deepEqual(await processesOf(platform.origin, 'crowd'), []);
    const names = await readdir(join(platform.facts.dataDirectory, 'environments'));
    assert.deepEqual(
      names.filter((name) => /^[0-9a-f]{32}$/.test(name)),
      [],
    );
  });

  test('that do not come to an end are ended when the server closes', async () => {
    const closing = await start({ port: 0, dataDir: 'temporary', logLevel: 'error', isolation: level });
    const client = new LambdaClient(clientSettings(closing));
    await createProbe(client, 'stubborn', { Timeout: 900 });
    const held = invokeProbe(client, 'stubborn', { action: 'hang' });
    const cutOff = assert.rejects(held);
    const logs = new CloudWatchLogsClient(clientSettings(closing));
    for (let begun = false; !begun; ) {
      const found = await logs
        .send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/stubborn', filterPattern: 'START' }))
        .catch(() => undefined);
      begun = found?.events?.some(({ message }) => message?.startsWith('START ')) ?? false;
    }
    logs.destroy();
    await closing.close();
    await cutOff;
    assert.deepEqual(await processesOf(closing.origin, 'stubborn'), []);
    client.destroy();
  });
}
