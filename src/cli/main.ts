/** The process behind `selfsame`: hands its streams, signals and time to the command line. */
import { constants } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { runCommandLine } from './application.ts';
import type { CliContext } from './cli-context.ts';

const interruption = new AbortController();
let waitsForInterruption = false;

function interrupt(signal: NodeJS.Signals): void {
  if (interruption.signal.aborted) process.exit(128 + constants.signals[signal]);
  interruption.abort();
}

const context: CliContext = {
  process: { stdout: process.stdout, stderr: process.stderr, env: process.env },
  readInput: () => buffer(process.stdin),
  workingDirectory: process.cwd(),
  monotonic: () => performance.now(),
  interruption() {
    if (!waitsForInterruption) {
      waitsForInterruption = true;
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, interrupt);
      // The launcher's end of the channel closes when it dies, however it dies.
      process.on('disconnect', () => interruption.abort());
      process.channel?.unref();
    }
    return interruption.signal;
  },
};

// Whoever reads our output may stop reading: `selfsame logs NAME | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), context);
