import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Message } from '@aws-sdk/client-sqs';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Platform } from '../../../src/index.ts';
import { clientSettings } from '../../kit/started-platform.ts';
import { metricOf } from './metric-totals.ts';
import type { Asynchronous } from './recording-function.ts';
import { asynchronous } from './recording-function.ts';

const ACCOUNT = '000000000000';
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;

class Queues {
  private readonly client: SQSClient;
  private readonly urls = new Map<string, string>();

  constructor(platform: Platform) {
    this.client = new SQSClient(clientSettings(platform));
    after(() => this.client.destroy());
  }

  async create(...names: string[]): Promise<void> {
    for (const QueueName of names) {
      const { QueueUrl } = await this.client.send(new CreateQueueCommand({ QueueName }));
      this.urls.set(QueueName, QueueUrl!);
    }
  }

  async messages(name: string): Promise<Message[]> {
    const { Messages = [] } = await this.client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.urls.get(name)!,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }
}

/** Resolves with the request id. */
async function send({ lambda }: Asynchronous, FunctionName: string, payload: object): Promise<string> {
  const { $metadata } = await lambda.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }),
  );
  return $metadata.requestId!;
}

const setup = await asynchronous();
const queues = new Queues(setup.platform);

describe('records of asynchronous invocations', () => {
  test('of a failed event go to the dead-letter queue as it was, and to the destination with its error', async () => {
    await queues.create('dead-1', 'failed-1', 'succeeded-1');
    const arn = await setup.create('failing', { DeadLetterConfig: { TargetArn: queueArn('dead-1') } });
    const destinations = {
      OnFailure: { Destination: queueArn('failed-1') },
      OnSuccess: { Destination: queueArn('succeeded-1') },
    };
    await setup.lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName: 'failing', DestinationConfig: destinations }),
    );
    const requestId = await send(setup, 'failing', { fail: true });
    await setup.platform.clock.advance('2m');
    assert.deepEqual(await queues.messages('dead-1'), [], 'not before the last attempt');
    await setup.platform.clock.advance('1m');

    const [dead, ...moreDead] = await queues.messages('dead-1');
    assert.deepEqual(moreDead, []);
    assert.equal(dead!.Body, '{"fail":true}');
    // Recorded: the code is a number.
    assert.deepEqual(
      Object.entries(dead!.MessageAttributes!)
        .map(([name, { DataType, StringValue }]) => [name, DataType, StringValue])
        .sort(),
      [
        ['ErrorCode', 'Number', '200'],
        ['ErrorMessage', 'String', 'as the event says'],
        ['RequestID', 'String', requestId],
      ],
    );
    assert.match(dead!.Attributes!.AWSTraceHeader!, /^Root=1-/);

    const [failed, ...moreFailed] = await queues.messages('failed-1');
    assert.deepEqual(moreFailed, []);
    const { timestamp, responsePayload, ...record } = JSON.parse(failed!.Body!);
    assert.deepEqual(record, {
      version: '1.0',
      requestContext: {
        requestId,
        functionArn: `${arn}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 3,
      },
      requestPayload: { fail: true },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    });
    assert.equal(responsePayload.errorType, 'TypeError');
    assert.equal(responsePayload.errorMessage, 'as the event says');
    assert.equal(new Date(timestamp).toISOString(), timestamp);
    assert.deepEqual(await queues.messages('succeeded-1'), []);
    assert.equal(await metricOf(setup.platform, 'AsyncEventsDropped', 'failing'), 1);
  });

  test('of a success go to a function, which gets the record as its event', async () => {
    const arn = await setup.create('chained');
    const next = await setup.create('next');
    const config = { FunctionName: 'chained', DestinationConfig: { OnSuccess: { Destination: next } } };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    const requestId = await send(setup, 'chained', { name: 'one' });
    await setup.platform.clock.advance(0);
    const [run, ...more] = await setup.runs('next');
    assert.deepEqual(more, []);
    const { timestamp: _, ...record } = run!.event as Record<string, unknown>;
    assert.deepEqual(record, {
      version: '1.0',
      requestContext: {
        requestId,
        functionArn: `${arn}:$LATEST`,
        condition: 'Success',
        approximateInvokeCount: 1,
      },
      requestPayload: { name: 'one' },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: { seen: 'one' },
    });
    assert.notEqual(run!.requestId, requestId);
    assert.equal(await metricOf(setup.platform, 'AsyncEventsDropped', 'chained'), 0);
  });

  test('of a function that may not run at all go away at once, without an attempt', async () => {
    await queues.create('failed-2');
    await setup.create('stopped');
    const config = {
      FunctionName: 'stopped',
      DestinationConfig: { OnFailure: { Destination: queueArn('failed-2') } },
    };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await setup.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'stopped', ReservedConcurrentExecutions: 0 }),
    );
    await send(setup, 'stopped', {});
    await setup.platform.clock.advance(0);
    const [failed] = await queues.messages('failed-2');
    // Recorded from AWS, with no response in it.
    const { requestContext, responseContext } = JSON.parse(failed!.Body!);
    assert.equal(requestContext.condition, 'ZeroReservedConcurrency');
    assert.equal(requestContext.approximateInvokeCount, 0);
    assert.equal(responseContext, undefined);
    assert.deepEqual(await setup.runs('stopped'), []);
  });

  test('of a failure go to a bucket as objects, by function, day and time', async (context) => {
    const { lambda, platform, create } = setup;
    const s3 = new S3Client({ ...clientSettings(platform), forcePathStyle: true });
    context.after(() => s3.destroy());
    await s3.send(new CreateBucketCommand({ Bucket: 'failed' }));
    await create('kept');
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'kept',
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failed' } },
      }),
    );
    const requestId = await send(setup, 'kept', { fail: true });
    await platform.clock.advance(0);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'failed' }));
    assert.equal(Contents.length, 1);
    const Key = Contents[0]!.Key!;
    assert.match(
      Key,
      /^aws\/lambda\/async\/kept\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$/,
    );
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'failed', Key }));
    const record = JSON.parse(await Body!.transformToString()) as Record<string, Record<string, unknown>>;
    assert.deepEqual(record['requestPayload'], { fail: true });
    const { requestId: recorded, condition } = record['requestContext']!;
    assert.deepEqual([recorded, condition], [requestId, 'RetriesExhausted']);
    assert.equal(await metricOf(platform, 'DestinationDeliveryFailures', 'kept'), 0);
  });

  test('wait for a queue that is not there, and each failure is counted', async () => {
    await setup.create('waiting', { DeadLetterConfig: { TargetArn: queueArn('dead-3') } });
    const destination = { OnFailure: { Destination: queueArn('failed-3') } };
    const config = { FunctionName: 'waiting', MaximumRetryAttempts: 0, DestinationConfig: destination };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await send(setup, 'waiting', { fail: true });
    // Tried at once, and after 1, 2 and 4 seconds.
    await setup.platform.clock.advance('7s');
    assert.equal(await metricOf(setup.platform, 'DestinationDeliveryFailures', 'waiting'), 4);
    assert.equal(await metricOf(setup.platform, 'DeadLetterErrors', 'waiting'), 4);
    await queues.create('dead-3', 'failed-3');
    await setup.platform.clock.advance('6h');
    assert.equal((await queues.messages('dead-3')).length, 1);
    assert.equal((await queues.messages('failed-3')).length, 1);
    assert.equal((await setup.runs('waiting')).length, 1, 'the function does not run again for it');
    assert.equal(await metricOf(setup.platform, 'DestinationDeliveryFailures', 'waiting'), 4);
  });
});
