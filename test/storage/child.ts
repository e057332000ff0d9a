import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A module of this folder run in a process of its own, killed with the test. */
export function startChild(test: TestContext, module: string, args: readonly string[]) {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    process: child,
    /** Undefined at the end of its output. */
    async nextLine(): Promise<string | undefined> {
      const { value, done } = await lines.next();
      return done ? undefined : value;
    },
  };
}
