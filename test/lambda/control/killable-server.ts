/** A server in a process of its own, which a test kills. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { IsolationLevel } from '../../../src/ports/environment.ts';
import { TEST_CREDENTIALS, TEST_REGION } from '../../kit/started-platform.ts';
import { startChild } from '../../storage/child.ts';

export interface KillableServer {
  readonly lambda: LambdaClient;
  /** With SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** `python` is the program or link that python3.12 is had from; `isolation` is *process* unless another level is named. */
export async function killableServer(
  context: TestContext,
  dataDir: string,
  python = '/usr/bin/python3',
  isolation: IsolationLevel = 'process',
): Promise<KillableServer> {
  const child = startChild(context, '../lambda/control/serving-child.ts', [dataDir, python, isolation]);
  const endpoint = await child.nextLine();
  assert.ok(endpoint !== undefined, 'the server starts');
  const lambda = new LambdaClient({
    endpoint,
    region: TEST_REGION,
    credentials: TEST_CREDENTIALS,
    maxAttempts: 1,
  });
  return {
    lambda,
    async kill() {
      const exited = once(child.process, 'exit');
      child.process.kill('SIGKILL');
      await exited;
      lambda.destroy();
    },
  };
}
