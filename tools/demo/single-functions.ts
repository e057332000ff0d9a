/** The functions that are invoked one by one: their answers, their logs, and what that would cost on AWS. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readReport } from '../../src/cli/client/report-line.ts';
import type { MonthlyUsage } from '../../src/core/price.ts';
import { addedUsage, formatUsd, invocationPrice, monthlyPrice, NO_USAGE } from '../../src/core/price.ts';
import type { Stage } from './stage.ts';
import { say } from './stage.ts';

interface Example {
  readonly folder: string;
  /** The first of these that this host can run. */
  readonly runtimes: readonly string[];
  readonly event: object;
}

const FUNCTIONS: readonly Example[] = [
  { folder: 'node-caller', runtimes: ['nodejs24.x'], event: { hello: 'world' } },
  {
    folder: 'typescript-archive',
    runtimes: ['nodejs24.x'],
    event: { files: { 'greeting.txt': 'hello', 'notes/todo.txt': 'nothing' } },
  },
  {
    folder: 'python-words',
    runtimes: ['python3.15', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'],
    event: { text: 'to be or not to be' },
  },
  { folder: 'bash-runtime', runtimes: ['provided.al2023'], event: { from: 'the demo' } },
];

/** The first invocation starts the environment, the second finds it there. */
const INVOCATIONS = 2;

export async function showSingleFunctions(stage: Stage): Promise<void> {
  const listings = await stage.platform.runtimes();
  let usage = NO_USAGE;
  for (const { folder, runtimes, event } of FUNCTIONS) {
    const runtime = runtimes.find((name) =>
      listings.some((listing) => listing.runtime === name && listing.resolution.available),
    );
    if (runtime === undefined) {
      say(`${folder}: this host has no interpreter for it.\n`);
      continue;
    }
    say(`--- ${folder} (${runtime})\n`);
    await stage.deploy(folder, runtime);
    for (let count = 0; count < INVOCATIONS; count += 1) usage = await invoke(stage, folder, event, usage);
    await stage.aws('logs', 'tail', `/aws/lambda/${folder}`, '--format', 'short');
    say('');
  }
  showPrice(usage);
}

async function invoke(
  stage: Stage,
  folder: string,
  event: object,
  usage: MonthlyUsage,
): Promise<MonthlyUsage> {
  const answer = join(stage.scratch, 'answer');
  const tail = await stage.quietAws(
    ...['lambda', 'invoke', '--function-name', folder, '--payload', JSON.stringify(event)],
    ...['--cli-binary-format', 'raw-in-base64-out', '--log-type', 'Tail', '--query', 'LogResult'],
    ...['--output', 'text', answer],
  );
  say(`  ${await readFile(answer, 'utf8')}`);
  const report = readReport(Buffer.from(tail, 'base64').toString());
  if (report === undefined) throw new Error(`the log of ${folder} has no report`);
  const billed = {
    billedDurationMs: report.billedDurationMs,
    memoryMb: report.memorySizeMb,
    ephemeralStorageMb: 512,
    architecture: 'x86_64',
  } as const;
  say(`  billed ${report.billedDurationMs} ms: ${formatUsd(invocationPrice(billed).totalUsd)} on AWS`);
  return addedUsage(usage, billed);
}

function showPrice({ requests, gbSeconds }: MonthlyUsage): void {
  const times = 1_000_000;
  const month: MonthlyUsage = {
    requests: requests * times,
    gbSeconds: { x86_64: gbSeconds.x86_64 * times, arm64: 0 },
    ephemeralGbSeconds: 0,
  };
  say(
    `These ${requests} invocations cost nothing within AWS's free tier. A million times as many in a month`,
  );
  say(`would cost ${formatUsd(monthlyPrice(month).totalUsd)} there.\n`);
}
