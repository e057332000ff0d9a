/** Runs command lines in this process, with streams that remember. */

import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { runCommandLine } from '../../src/cli/application.ts';
import type { CliContext, TextOutput } from '../../src/cli/cli-context.ts';

/** A command that prints nothing for so long prints nothing more. Milliseconds. */
const HANGS_MS = 30_000;

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly input?: string | Uint8Array;
  /** Both outputs are a terminal with colours. */
  readonly terminal?: boolean;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when the command has ended. One that would go on, as a server does, is interrupted at once. */
export async function selfsame(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  return new RunningCommand(args, surroundings).interrupt();
}

/** A command that goes on until it is interrupted. */
export class RunningCommand {
  readonly ended: Promise<Ended>;
  private readonly stdout = new Recorder();
  private readonly stderr = new Recorder();
  private readonly interruption = new AbortController();

  constructor(args: readonly string[], surroundings: Surroundings = {}) {
    const { env = {}, workingDirectory = tmpdir(), input = '', terminal = false } = surroundings;
    const context: CliContext = {
      process: { stdout: this.stdout.as(terminal), stderr: this.stderr.as(terminal), env },
      readInput: async () => Buffer.from(input as Uint8Array),
      workingDirectory,
      monotonic: () => performance.now(),
      interruption: () => this.interruption.signal,
    };
    this.ended = runCommandLine(args, context).then((exitCode) => ({
      exitCode,
      stdout: this.stdout.text,
      stderr: this.stderr.text,
    }));
  }

  /** As Ctrl-C does. */
  interrupt(): Promise<Ended> {
    this.interruption.abort();
    return this.ended;
  }

  /** Resolves with the match once standard output has it. Rejects when the command ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.waitFor(this.stdout, pattern);
  }

  /** The same for standard error. */
  warned(pattern: RegExp): Promise<RegExpExecArray> {
    return this.waitFor(this.stderr, pattern);
  }

  private async waitFor(recorder: Recorder, pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(recorder.text);
      if (found !== null) return found;
      const end = await Promise.race([this.more(recorder), this.ended]);
      if (end !== undefined && !pattern.test(recorder.text))
        throw new Error(`ended with ${end.exitCode} and without ${pattern}: ${end.stdout}${end.stderr}`);
    }
  }

  /** What never comes ends the command, so that the test fails and does not hang. */
  private async more(recorder: Recorder): Promise<undefined> {
    await once(recorder, 'data', { signal: AbortSignal.timeout(HANGS_MS) }).catch(() => this.interrupt());
  }
}

class Recorder extends PassThrough {
  text = '';

  as(terminal: boolean): TextOutput {
    return {
      write: (text) => {
        this.text += text;
        this.write(text);
      },
      ...(terminal ? { isTTY: true, columns: 80, getColorDepth: () => 8 } : {}),
    };
  }
}
