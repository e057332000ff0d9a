import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  CancelMessageMoveTaskCommand,
  DeleteQueueCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { arnOf, SqsTester } from './sqs-client.ts';

/** A dead-letter queue with so many messages that came from `source`. */
async function deadLetters(context: TestContext, count: number) {
  const sqs = await SqsTester.start(context);
  const dead = await sqs.queue('dead');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf(dead), maxReceiveCount: 1 });
  const source = await sqs.queue('source', { RedrivePolicy, VisibilityTimeout: '0' });
  for (let index = 0; index < count; index += 1) await sqs.send(source, `${index}`);
  await sqs.receive(source);
  await sqs.receive(source);
  const start = (more: object = {}) =>
    sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf(dead), ...more }));
  const list = async () =>
    (await sqs.client.send(new ListMessageMoveTasksCommand({ SourceArn: arnOf(dead) }))).Results?.[0];
  return { sqs, dead, source, start, list };
}

test('messages go back to the queue they came from, as new ones', async (context) => {
  const { sqs, dead, source, start, list } = await deadLetters(context, 3);
  assert.deepEqual(await sqs.counts(dead), [3, 0, 0]);
  await start();
  await sqs.platform.clock.advance(0);
  const { StartedTimestamp, ...task } = (await list())!;
  assert.ok(StartedTimestamp);
  // Members as recorded for "move_task_workflow_with_default_destination".
  assert.deepEqual(task, {
    ApproximateNumberOfMessagesMoved: 3,
    ApproximateNumberOfMessagesToMove: 3,
    SourceArn: arnOf(dead),
    Status: 'COMPLETED',
  });
  assert.deepEqual(await sqs.counts(dead), [0, 0, 0]);
  const messages = await sqs.receive(source);
  assert.deepEqual(
    messages.map(({ Body, Attributes }) => [Body, Attributes?.['ApproximateReceiveCount']]),
    [
      ['0', '1'],
      ['1', '1'],
      ['2', '1'],
    ],
  );
  assert.equal(messages[0]?.Attributes?.['DeadLetterQueueSourceArn'], undefined);
});

test('a task keeps its rate by the clock, and is cancelled', async (context) => {
  const { sqs, dead, start, list } = await deadLetters(context, 5);
  const other = await sqs.queue('other');
  const { TaskHandle } = await start({ DestinationArn: arnOf(other), MaxNumberOfMessagesPerSecond: 1 });
  await sqs.platform.clock.advance(1000);
  assert.deepEqual(await sqs.counts(other), [2, 0, 0]);
  const running = await list();
  assert.deepEqual([running?.Status, running?.TaskHandle], ['RUNNING', TaskHandle]);
  await assert.rejects(start(), {
    message:
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
  });
  const cancelled = await sqs.client.send(new CancelMessageMoveTaskCommand({ TaskHandle: TaskHandle! }));
  assert.equal(cancelled.ApproximateNumberOfMessagesMoved, 2);
  await sqs.platform.clock.advance(5000);
  assert.equal((await list())?.Status, 'CANCELLED');
  assert.deepEqual(
    [await sqs.counts(other), await sqs.counts(dead)],
    [
      [2, 0, 0],
      [3, 0, 0],
    ],
  );
});

test('a task fails when its destination goes away, and nothing is lost', async (context) => {
  const { sqs, dead, start, list } = await deadLetters(context, 3);
  const other = await sqs.queue('other');
  await start({ DestinationArn: arnOf(other), MaxNumberOfMessagesPerSecond: 1 });
  await sqs.platform.clock.advance(0);
  await sqs.client.send(new DeleteQueueCommand({ QueueUrl: other }));
  await sqs.platform.clock.advance(1000);
  const task = await list();
  assert.deepEqual(
    [task?.Status, task?.FailureReason],
    ['FAILED', 'AWS.SimpleQueueService.NonExistentQueue'],
  );
  assert.deepEqual(await sqs.counts(dead), [2, 0, 0]);
});

test('only from a dead-letter queue that exists, to a queue that exists', async (context) => {
  const sqs = await SqsTester.start(context);
  const url = await sqs.queue('q');
  const start = (SourceArn: string) => sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn }));
  await assert.rejects(start(arnOf(url)), {
    name: 'InvalidParameterValue',
    message: 'Source queue must be configured as a Dead Letter Queue.',
  });
  await assert.rejects(start(arnOf('/nothing')), {
    name: 'ResourceNotFoundException',
    message: "The resource that you specified for the SourceArn parameter doesn't exist.",
  });
});
