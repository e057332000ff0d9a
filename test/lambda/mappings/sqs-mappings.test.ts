import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeleteFunctionConcurrencyCommand, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { asynchronous } from '../events/recording-function.ts';
import type { MappedQueue } from './mapped-queue.ts';
import { mappedQueue } from './mapped-queue.ts';

const server = await asynchronous();

/** Messages available, and in flight. */
async function counts({ sqs, queueUrl }: MappedQueue): Promise<number[]> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  return ['', 'NotVisible'].map((kind) =>
    Number(Attributes?.[`ApproximateNumberOfMessages${kind}` as 'All']),
  );
}

test('a function gets messages as AWS hands them out, and they are gone afterwards', async () => {
  const queue = await mappedQueue(server, 'plain');
  const { MessageId } = await queue.sqs.send(
    new SendMessageCommand({
      QueueUrl: queue.queueUrl,
      MessageBody: 'hello',
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'x' },
        bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(1) },
      },
    }),
  );
  await server.platform.clock.advance(0);
  const [record] = await queue.records();
  const { SentTimestamp } = record?.attributes ?? {};
  const { receiptHandle, ...rest } = record as unknown as Record<string, unknown>;
  assert.ok(receiptHandle);
  // Members and their forms as recorded, and as the developer guide's example has them.
  assert.deepEqual(rest, {
    messageId: MessageId,
    body: 'hello',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp,
      SenderId: '000000000000',
      ApproximateFirstReceiveTimestamp: SentTimestamp,
    },
    messageAttributes: {
      text: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
      bytes: { binaryValue: 'AQ==', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
    },
    md5OfMessageAttributes: rest['md5OfMessageAttributes'],
    md5OfBody: '5d41402abc4b2a76b9719d911017c592',
    eventSource: 'aws:sqs',
    eventSourceARN: queue.queueArn,
    awsRegion: 'us-east-1',
  });
  assert.deepEqual(await counts(queue), [0, 0]);
});

test('what a function fails on comes again when it is visible again, and at last is a dead letter', async () => {
  const sqs = await mappedQueue(server, 'dead-for-failing');
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: sqs.queueArn, maxReceiveCount: 2 });
  const queue = await mappedQueue(server, 'failing', { attributes: { RedrivePolicy } });
  await queue.send('fail');
  assert.deepEqual([(await queue.batches()).length, await counts(queue)], [1, [0, 1]]);
  await server.platform.clock.advance(30_000);
  const receives = (await queue.records()).map(({ attributes }) => attributes['ApproximateReceiveCount']);
  assert.deepEqual(receives, ['1', '2']);
  await server.platform.clock.advance(30_000);
  assert.deepEqual(await counts(queue), [0, 0]);
  const [dead] = await sqs.records();
  assert.equal(dead?.attributes['DeadLetterQueueSourceArn'], queue.queueArn);
});

test('of a batch only what succeeded is deleted, where failures are reported', async () => {
  const queue = await mappedQueue(server, 'partial', {
    mapping: { FunctionResponseTypes: ['ReportBatchItemFailures'] },
  });
  await queue.send('one', 'item', 'two');
  assert.deepEqual(await counts(queue), [0, 1]);
  await server.platform.clock.advance(30_000);
  assert.deepEqual((await queue.batches()).at(-1), ['item']);
});

test('an answer that names what was not there fails the whole batch, an empty one none', async () => {
  const queue = await mappedQueue(server, 'answers', {
    mapping: { FunctionResponseTypes: ['ReportBatchItemFailures'] },
  });
  for (const [answer, left] of [
    ['{}', 0],
    ['null', 0],
    ['{"batchItemFailures":null}', 0],
    ['{"batchItemFailures":[]}', 0],
    ['{"batchItemFailures":[{"itemIdentifier":"unknown"}]}', 1],
    ['{"batchItemFailures":[{"itemIdentifier":""}]}', 2],
    ['{"batchItemFailures":[{"foo":"notvalid"}]}', 3],
    ['"text"', 4],
  ] as const) {
    await queue.send(`answer:${answer}`);
    assert.deepEqual(await counts(queue), [0, left], answer);
  }
});

test('a window gathers a batch until it is full or over', async () => {
  const queue = await mappedQueue(server, 'window', {
    attributes: { VisibilityTimeout: '600' },
    mapping: { BatchSize: 12, MaximumBatchingWindowInSeconds: 60 },
  });
  await queue.send('1');
  await server.platform.clock.advance(59_000);
  await queue.send('2');
  assert.deepEqual(await queue.batches(), []);
  await server.platform.clock.advance(1000);
  assert.deepEqual(await queue.batches(), [['1', '2']]);
  const many = Array.from({ length: 13 }, (_, index) => `m${index}`);
  await queue.send(...many);
  assert.deepEqual((await queue.batches()).slice(1), [many.slice(0, 12)]);
  await server.platform.clock.advance(60_000);
  assert.deepEqual((await queue.batches()).slice(2), [['m12']]);
});

test('messages that no filter lets through are deleted unseen', async () => {
  const Filters = [
    { Pattern: '{"body":{"kind":["a"]}}' },
    { Pattern: '{"body":{"size":[{"numeric":[">",10]}]}}' },
  ];
  const queue = await mappedQueue(server, 'filtered', { mapping: { FilterCriteria: { Filters } } });
  await queue.send('{"kind":"a"}', '{"kind":"b"}', '{"size":11}', 'plain');
  assert.deepEqual(await queue.batches(), [['{"kind":"a"}', '{"size":11}']]);
  assert.deepEqual(await counts(queue), [0, 0]);
  const [record] = await queue.records();
  // Recorded for mappings with filters.
  assert.equal((record as unknown as Record<string, unknown>)['md5OfMessageAttributes'], null);
});

test('a failing message holds up its own group alone', async () => {
  const queue = await mappedQueue(server, 'order.fifo', { mapping: { BatchSize: 1 } });
  await queue.send('a1', 'a-fail', 'a2', 'b1', 'b2');
  const seen = async (group: string) =>
    (await queue.batches()).flat().filter((body) => body.startsWith(group));
  assert.deepEqual(await seen('b'), ['b1', 'b2']);
  assert.deepEqual(await seen('a'), ['a1', 'a-fail']);
  await server.platform.clock.advance(30_000);
  assert.deepEqual(await seen('a'), ['a1', 'a-fail', 'a-fail']);
});

test('throttled, a mapping rests, and goes on when the function may run', async () => {
  const queue = await mappedQueue(server, 'throttled');
  const FunctionName = 'throttled';
  await server.lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
  );
  await queue.send('one');
  assert.deepEqual([await queue.batches(), await counts(queue)], [[], [0, 1]]);
  await server.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  await server.platform.clock.advance(30_000);
  assert.deepEqual(await queue.batches(), [['one']]);
});

test('batches run side by side, as many as the mapping may have', async () => {
  // Each waits for a companion: one after the other they would never end.
  const code = `
    const { appendFileSync, readFileSync } = require('node:fs');
    const lines = (kind) => readFileSync(process.env.RUNS, 'utf8').split('\\n').filter((line) => line.includes(kind)).length;
    exports.handler = async (event) => {
      appendFileSync(process.env.RUNS, JSON.stringify({ event, begin: 1 }) + '\\n');
      const own = lines('begin');
      const atWork = own - lines('finish');
      while (lines('begin') < 4) await new Promise((resolve) => setTimeout(resolve, 5));
      appendFileSync(process.env.RUNS, JSON.stringify({ event, finish: atWork }) + '\\n');
    };`;
  const queue = await mappedQueue(server, 'parallel', {
    code,
    attributes: { VisibilityTimeout: '60' },
    mapping: { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 4 } },
  });
  await queue.send(...Array.from({ length: 12 }, (_, index) => `${index}`));
  const finished = (await server.runs('parallel')).flatMap((run) => {
    const { finish } = run as unknown as { finish?: number };
    return finish === undefined ? [] : [finish];
  });
  assert.equal(finished.length, 12);
  assert.ok(Math.max(...finished) <= 4, `never more than four at work: ${finished.join()}`);
  assert.deepEqual(await counts(queue), [0, 0]);
});

test('events of more than six megabytes are divided', async () => {
  const queue = await mappedQueue(server, 'large', {
    mapping: { BatchSize: 8, MaximumBatchingWindowInSeconds: 1 },
    code: `
      const { appendFileSync } = require('node:fs');
      exports.handler = async ({ Records }) => {
        const event = { Records: Records.map(({ body }) => ({ body: body.slice(0, 1) })) };
        appendFileSync(process.env.RUNS, JSON.stringify({ event }) + '\\n');
      };`,
  });
  for (let index = 0; index < 8; index += 1) {
    await queue.sqs.send(
      new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: `${index}`.padEnd(1_000_000, '-') }),
    );
  }
  await server.platform.clock.advance(1000);
  assert.deepEqual(await queue.batches(), [
    ['0', '1', '2', '3', '4', '5'],
    ['6', '7'],
  ]);
});

test('a queue that is deleted and made again is polled again', async () => {
  const queue = await mappedQueue(server, 'gone');
  await queue.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.queueUrl }));
  await server.platform.clock.advance(60_000);
  await queue.sqs.send(new CreateQueueCommand({ QueueName: 'gone' }));
  await server.platform.clock.advance(60_000);
  await queue.send('back');
  assert.deepEqual(await queue.batches(), [['back']]);
});
