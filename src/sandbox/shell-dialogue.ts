/**
 * A shell that lives on and answers each question with one line, in order. To fork a server of 100 MB holds its loop up
 * for 4 ms (measured: libuv forks, and the kernel copies the page tables); what such a shell forks costs a tenth of that.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { PlatformError } from '../core/errors.ts';

export class ShellDialogue {
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly waiting: PromiseWithResolvers<string>[] = [];
  private readonly received: string[] = [];
  private readonly ended: Promise<unknown>;
  private problem: PlatformError | undefined;

  /** `failing`: what cannot be done any more once it has ended, for the operator. */
  constructor(child: ChildProcess, failing: string) {
    this.child = child;
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    // That it has ended is told by its exit.
    child.stdin!.on('error', () => {});
    this.lines = createInterface({ input: child.stdout! });
    this.lines.on('line', (line) => {
      const next = this.waiting.shift();
      if (next === undefined) this.received.push(line);
      else next.resolve(line);
    });
    this.ended = once(child, 'close').then(
      () => this.fail(errors.trim(), failing),
      (error: Error) => this.fail(error.message, failing),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** It answers nothing any more. */
  get isOver(): boolean {
    return this.problem !== undefined;
  }

  line(): Promise<string> {
    const received = this.received.shift();
    if (received !== undefined) return Promise.resolve(received);
    if (this.problem !== undefined) return Promise.reject(this.problem);
    const next = Promise.withResolvers<string>();
    this.waiting.push(next);
    return next.promise;
  }

  /** What is asked may be several lines, as long as one comes back. */
  ask(lines: string): Promise<string> {
    this.child.stdin!.write(`${lines}\n`);
    return this.line();
  }

  async end(): Promise<void> {
    this.child.stdin!.end();
    await this.ended;
  }

  private fail(reason: string, failing: string): void {
    this.problem = new PlatformError(`${failing}: ${reason}`, 'Run `selfsame doctor`.');
    for (const { reject } of this.waiting.splice(0)) reject(this.problem);
  }
}
