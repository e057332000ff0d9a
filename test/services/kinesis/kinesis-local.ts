/** A server of Kinesis that others have made after AWS. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../kit/free-port.ts';

/** For one test; its address, where it answers. */
export async function kinesisLocal(context: TestContext): Promise<string> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const main = createRequire(import.meta.url).resolve('kinesis-local');
  const child = spawn(process.execPath, [main], {
    cwd: dirname(main),
    env: {
      ...process.env,
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      LOG_LEVEL: 'ERROR',
    },
    stdio: 'ignore',
  });
  context.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(`${endpoint}/healthcheck`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) break;
    assert.equal(child.exitCode, null, 'kinesis-local ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return endpoint;
}
