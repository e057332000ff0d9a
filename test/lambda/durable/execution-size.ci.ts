/** How large an execution may grow. Source: Lambda quotas, "Durable functions". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ExecutionDraft } from '../../../src/lambda/durable/execution-draft.ts';
import { countUpdates } from '../../../src/lambda/durable/execution-size.ts';
import { newExecution } from '../../../src/lambda/durable/new-execution.ts';
import { randomIds } from '../../../src/platform/random-ids.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';
import { zipOf } from '../../kit/zip.ts';

/** Tells of what its checkpoints are answered, by whom the SDK would be told. */
const BEGINS_OPERATIONS = `
  const { LambdaClient, CheckpointDurableExecutionCommand } = require('@aws-sdk/client-lambda');
  exports.handler = async ({ DurableExecutionArn, CheckpointToken }) => {
    const client = new LambdaClient({ maxAttempts: 1 });
    let token = CheckpointToken;
    let next = 0;
    const begin = async (count) => {
      const Updates = Array.from({ length: count }, () => ({ Id: 's' + next++, Type: 'STEP', Action: 'START' }));
      const input = { DurableExecutionArn, CheckpointToken: token, Updates };
      token = (await client.send(new CheckpointDurableExecutionCommand(input))).CheckpointToken;
    };
    await begin(2999);
    await begin(1);
    const refusal = await begin(1).then(() => 'none', ({ name, message }) => name + ': ' + message);
    return { Status: 'SUCCEEDED', Result: JSON.stringify(refusal) };
  };
`;

test('an execution begins 3,000 operations and no more', async (context) => {
  const platform = await startedPlatform(context);
  const lambda = new LambdaClient(clientSettings(platform));
  context.after(() => lambda.destroy());
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/r',
      Timeout: 30,
      Code: { ZipFile: await zipOf({ 'index.js': BEGINS_OPERATIONS }) },
      DurableConfig: { ExecutionTimeout: 60 },
    }),
  );
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'f:$LATEST', Payload: '{}' }));
  assert.equal(
    JSON.parse(Buffer.from(Payload!).toString()),
    'InvalidParameterValueException: A durable execution can have at most 3000 durable operations.',
  );
});

test('the payloads of an execution have 100 MB together, its input and its errors among them', () => {
  const begun = newExecution(
    {
      record: {
        accountId: '000000000000',
        region: 'us-east-1',
        functionName: 'f',
        version: '1',
        durableConfig: { executionTimeoutSeconds: 60 },
      },
      qualifier: '1',
      name: undefined,
      input: '"ü"',
      traceId: '',
      tenantId: undefined,
    },
    randomIds,
    0,
  );
  assert.equal(begun.payloadBytes, 4);
  const draft = new ExecutionDraft(begun, new Map(), 0);
  const succeed = (Payload: string) => ({ Id: 's', Type: 'STEP', Action: 'SUCCEED', Payload }) as const;
  const fail = { Id: 's', Type: 'STEP', Action: 'FAIL', Error: { ErrorType: 'E' } } as const;
  countUpdates(draft, [succeed('12345'), fail]);
  const counted = 4 + 5 + '{"ErrorType":"E"}'.length;
  assert.equal(draft.execution.payloadBytes, counted);
  const most = 100 * 1024 * 1024;
  draft.set({ payloadBytes: most - 5 });
  countUpdates(draft, [succeed('12345')]);
  assert.throws(() => countUpdates(draft, [succeed('1')]), { code: 'InvalidParameterValueException' });
});
