import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import {
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
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

  constructor(context: TestContext, platform: Platform) {
    this.client = new SQSClient(clientSettings(platform));
    context.after(() => this.client.destroy());
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

describe('records of asynchronous invocations', () => {
  test('of a failed event go to the dead-letter queue as it was, and to the destination with its error', async (context) => {
    const setup = await asynchronous(context);
    const queues = new Queues(context, setup.platform);
    await queues.create('dead', 'failed', 'succeeded');
    const arn = await setup.create('f', { DeadLetterConfig: { TargetArn: queueArn('dead') } });
    const destinations = {
      OnFailure: { Destination: queueArn('failed') },
      OnSuccess: { Destination: queueArn('succeeded') },
    };
    await setup.lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName: 'f', DestinationConfig: destinations }),
    );
    const requestId = await send(setup, 'f', { fail: true });
    await setup.platform.clock.advance('2m');
    assert.deepEqual(await queues.messages('dead'), [], 'not before the last attempt');
    await setup.platform.clock.advance('1m');

    const [dead, ...moreDead] = await queues.messages('dead');
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

    const [failed, ...moreFailed] = await queues.messages('failed');
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
    assert.deepEqual(await queues.messages('succeeded'), []);
    assert.equal(await metricOf(setup.platform, 'AsyncEventsDropped', 'f'), 1);
  });

  test('of a success go to a function, which gets the record as its event', async (context) => {
    const setup = await asynchronous(context);
    const arn = await setup.create('f');
    const next = await setup.create('next');
    const config = { FunctionName: 'f', DestinationConfig: { OnSuccess: { Destination: next } } };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    const requestId = await send(setup, 'f', { name: 'one' });
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
    assert.equal(await metricOf(setup.platform, 'AsyncEventsDropped', 'f'), 0);
  });

  test('of a function that may not run at all go away at once, without an attempt', async (context) => {
    const setup = await asynchronous(context);
    const queues = new Queues(context, setup.platform);
    await queues.create('failed');
    await setup.create('f');
    const config = {
      FunctionName: 'f',
      DestinationConfig: { OnFailure: { Destination: queueArn('failed') } },
    };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await setup.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: 0 }),
    );
    await send(setup, 'f', {});
    await setup.platform.clock.advance(0);
    const [failed] = await queues.messages('failed');
    // Recorded from AWS, with no response in it.
    const { requestContext, responseContext } = JSON.parse(failed!.Body!);
    assert.equal(requestContext.condition, 'ZeroReservedConcurrency');
    assert.equal(requestContext.approximateInvokeCount, 0);
    assert.equal(responseContext, undefined);
    assert.deepEqual(await setup.runs('f'), []);
  });

  test('wait for a queue that is not there, and each failure is counted', async (context) => {
    const setup = await asynchronous(context);
    const queues = new Queues(context, setup.platform);
    await setup.create('f', { DeadLetterConfig: { TargetArn: queueArn('dead') } });
    const destination = { OnFailure: { Destination: queueArn('failed') } };
    const config = { FunctionName: 'f', MaximumRetryAttempts: 0, DestinationConfig: destination };
    await setup.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    await send(setup, 'f', { fail: true });
    // Tried at once, and after 1, 2 and 4 seconds.
    await setup.platform.clock.advance('7s');
    assert.equal(await metricOf(setup.platform, 'DestinationDeliveryFailures', 'f'), 4);
    assert.equal(await metricOf(setup.platform, 'DeadLetterErrors', 'f'), 4);
    await queues.create('dead', 'failed');
    await setup.platform.clock.advance('6h');
    assert.equal((await queues.messages('dead')).length, 1);
    assert.equal((await queues.messages('failed')).length, 1);
    assert.equal((await setup.runs('f')).length, 1, 'the function does not run again for it');
    assert.equal(await metricOf(setup.platform, 'DestinationDeliveryFailures', 'f'), 4);
  });
});
