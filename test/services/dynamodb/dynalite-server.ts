import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { freePort } from '../../kit/free-port.ts';

/** Starts dynalite, a DynamoDB whose tests have been run against AWS, for the time of a test. */
export async function dynaliteOrigin(context: TestContext): Promise<string> {
  const port = await freePort();
  const command = createRequire(import.meta.url).resolve('dynalite/cli.js');
  const flags = ['--port', String(port), '--host', '127.0.0.1', '--createTableMs', '0'];
  const child = spawn(process.execPath, [command, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await once(createInterface(child.stdout), 'line');
  return `http://127.0.0.1:${port}`;
}
