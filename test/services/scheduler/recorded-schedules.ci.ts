/** Every expression that was recorded of AWS, accepted or refused in its words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { recordedJson } from '../../kit/recorded.ts';
import { clientSettings, startedPlatform } from '../../kit/started-platform.ts';

interface RecordedError {
  readonly Error?: { readonly Code: string; readonly Message: string };
}

const CASES = recordedJson<Record<string, Record<string, RecordedError>>>('scheduler', 'scheduler.json');

test('schedule expressions are accepted and refused as AWS was recorded to', async (context) => {
  const client = new SchedulerClient(clientSettings(await startedPlatform(context)));
  context.after(() => client.destroy());
  let compared = 0;
  for (const [name, answers] of Object.entries(CASES)) {
    const [, ScheduleExpression] = /\[(.*)\]$/.exec(name) ?? [];
    if (ScheduleExpression === undefined) continue;
    const [answer] = Object.values(answers);
    const request = client.send(
      new CreateScheduleCommand({
        Name: `s${compared}`,
        ScheduleExpression,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:sqs:us-east-1:000000000000:q',
          RoleArn: 'arn:aws:iam::000000000000:role/r',
        },
      }),
    );
    const expected = answer!.Error;
    if (expected === undefined) assert.ok((await request).ScheduleArn, name);
    else await assert.rejects(request, { name: expected.Code, message: expected.Message }, name);
    compared += 1;
  }
  assert.ok(compared >= 23, `${compared} recorded expressions`);
});
