/** Runs `ip` and `nft`, many commands a process: a process costs more than what it is asked to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PlatformError } from '../../core/errors.ts';

/** Commands of `ip`, one a line without the leading `ip`. Rejects with `PlatformError` at the first that fails. */
export function ip(lines: readonly string[], options: readonly string[] = []): Promise<void> {
  return feed('ip', [...options, '-batch', '-'], `${lines.join('\n')}\n`);
}

/** A ruleset, applied as a whole or not at all. */
export function nft(ruleset: string): Promise<void> {
  return feed('nft', ['-f', '-'], ruleset);
}

/** What `ip -json` or `nft --json` tells. */
export async function ask(program: 'ip' | 'nft', args: readonly string[]): Promise<unknown> {
  return JSON.parse((await run(program, args, '')) || '[]') as unknown;
}

async function feed(program: string, args: readonly string[], input: string): Promise<void> {
  await run(program, args, input);
}

async function run(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  // It may end before it has read everything; its exit code tells of that.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close').catch((error: Error) => {
    throw failure(program, error.message);
  })) as [number | null];
  if (code !== 0) throw failure(program, Buffer.concat(errors).toString().trim());
  return Buffer.concat(output).toString();
}

function failure(program: string, reason: string): PlatformError {
  return new PlatformError(
    `The network of functions cannot be set up: ${program}: ${reason}`,
    'Run `selfsame doctor`.',
  );
}
