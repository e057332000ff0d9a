import type { CliContext } from '../cli-context.ts';

/** Data for a program: one JSON value on a line of standard output. */
export function printJson(context: CliContext, value: unknown): void {
  context.process.stdout.write(`${JSON.stringify(value)}\n`);
}
