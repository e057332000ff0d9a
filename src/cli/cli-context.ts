/** What a command may touch of the process it runs in; tests hand in their own. */
import type { CommandContext } from '@stricli/core';
import type { ExitCode } from './exit-codes.ts';

export interface TextOutput {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
  getColorDepth?(env?: Readonly<Partial<Record<string, string>>>): number;
}

export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: TextOutput;
    readonly stderr: TextOutput;
    readonly env: Readonly<Partial<Record<string, string>>>;
    /** Set by a command that ends with something else than success or an error. */
    exitCode?: ExitCode;
  };
  /** Everything on standard input. */
  readInput(): Promise<Buffer>;
  /** Absolute path that relative ones start from. */
  readonly workingDirectory: string;
  /** Milliseconds from an arbitrary origin, never moved. */
  monotonic(): number;
  /**
   * Aborted when the person or the machine asks this process to end. From the first call on the
   * command has to end by itself; before it, a signal ends the process at once.
   */
  interruption(): AbortSignal;
}
