/** What every part of the demo stands on: a server, a folder for files, and the AWS CLI with what it says shown. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProject } from '../../src/cli/packaging/project.ts';
import { openPackager } from '../../src/cli/packaging/project-packager.ts';
import type { Platform } from '../../src/index.ts';
import { runAws } from '../aws-cli/aws-cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** What all functions here are made with: no policy is evaluated, and AWS's defaults hold otherwise. */
const ROLE = 'arn:aws:iam::000000000000:role/demo';
const MEMORY_MB = 256;

export class Stage {
  readonly platform: Platform;
  /** A folder that is removed at the end. */
  readonly scratch: string;

  constructor(platform: Platform, scratch: string) {
    this.platform = platform;
    this.scratch = scratch;
  }

  /** Deploys a folder under `examples/` as a function of its last name, and waits until it can be invoked. */
  async deploy(folder: string, runtime: string, ...more: string[]): Promise<void> {
    const project = await findProject(join(EXAMPLES, folder), { handler: undefined, runtime });
    const zip = join(this.scratch, `${project.name}.zip`);
    const packager = await openPackager(project, runtime, undefined);
    try {
      await writeFile(zip, await packager.build());
    } finally {
      await packager.close();
    }
    await this.aws(
      ...['lambda', 'create-function', '--function-name', project.name, '--runtime', runtime],
      ...['--handler', project.handler, '--role', ROLE, '--memory-size', String(MEMORY_MB)],
      ...['--zip-file', `fileb://${zip}`, ...more, '--query', 'State', '--output', 'text'],
    );
    await this.aws('lambda', 'wait', 'function-active-v2', '--function-name', project.name);
  }

  /** Shows the command and what it printed; resolves with the latter. */
  async aws(...args: string[]): Promise<string> {
    const stdout = await this.quietAws(...args);
    for (const line of stdout.split('\n')) if (line !== '') say(`  ${line}`);
    return stdout;
  }

  /** Shows the command only. */
  async quietAws(...args: string[]): Promise<string> {
    say(`$ aws ${args.map(quoted).join(' ')}`);
    const { exitCode, stdout, stderr } = await runAws(this.platform.origin, args);
    if (exitCode !== 0) throw new Error(`aws ended with ${exitCode}: ${stderr}`);
    return stdout;
  }

  /** What a function has logged so far; nothing is shown. */
  async logText(functionName: string): Promise<string> {
    const args = ['logs', 'tail', `/aws/lambda/${functionName}`, '--since', '3d', '--format', 'short'];
    const { stdout } = await runAws(this.platform.origin, args);
    return stdout;
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
