/**
 * Everything a reviewer would run, in one command: a line per step with its duration, every step even
 * after one that failed, the test runner's own summary last. Exit code 1 if anything failed.
 * `--without-tests` leaves the last step to whoever runs `npm test` beside it.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = process.execPath;

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Its output is worth seeing while it runs, and its last part at the very end. */
  readonly isTestRun?: true;
}

/** Our output is read by its caller, which biome, behind a pipe of ours, cannot know. */
const COLOURS = process.stdout.isTTY ? 'force' : 'off';

const STEPS: readonly Step[] = [
  { name: 'format and lint', command: ['biome', 'ci', `--colors=${COLOURS}`, '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'imports', command: [NODE, '--test', '--test-reporter=spec', 'test/architecture/*.test.ts'] },
  { name: 'generated files', command: [NODE, 'tools/gen-model/generate.ts', '--check'] },
  {
    name: 'tests',
    command: [NODE, '--test', '--test-reporter=spec', '--test-concurrency=3', 'test/**/*.test.ts'],
    isTestRun: true,
  },
];

/** Where the test runner begins its summary. */
const SUMMARY = /^ℹ tests \d/m;

interface Result {
  readonly passed: boolean;
  readonly durationMs: number;
  readonly output: string;
}

function run({ command, isTestRun }: Step): Promise<Result> {
  const [program, ...args] = command;
  const startMs = performance.now();
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH']}` },
  });
  let output = '';
  let shown = 0;
  const take = (text: string): void => {
    output += text;
    if (isTestRun === undefined) return;
    const end = output.search(SUMMARY);
    const until = end < 0 ? output.lastIndexOf('\n') + 1 : end;
    if (until <= shown) return;
    process.stdout.write(output.slice(shown, until));
    shown = until;
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  return new Promise((resolve) => {
    const settle = (passed: boolean): void =>
      resolve({ passed, durationMs: performance.now() - startMs, output: output.slice(shown) });
    child.on('error', (error) => {
      output += `${program} could not be started: ${error.message}. Run npm ci first.\n`;
      settle(false);
    });
    child.on('close', (code) => settle(code === 0));
  });
}

let failed = 0;
const withoutTests = process.argv.includes('--without-tests');
for (const step of STEPS) {
  if (withoutTests && step.isTestRun) continue;
  const { passed, durationMs, output } = await run(step);
  if (!passed) failed += 1;
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${step.name} (${(durationMs / 1_000).toFixed(1)} s)`);
  if (!passed || step.isTestRun) process.stdout.write(output);
}
process.exitCode = failed === 0 ? 0 : 1;
