/** What runs on this host for a function, seen from outside of any sandbox. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** Numbers of the processes that were started for the function of this name. */
export async function processesOf(functionName: string): Promise<number[]> {
  const marker = `AWS_LAMBDA_FUNCTION_NAME=${functionName}\0`;
  const numbers = (await readdir('/proc')).map(Number).filter((number) => number > 0);
  const belongs = await Promise.all(
    numbers.map(async (number) => {
      const variables = await readFile(`/proc/${number}/environ`, 'utf8').catch(() => '');
      return variables.includes(marker);
    }),
  );
  return numbers.filter((_, index) => belongs[index]);
}

/** Kills them all, as an operator or the kernel would. */
export async function killProcessesOf(functionName: string): Promise<void> {
  for (const number of await processesOf(functionName)) {
    try {
      process.kill(number, 'SIGKILL');
    } catch {
      // One ended with another.
    }
  }
}
