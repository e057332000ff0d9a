/** A server that is killed at random while schedules are due: each due time reaches its target, and none is made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { killedService } from '../../faults/killed-service.ts';
import { TEST_REGION } from '../../kit/started-platform.ts';

const KILLS = 12;
/** The server lives that long at most, once something has been due, milliseconds. */
const LONGEST_LIFE_MS = 400;
const SCHEDULES = 5;
/** How far the clock is moved in each life: as many due times as seconds of a schedule each minute. */
const ADVANCED_SECONDS = 600;
const MINUTE_MS = 60_000;

test(`each due time is met at least once after ${KILLS} kills`, async (context) => {
  const { server, random, settings } = await killedService(context);
  const [scheduler, sqs] = [new SchedulerClient(settings), new SQSClient(settings)];
  context.after(() => {
    scheduler.destroy();
    sqs.destroy();
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'due' }));
  for (let index = 0; index < SCHEDULES; index += 1)
    await scheduler.send(
      new CreateScheduleCommand({
        Name: `s${index}`,
        ScheduleExpression: 'cron(* * * * ? *)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: `arn:aws:sqs:${TEST_REGION}:000000000000:due`,
          RoleArn: 'arn:aws:iam::000000000000:role/r',
          Input: `${index} <aws.scheduler.scheduled-time>`,
        },
      }),
    );

  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await sentCount(sqs, QueueUrl!);
    const advancing = server.advance(ADVANCED_SECONDS).catch(() => undefined);
    while ((await sentCount(sqs, QueueUrl!)) <= before);
    await new Promise((resolve) => setTimeout(resolve, random.next() * LONGEST_LIFE_MS));
    await server.kill();
    await server.start();
    await advancing;
  }
  // Whoever hears this answer has waited for what is due by then.
  await server.advance(1);

  const received = await drained(sqs, QueueUrl!);
  let due = 0;
  for (let index = 0; index < SCHEDULES; index += 1) {
    const times = received
      .filter((text) => text.startsWith(`${index} `))
      .map((text) => Date.parse(text.slice(2)));
    const met = [...new Set(times)].sort((a, b) => a - b);
    assert.ok(
      met.every((ms) => ms % MINUTE_MS === 0),
      'only due times',
    );
    for (let place = 1; place < met.length; place += 1)
      assert.equal(
        met[place]! - met[place - 1]!,
        MINUTE_MS,
        `schedule ${index} missed what is due after ${met[place - 1]}`,
      );
    due += met.length;
  }
  console.log(`${due} due times, ${received.length} invocations`);
  assert.ok(due > KILLS * SCHEDULES, 'schedules were due while the server was killed');
  assert.ok(received.length <= due + KILLS * SCHEDULES, 'a kill repeats only what was under way');
});

async function sentCount(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages'] as const;
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] });
  return Number((await sqs.send(command)).Attributes!['ApproximateNumberOfMessages']);
}

async function drained(sqs: SQSClient, QueueUrl: string): Promise<string[]> {
  const received: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return received;
    for (const { Body, ReceiptHandle } of Messages) {
      received.push(Body!);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
    }
  }
}
