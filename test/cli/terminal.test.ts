import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { CliContext } from '../../src/cli/cli-context.ts';
import { columns } from '../../src/cli/terminal/columns.ts';
import { paletteFor } from '../../src/cli/terminal/palette.ts';
import { withProgress } from '../../src/cli/terminal/progress-bar.ts';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { selfsame } from './command-line.ts';

test('colours are for terminals only', async () => {
  const args = ['operations', '--service', 'sts'];
  assert.ok((await selfsame(args, { terminal: true })).stdout.includes('\u001b[32myes'));
  assert.ok(!(await selfsame(args)).stdout.includes('\u001b'));
});

test('a terminal that shows no colours gets none; Node.js says so where NO_COLOR is set', () => {
  const output = { write: () => undefined, isTTY: true, getColorDepth: noColor };
  assert.equal(paletteFor(output, { NO_COLOR: '1' }).good('yes'), 'yes');
  assert.notEqual(paletteFor(output, {}).good('yes'), 'yes');
});

test('columns line up by what is visible', () => {
  assert.equal(
    columns([
      ['a', 'first'],
      ['\u001b[32mlong\u001b[39m', 'second'],
    ]),
    'a     first\n\u001b[32mlong\u001b[39m  second\n',
  );
});

test('durations are read and written', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('1.5d'), 129_600_000);
  for (const text of ['', '5', '-5m', '5 m', '5y', 'm5'])
    assert.throws(() => parseDuration(text), RangeError);
  assert.equal(formatDuration(129_600_000), '1d 12h');
  assert.equal(formatDuration(90_061_000), '1d 1h');
  assert.equal(formatDuration(1_400), '1s');
  assert.equal(formatDuration(40), '40ms');
});

test('a bar shows on a terminal once the work has taken a second, and is gone after it', async (context) => {
  const { frames, terminal, tick } = fakeTerminal(true);
  context.after(() => mock.timers.reset());
  const work = Promise.withResolvers<string>();
  const done = withProgress(terminal, 'Fetching', (report) => {
    report(0.25);
    return work.promise;
  });
  tick(900);
  assert.deepEqual(frames, []);
  tick(1_100);
  assert.equal(frames.at(-1), `\r\u001b[KFetching [######${'.'.repeat(18)}] 25 % 2s`);
  work.resolve('result');
  assert.equal(await done, 'result');
  assert.equal(frames.at(-1), '\r\u001b[K');
});

test('work whose length nobody knows shows that it goes on', async (context) => {
  const { frames, terminal, tick } = fakeTerminal(true);
  context.after(() => mock.timers.reset());
  const work = Promise.withResolvers<void>();
  const done = withProgress(terminal, 'Waiting', () => work.promise);
  tick(1_500);
  const first = frames.at(-1);
  tick(500);
  assert.match(frames.at(-1)!, /Waiting \[\.*######\.*\] 2s$/);
  assert.notEqual(frames.at(-1), first);
  work.resolve();
  await done;
});

test('where no person watches there is no bar', async (context) => {
  const { frames, terminal, tick } = fakeTerminal(false);
  context.after(() => mock.timers.reset());
  const work = Promise.withResolvers<void>();
  const done = withProgress(terminal, 'Fetching', () => work.promise);
  tick(5_000);
  work.resolve();
  await done;
  assert.deepEqual(frames, []);
});

function fakeTerminal(isTTY: boolean): {
  frames: string[];
  terminal: CliContext;
  tick(ms: number): void;
} {
  mock.timers.enable({ apis: ['setInterval'] });
  const frames: string[] = [];
  let now = 0;
  const stderr = { write: (text: string) => void frames.push(text), isTTY, columns: 80 };
  const terminal: CliContext = {
    process: { stdout: stderr, stderr, env: {} },
    readInput: async () => Buffer.alloc(0),
    workingDirectory: '/',
    monotonic: () => now,
    interruption: () => new AbortController().signal,
  };
  return {
    frames,
    terminal,
    tick(ms) {
      for (let passed = 0; passed < ms; passed += 100) {
        now += 100;
        mock.timers.tick(100);
      }
    },
  };
}

/** As Node.js's own answers for a terminal with colours. */
function noColor(env: Readonly<Partial<Record<string, string>>> = {}): number {
  return env['NO_COLOR'] === undefined ? 8 : 1;
}
