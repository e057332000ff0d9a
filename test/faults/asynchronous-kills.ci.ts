/**
 * Kills the server with SIGKILL, again and again, while events are sent to it: every event that it has answered with
 * 202 runs at least once, a failing one as often as it must, and how many ran more often than that is printed.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { TEST_CREDENTIALS, TEST_REGION } from '../kit/started-platform.ts';
import { zipOf } from '../kit/zip.ts';
import { KilledServer } from './killed-server.ts';
import { SeededRandom } from './seeded-random.ts';

const KILLS = 100;
const SENDERS = 8;
/** From one start to the next kill, milliseconds: some end before a function has run, most do not. */
const LIFE_MS = { min: 20, max: 1_500 };
/** For the events that are left at the end, milliseconds. */
const PATIENCE_MS = 300_000;

/** Written down with one call of the kernel, which outlives the process. */
const CODE = `
const { appendFileSync } = require('node:fs');
exports.handler = async ({ id, kind }) => {
  appendFileSync(process.env.RUNS, id + '\\n');
  if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 30));
  if (kind === 'failing') throw new Error('as always');
};`;

const KINDS = ['quick', 'quick', 'quick', 'quick', 'slow', 'failing'] as const;
type Kind = (typeof KINDS)[number];
const LEAST_RUNS: Readonly<Record<Kind, number>> = { quick: 1, slow: 1, failing: 3 };

describe('a server that is killed under load of asynchronous events', () => {
  const random = new SeededRandom();
  const accepted = new Map<string, Kind>();
  let directory: string;
  let server: KilledServer;
  let lambda: LambdaClient;

  before(async () => {
    console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
    directory = await mkdtemp(join(tmpdir(), 'selfsame-kills-'));
    // Its functions write to the host.
    server = await KilledServer.start(join(directory, 'data'), 'process');
    lambda = new LambdaClient({
      endpoint: server.origin,
      region: TEST_REGION,
      credentials: TEST_CREDENTIALS,
      maxAttempts: 1,
    });
    await createFunctions(lambda, join(directory, 'runs'));
  });

  after(async () => {
    await server.stop();
    lambda.destroy();
    await rm(directory, { recursive: true, force: true });
  });

  /** Sends until the server is gone. */
  async function sendUntilKilled(sender: string): Promise<void> {
    for (let count = 0; ; count += 1) {
      const kind = random.of(KINDS);
      const id = `${sender}.${count}`;
      const command = new InvokeCommand({
        FunctionName: kind,
        InvocationType: 'Event',
        Payload: JSON.stringify({ id, kind }),
      });
      try {
        const { StatusCode } = await lambda.send(command);
        assert.equal(StatusCode, 202);
        accepted.set(id, kind);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return;
      }
    }
  }

  async function runsById(): Promise<Map<string, number>> {
    const runs = new Map<string, number>();
    // No function may have run yet.
    const text = await readFile(join(directory, 'runs'), 'utf8').catch(() => '');
    for (const id of text.split('\n')) if (id !== '') runs.set(id, (runs.get(id) ?? 0) + 1);
    return runs;
  }

  function lacking(runs: ReadonlyMap<string, number>, least: (kind: Kind) => number): string[] {
    return [...accepted].filter(([id, kind]) => (runs.get(id) ?? 0) < least(kind)).map(([id]) => id);
  }

  async function untilNoneLacks(least: (kind: Kind) => number): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const left = lacking(await runsById(), least);
      if (left.length === 0) return;
      const shown = left.slice(0, 5).join(', ');
      assert.ok(
        performance.now() < giveUpAt,
        `${left.length} of ${accepted.size} are lost, such as ${shown}`,
      );
      await passed(100);
    }
  }

  test('loses no event that it has accepted', { timeout: 1_500_000 }, async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const sending = Array.from({ length: SENDERS }, (_, sender) => sendUntilKilled(`${kill}.${sender}`));
      await passed(LIFE_MS.min + random.next() * (LIFE_MS.max - LIFE_MS.min));
      await server.kill();
      await Promise.all(sending);
      await server.start();
    }
    await untilNoneLacks(() => 1);
    await server.advance(6 * 3_600);
    await untilNoneLacks((kind) => LEAST_RUNS[kind]);
    const runs = await runsById();
    let repeats = 0;
    for (const [id, kind] of accepted) repeats += runs.get(id)! - LEAST_RUNS[kind];
    console.log(`${KILLS} kills, ${accepted.size} events accepted, ${repeats} repeats`);
    assert.ok(accepted.size > KILLS, 'there was load');
  });
});

async function createFunctions(lambda: LambdaClient, runsFile: string): Promise<void> {
  const ZipFile = await zipOf({ 'index.js': CODE });
  for (const name of new Set(KINDS)) {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/r',
        Code: { ZipFile },
        Environment: { Variables: { RUNS: runsFile } },
      }),
    );
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60 }, { FunctionName: name });
  }
}
