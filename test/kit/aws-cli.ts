/** AWS CLI v2 against a server that a test started. */
import type { Platform } from '../../src/index.ts';
import type { CliResult } from '../../tools/aws-cli/aws-cli.ts';
import * as cli from '../../tools/aws-cli/aws-cli.ts';

export type { CliResult } from '../../tools/aws-cli/aws-cli.ts';
export { awsCli } from '../../tools/aws-cli/aws-cli.ts';

export function awsCliEnvironment(platform: Platform): NodeJS.ProcessEnv {
  return cli.awsCliEnvironment(platform.origin);
}

/** Runs `aws …` against the server; resolves with whatever the exit code. */
export function aws(platform: Platform, ...args: string[]): Promise<CliResult> {
  return cli.runAws(platform.origin, args);
}

/** Runs `aws …`, expects success and parses its JSON; undefined when it printed nothing. */
export async function awsJson<T = Record<string, unknown>>(
  platform: Platform,
  ...args: string[]
): Promise<T> {
  const { exitCode, stdout, stderr } = await aws(platform, ...args, '--output', 'json');
  if (exitCode !== 0) throw new Error(`aws ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T;
}
