import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { PlatformError } from '../../src/core/errors.ts';
import type { Platform } from '../../src/index.ts';
import { Faults } from '../../src/lambda/invoke/faults.ts';
import { adminEndpoints } from '../../src/platform/admin-endpoints.ts';
import { RecordedMetrics } from '../../src/platform/recorded-metrics.ts';
import { MAX_SERVICE_TIME_MS, ServiceClock } from '../../src/platform/service-clock.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import { scratchDirectory } from '../storage/scratch.ts';
import { head, RawConnection } from '../wire/server/raw-connection.ts';

interface ClockAnswer {
  readonly now: string;
  readonly offsetSeconds: number;
  readonly error?: string;
}

async function clock(
  platform: Pick<Platform, 'origin'>,
  body?: string,
): Promise<{ status: number; answer: ClockAnswer }> {
  const init = body === undefined ? {} : { method: 'POST', body };
  const response = await fetch(`${platform.origin}/_selfsame/clock`, init);
  return { status: response.status, answer: (await response.json()) as ClockAnswer };
}

/** The endpoints of a clock that no server has, as if called from `remoteAddress`. */
async function served(
  context: TestContext,
  served: ServiceClock,
  remoteAddress = '127.0.0.1',
): Promise<string> {
  const [endpoint] = adminEndpoints({
    clock: served,
    faults: new Faults(() => 1),
    metrics: new RecordedMetrics(),
    facts: () => ({}),
  });
  const server = createServer((request, response) => {
    Object.defineProperty(request.socket, 'remoteAddress', { value: remoteAddress });
    void endpoint!.handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Real time that a test may take. */
const SLACK_SECONDS = 60;
const DAY_SECONDS = 86_400;

describe('the clock endpoint', () => {
  test('moves service time, which a restart keeps', async (context) => {
    const dataDir = join(await scratchDirectory(context), 'data');
    const first = await startedPlatform(context, { dataDir });
    assert.equal((await clock(first)).answer.offsetSeconds, 0);
    const moved = await clock(first, `{"advanceSeconds": ${30 * DAY_SECONDS}}`);
    assert.equal(moved.status, 200);
    const ahead = (Date.parse(moved.answer.now) - Date.now()) / 1_000;
    assert.ok(Math.abs(ahead - 30 * DAY_SECONDS) < SLACK_SECONDS, `${ahead}`);
    await first.close();

    const second = await startedPlatform(context, { dataDir });
    const { answer } = await clock(second);
    assert.ok(Math.abs(answer.offsetSeconds - 30 * DAY_SECONDS) < SLACK_SECONDS, `${answer.offsetSeconds}`);
    assert.ok(Date.parse(answer.now) >= Date.parse(moved.answer.now), 'time never goes back');
  });

  test('takes fractions of seconds, and several advances at once', async (context) => {
    const platform = await startedPlatform(context);
    await Promise.all([
      clock(platform, '{"advanceSeconds": 1000.25}'),
      clock(platform, '{"advanceSeconds": 1}'),
    ]);
    const { answer } = await clock(platform);
    // Each jump ends where real time already was by then: never more, at most the test's own time less.
    assert.ok(answer.offsetSeconds <= 1_001.25 && answer.offsetSeconds > 1_001.25 - SLACK_SECONDS);
    assert.equal((await clock(platform, '{"advanceSeconds": 0}')).status, 200);
  });

  test('refuses what is no span of time, naming it', async (context) => {
    const platform = await startedPlatform(context);
    for (const [body, words] of [
      ['', 'is not JSON'],
      ['{"advanceSeconds": ', 'is not JSON'],
      ['null', 'advanceSeconds is undefined'],
      ['[]', 'advanceSeconds is undefined'],
      ['{"advanceSeconds": -1}', 'advanceSeconds is -1.'],
      ['{"advanceSeconds": "60"}', 'advanceSeconds is "60".'],
      ['{"advanceSeconds": 1e999}', 'advanceSeconds is Infinity.'],
      ['{"advanceSeconds": 1e12}', 'advanceSeconds is 1000000000000; at most'],
      [' '.repeat(70_000), 'has more than 65536 bytes'],
    ] as const) {
      const { status, answer } = await clock(platform, body);
      assert.equal(status, 400, body);
      assert.ok(answer.error?.includes(words), answer.error);
    }
    assert.equal((await clock(platform)).answer.offsetSeconds, 0);
    const deleted = await fetch(`${platform.origin}/_selfsame/clock`, { method: 'DELETE' });
    assert.equal(deleted.status, 405);
  });

  test('ends with the year 9999', async (context) => {
    const clockAtTheEnd = new ServiceClock({
      offsetMs: MAX_SERVICE_TIME_MS - Date.now() - 2 * DAY_SECONDS * 1_000,
      saveOffset: async () => undefined,
      onTaskError: assert.ifError,
    });
    const origin = await served(context, clockAtTheEnd);
    assert.equal((await clock({ origin }, `{"advanceSeconds": ${DAY_SECONDS}}`)).status, 200);
    const { status, answer } = await clock({ origin }, `{"advanceSeconds": ${DAY_SECONDS}}`);
    assert.equal(status, 400);
    assert.match(answer.error ?? '', /from 9999-12-.* beyond the year 9999/);
  });

  test('says why the clock could not be moved, and what to do', async (context) => {
    const stuck = new ServiceClock({
      offsetMs: 0,
      saveOffset: async () => {
        throw new PlatformError('no space left to write records.db', 'Free space.');
      },
      onTaskError: assert.ifError,
    });
    const origin = await served(context, stuck);
    const { status, answer } = await clock({ origin }, '{"advanceSeconds": 1}');
    assert.equal(status, 503);
    assert.equal(answer.error, 'The clock was not moved: no space left to write records.db. Free space.');
  });

  test('is not for web pages', async (context) => {
    const platform = await startedPlatform(context);
    const response = await fetch(`${platform.origin}/_selfsame/clock`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: '{"advanceSeconds": 1}',
    });
    assert.equal(response.status, 403);
    assert.equal((await clock(platform)).answer.offsetSeconds, 0);
  });

  test('is for this machine only, and under no foreign name', async (context) => {
    const idle = new ServiceClock({
      offsetMs: 0,
      saveOffset: async () => undefined,
      onTaskError: assert.ifError,
    });
    const far = await served(context, idle, '192.0.2.7');
    const { status, answer } = await clock({ origin: far }, '{"advanceSeconds": 1}');
    assert.equal(status, 403);
    assert.match(answer.error ?? '', /to this machine only/);
    assert.equal(idle.offsetMs, 0);

    const near = await served(context, idle);
    const rebound = await RawConnection.open(Number(new URL(near).port));
    context.after(() => rebound.close());
    rebound.send(head('_selfsame/clock', { host: 'evil.example' }, 'GET'));
    assert.match(await rebound.until('DNS rebinding'), /^HTTP\/1.1 403 /);
  });
});

describe('the endpoints of selfsame itself', () => {
  test('tell health, and name themselves to who misses them', async (context) => {
    const platform = await startedPlatform(context);
    const health = await fetch(`${platform.origin}/_selfsame/health?verbose`);
    const facts = (await health.json()) as Record<string, unknown>;
    assert.equal(facts['status'], 'ok');
    assert.equal(facts['version'], platform.facts.version);
    for (const path of ['/_selfsame/', '/_selfsame/healthy', '/_selfsame/clock/x']) {
      const missing = await fetch(`${platform.origin}${path}`);
      assert.equal(missing.status, 404);
      assert.match(((await missing.json()) as ClockAnswer).error ?? '', /health, .*clock, .*metrics are/);
    }
  });
});
