/**
 * `npm run demo`: starts a server, deploys the functions under `examples/` with AWS CLI v2, shows what
 * they answer, what they logged and what that would cost on AWS, and stops. Nothing is left behind.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readReport } from '../../src/cli/client/report-line.ts';
import { findProject } from '../../src/cli/packaging/project.ts';
import { openPackager } from '../../src/cli/packaging/project-packager.ts';
import type { MonthlyUsage } from '../../src/core/price.ts';
import { addedUsage, formatUsd, invocationPrice, monthlyPrice, NO_USAGE } from '../../src/core/price.ts';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import { runAws } from '../aws-cli/aws-cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

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

/** What all functions here are made with: no policy is evaluated, and AWS's defaults hold otherwise. */
const ROLE = 'arn:aws:iam::000000000000:role/demo';
const MEMORY_MB = 256;

class Demo {
  private readonly platform: Platform;
  private readonly scratch: string;
  private usage: MonthlyUsage = NO_USAGE;

  constructor(platform: Platform, scratch: string) {
    this.platform = platform;
    this.scratch = scratch;
  }

  async run(): Promise<void> {
    const { origin, isolation } = this.platform.facts;
    say(`A server at ${origin}, functions isolated by: ${isolation}\n`);
    const listings = await this.platform.runtimes();
    for (const example of FUNCTIONS) {
      const runtime = example.runtimes.find((name) =>
        listings.some((listing) => listing.runtime === name && listing.resolution.available),
      );
      if (runtime === undefined) say(`${example.folder}: this host has no interpreter for it.\n`);
      else await this.show(example, runtime);
    }
    this.showPrice();
  }

  private async show({ folder, event }: Example, runtime: string): Promise<void> {
    say(`--- ${folder} (${runtime})\n`);
    const project = await findProject(join(EXAMPLES, folder), { handler: undefined, runtime });
    const zip = join(this.scratch, `${folder}.zip`);
    const packager = await openPackager(project, runtime, undefined);
    try {
      await writeFile(zip, await packager.build());
    } finally {
      await packager.close();
    }
    await this.aws(
      ...['lambda', 'create-function', '--function-name', folder, '--runtime', runtime],
      ...['--handler', project.handler, '--role', ROLE, '--memory-size', String(MEMORY_MB)],
      ...['--zip-file', `fileb://${zip}`, '--query', 'State', '--output', 'text'],
    );
    await this.aws('lambda', 'wait', 'function-active-v2', '--function-name', folder);
    for (let count = 0; count < INVOCATIONS; count += 1) await this.invoke(folder, event);
    await this.aws('logs', 'tail', `/aws/lambda/${folder}`, '--format', 'short');
    say('');
  }

  private async invoke(folder: string, event: object): Promise<void> {
    const answer = join(this.scratch, 'answer');
    const payload = JSON.stringify(event);
    const tail = await this.aws(
      ...['lambda', 'invoke', '--function-name', folder, '--payload', payload],
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
    this.usage = addedUsage(this.usage, billed);
    say(`  billed ${report.billedDurationMs} ms: ${formatUsd(invocationPrice(billed).totalUsd)} on AWS`);
  }

  private showPrice(): void {
    const times = 1_000_000;
    const { requests, gbSeconds } = this.usage;
    const month: MonthlyUsage = {
      requests: requests * times,
      gbSeconds: { x86_64: gbSeconds.x86_64 * times, arm64: 0 },
      ephemeralGbSeconds: 0,
    };
    say(
      `These ${requests} invocations cost nothing within AWS's free tier. A million times as many in a month`,
    );
    say(`would cost ${formatUsd(monthlyPrice(month).totalUsd)} there.`);
  }

  /** Shows the command and what it printed; resolves with the latter. */
  private async aws(...args: string[]): Promise<string> {
    say(`$ aws ${args.map(quoted).join(' ')}`);
    const { exitCode, stdout, stderr } = await runAws(this.platform.origin, args);
    if (exitCode !== 0) throw new Error(`aws ended with ${exitCode}: ${stderr}`);
    const isLogTail = args.includes('LogResult');
    for (const line of isLogTail ? [] : stdout.split('\n')) if (line !== '') say(`  ${line}`);
    return stdout;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

const scratch = await mkdtemp(join(tmpdir(), 'selfsame-demo-'));
try {
  await using platform = await start({ port: 0, dataDir: 'temporary' });
  await new Demo(platform, scratch).run();
} finally {
  await rm(scratch, { recursive: true, force: true });
}
