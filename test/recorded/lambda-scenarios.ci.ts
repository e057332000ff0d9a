/** Replays AWS's recorded scenarios of Lambda. Which of them must hold is written in `lambda-scenario-outcomes.ts`. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Log } from '../../src/ports/log.ts';
import { hostInterpreters } from '../../src/sandbox/catalog/host-interpreters.ts';
import { provideJavaClient } from '../../src/sandbox/catalog/java-client.ts';
import { clientSettings, startedPlatform } from '../kit/started-platform.ts';
import { currentWording } from './changed-wording.ts';
import {
  SCENARIOS_THAT_DIFFER,
  SCENARIOS_THAT_STOP,
  SCENARIOS_WITHOUT_ANSWERS,
} from './lambda-scenario-outcomes.ts';
import { lambdaScenarios } from './scenario.ts';
import type { ReplayResult } from './scenario-replay.ts';
import { ScenarioReplay } from './scenario-replay.ts';

const ACCOUNT = '000000000000';

const NO_LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('answers agree with what AWS was recorded to answer', async (context) => {
  // Names differ from scenario to scenario, so that one server serves them all. Interpreters of the
  // exact versions may not be here, and none of these functions is run.
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  // All that is fetched: a function of Java is Active only where AWS's client is.
  await provideJavaClient(join(dataDir, 'runtimes'), { log: NO_LOG });
  const java = (await hostInterpreters()).find(({ family }) => family === 'java');
  assert.ok(java !== undefined, 'no Java is on this host');
  const runtimes = Object.fromEntries(
    ['java11', 'java17', 'java21', 'java25'].map((runtime) => [runtime, java.path]),
  );
  const options = { dataDir, runtimes, isolation: 'process', nearestRuntime: true } as const;
  const platform = await startedPlatform(context, options);
  const replay = new ScenarioReplay(clientSettings(platform), ACCOUNT, currentWording);
  const results: [string, ReplayResult][] = [];
  for (const [name, scenario] of Object.entries(lambdaScenarios())) {
    results.push([name, await replay.replay(scenario)]);
  }

  const differing = results.filter(([, { differences }]) => differences.length > 0);
  const stopping = results.filter(([, { stoppedAt }]) => stoppedAt !== undefined);
  const unanswered = results.filter(
    ([, { compared, stoppedAt }]) => compared === 0 && stoppedAt === undefined,
  );
  const whole = results.length - stopping.length - unanswered.length;
  const answers = results.reduce((sum, [, { compared }]) => sum + compared, 0);
  context.diagnostic(
    `${whole - differing.length} of ${whole} scenarios of existing operations hold; ${stopping.length} more are ` +
      `replayed up to an operation that does not exist yet; ${answers} answers compared`,
  );
  for (const [name, { differences }] of differing) {
    context.diagnostic(`${name}: ${SCENARIOS_THAT_DIFFER[name] ?? 'UNEXPECTED'}`);
    if (SCENARIOS_THAT_DIFFER[name] === undefined)
      for (const line of differences) context.diagnostic(`  ${line}`);
  }

  assert.deepEqual(
    differing.map(([name]) => name).sort(),
    Object.keys(SCENARIOS_THAT_DIFFER).sort(),
    'the scenarios whose answers differ are those that are known to',
  );
  assert.deepEqual(
    stopping.map(([name, { stoppedAt }]) => `${name} stops at ${stoppedAt}`).sort(),
    Object.entries(SCENARIOS_THAT_STOP)
      .flatMap(([operation, names]) => names.map((name) => `${name} stops at ${operation}`))
      .sort(),
    'every scenario gets as far as is known',
  );
  assert.deepEqual(
    unanswered.map(([name]) => name).sort(),
    [...SCENARIOS_WITHOUT_ANSWERS].sort(),
    'no scenario holds only because nothing of it was compared',
  );
});
