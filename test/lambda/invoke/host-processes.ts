/** What runs on this host for a function, seen from outside of any sandbox. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** Numbers of the processes that the server at `origin` started for the function of this name. */
export async function processesOf(origin: string, functionName: string): Promise<number[]> {
  // Other test files have servers of their own, and functions of the same names.
  // In a network of its own a function has another address for the server, with the same port.
  const endpoint = new RegExp(`(^|\\0)AWS_ENDPOINT_URL=http://[^/\\0]+:${new URL(origin).port}\\0`);
  const name = `AWS_LAMBDA_FUNCTION_NAME=${functionName}\0`;
  const numbers = (await readdir('/proc')).map(Number).filter((number) => number > 0);
  const belongs = await Promise.all(
    numbers.map(async (number) => {
      const variables = await readFile(`/proc/${number}/environ`, 'utf8').catch(() => '');
      return variables.includes(name) && endpoint.test(variables);
    }),
  );
  return numbers.filter((_, index) => belongs[index]);
}

/** Kills them all at one instant, as an operator or the kernel would: none goes on without the others. */
export async function killProcessesOf(origin: string, functionName: string): Promise<void> {
  // One that stands still starts no more; the rest may have, since the last look.
  let stopped: number[] = [];
  for (let found = await processesOf(origin, functionName); found.length > stopped.length; ) {
    for (const number of found) signal(number, 'SIGSTOP');
    stopped = found;
    found = await processesOf(origin, functionName);
  }
  for (const number of stopped) signal(number, 'SIGKILL');
}

function signal(processNumber: number, name: NodeJS.Signals): void {
  try {
    process.kill(processNumber, name);
  } catch {
    // It has ended already.
  }
}
