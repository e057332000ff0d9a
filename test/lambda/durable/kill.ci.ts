/** Durable executions go on where they were, however often the server is killed; no checkpointed step runs again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  InvokeCommand,
} from '@aws-sdk/client-lambda';
import { SeededRandom } from '../../faults/seeded-random.ts';
import { scratchDirectory } from '../../storage/scratch.ts';
import { killableServer } from '../control/killable-server.ts';
import { createDurable } from './durable-functions.ts';

const EXECUTIONS = 8;
const KILLS = 12;
/** The server lives for up to so many milliseconds between two kills. */
const MAX_LIFE_MS = 1_500;

async function advance(lambda: LambdaClient, seconds: number): Promise<void> {
  const { protocol, hostname, port } = await lambda.config.endpoint!();
  await fetch(`${protocol}//${hostname}:${port}/_selfsame/clock`, {
    method: 'POST',
    body: JSON.stringify({ advanceSeconds: seconds }),
  }).catch(() => undefined);
}

test('executions survive a server that is killed again and again', async (context) => {
  const random = new SeededRandom();
  console.log(`seed ${random.seed}; repeat with SELFSAME_SEED=${random.seed}`);
  const dataDir = await scratchDirectory(context);
  let server = await killableServer(context, dataDir);
  await createDurable(
    server.lambda,
    'long',
    `const seen = [];
     for (let index = 0; index < 6; index += 1) {
       seen.push(await context.step('step-' + index, async () => event.n + ':' + index + ':' + Math.random()));
       await context.wait({ seconds: 60 });
     }
     return seen;`,
  );
  const arns: string[] = [];
  for (let n = 0; n < EXECUTIONS; n += 1) {
    const { DurableExecutionArn } = await server.lambda.send(
      new InvokeCommand({
        FunctionName: 'long:$LATEST',
        InvocationType: 'Event',
        Payload: JSON.stringify({ n }),
      }),
    );
    arns.push(DurableExecutionArn!);
  }
  for (let kills = 0; kills < KILLS; kills += 1) {
    const { lambda } = server;
    const moving = advance(lambda, 60);
    await new Promise((resolve) => setTimeout(resolve, random.next() * MAX_LIFE_MS));
    await server.kill();
    await moving;
    server = await killableServer(context, dataDir);
  }
  const { lambda } = server;
  for (const [n, DurableExecutionArn] of arns.entries()) {
    for (;;) {
      const { Status, Result } = await lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
      if (Status === 'RUNNING') {
        await advance(lambda, 60);
        continue;
      }
      assert.equal(Status, 'SUCCEEDED');
      const results = JSON.parse(Result!) as string[];
      assert.deepEqual(
        results.map((result) => result.split(':').slice(0, 2).join(':')),
        [0, 1, 2, 3, 4, 5].map((index) => `${n}:${index}`),
      );
      const { Events } = await lambda.send(
        new GetDurableExecutionHistoryCommand({ DurableExecutionArn, MaxItems: 1_000 }),
      );
      // Each step has been checkpointed once, with the very result that the function went on with.
      const steps = Events!.flatMap(({ StepSucceededDetails: step }) => step?.Result?.Payload ?? []);
      assert.deepEqual(
        steps.map((text) => JSON.parse(text) as string),
        results,
      );
      break;
    }
  }
});
