/** Queues behind an endpoint: polled as AWS's pollers do, and sent to. */
import type {
  DeleteMessageBatchCommandOutput,
  GetQueueAttributesCommandOutput,
  GetQueueUrlCommandOutput,
  Message,
  MessageAttributeValue,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import type { Arn } from '../core/arn.ts';
import { formatArn, parseArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { Delivery } from '../ports/delivery.ts';
import type { EventSource, SourceRecord } from '../ports/event-source.ts';
import { messageAttributes } from './message-attributes.ts';
import type { RemoteApi } from './remote-api.ts';

/** AWS's limits of a long poll, in seconds, and of a batch, in messages. */
const LONGEST_WAIT_SECONDS = 20;
const MAX_BATCH = 10;

/** How the error is called in SQS's two protocols. */
const NO_QUEUE = ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'];

const FIFO_SUFFIX = '.fifo';

export class RemoteQueues implements EventSource {
  private readonly api: RemoteApi;
  /** By ARN; a queue's URL stays the same for as long as it lives. */
  private readonly urls = new Map<string, string>();

  constructor(api: RemoteApi) {
    this.api = api;
  }

  async describe(arn: string): ReturnType<EventSource['describe']> {
    const queue = queueOf(arn);
    try {
      // It may have come and gone since its URL was asked for.
      this.urls.delete(arn);
      const { Attributes: attributes } = (await this.call(queue, 'GetQueueAttributes', {
        AttributeNames: ['VisibilityTimeout'],
      })) as GetQueueAttributesCommandOutput;
      const visibilityTimeoutSeconds = Number(attributes?.VisibilityTimeout ?? 0);
      return { isOrdered: queue.resource.endsWith(FIFO_SUFFIX), visibilityTimeoutSeconds };
    } catch (error) {
      if (error instanceof AwsError && NO_QUEUE.includes(error.code)) return undefined;
      throw error;
    }
  }

  /**
   * A poll that is ended while its answer is under way leaves the messages of that to their visibility timeout, after
   * which they come again.
   */
  async pull(
    arn: string,
    { max, signal }: Parameters<EventSource['pull']>[1],
  ): Promise<readonly SourceRecord[]> {
    const queue = queueOf(arn);
    const input: Omit<ReceiveMessageCommandInput, 'QueueUrl'> = {
      MaxNumberOfMessages: Math.min(max, MAX_BATCH),
      WaitTimeSeconds: LONGEST_WAIT_SECONDS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
      // Endpoints that are older than the other name know this one.
      AttributeNames: ['All'],
    };
    try {
      while (!signal.aborted) {
        const { Messages: messages = [] } = (await this.call(
          queue,
          'ReceiveMessage',
          input,
          signal,
        )) as ReceiveMessageCommandOutput;
        if (messages.length > 0) return messages.map((message) => sourceRecord(queue, message));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return [];
  }

  acknowledge(arn: string, handles: readonly string[]): Promise<void> {
    return this.inBatches(arn, 'DeleteMessageBatch', handles, {});
  }

  release(arn: string, handles: readonly string[]): Promise<void> {
    return this.inBatches(arn, 'ChangeMessageVisibilityBatch', handles, { VisibilityTimeout: 0 });
  }

  /** As the seam *deliver* wants it. */
  async receive(queue: Arn, delivery: Delivery): Promise<void> {
    const input: Omit<SendMessageCommandInput, 'QueueUrl'> = {
      MessageBody: delivery.body,
      MessageAttributes: messageAttributes(delivery),
      ...(delivery.traceHeader === undefined
        ? {}
        : {
            MessageSystemAttributes: {
              AWSTraceHeader: { DataType: 'String', StringValue: delivery.traceHeader },
            },
          }),
      MessageGroupId: delivery.messageGroupId,
      MessageDeduplicationId: delivery.messageDeduplicationId,
    };
    await this.call(queue, 'SendMessage', input);
  }

  private async inBatches(
    arn: string,
    operation: string,
    handles: readonly string[],
    settings: object,
  ): Promise<void> {
    const queue = queueOf(arn);
    for (let start = 0; start < handles.length; start += MAX_BATCH) {
      const Entries = handles
        .slice(start, start + MAX_BATCH)
        .map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle, ...settings }));
      const { Failed: failed = [] } = (await this.call(queue, operation, {
        Entries,
      })) as DeleteMessageBatchCommandOutput;
      const [first] = failed;
      if (first !== undefined) throw new AwsError(first.Code ?? 'InternalFailure', first.Message ?? '');
    }
  }

  private async call(queue: Arn, operation: string, input: object, signal?: AbortSignal): Promise<unknown> {
    const arn = formatArn(queue);
    const QueueUrl = this.urls.get(arn) ?? (await this.findUrl(queue, arn));
    const options = { region: queue.region, ...(signal === undefined ? {} : { signal }) };
    return this.api.call(operation, { QueueUrl, ...input }, options);
  }

  private async findUrl({ region, accountId, resource }: Arn, arn: string): Promise<string> {
    const { QueueUrl } = (await this.api.call(
      'GetQueueUrl',
      { QueueName: resource, QueueOwnerAWSAccountId: accountId },
      { region },
    )) as GetQueueUrlCommandOutput;
    this.urls.set(arn, QueueUrl!);
    return QueueUrl!;
  }
}

function queueOf(arn: string): Arn {
  const queue = parseArn(arn);
  if (queue === undefined) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
  return queue;
}

/** Source: Lambda developer guide, "Using Lambda with Amazon SQS"; the order of members as recorded. */
function sourceRecord(queue: Arn, message: Message): SourceRecord {
  const {
    MessageId: messageId = '',
    ReceiptHandle: receiptHandle = '',
    Attributes: attributes = {},
  } = message;
  const { AWSTraceHeader: traceHeader } = attributes;
  const { MD5OfMessageAttributes: md5OfMessageAttributes } = message;
  return {
    handle: receiptHandle,
    itemId: messageId,
    ...(traceHeader === undefined ? {} : { traceHeader }),
    record: {
      messageId,
      receiptHandle,
      body: message.Body ?? '',
      attributes,
      messageAttributes: eventAttributes(message.MessageAttributes ?? {}),
      ...(md5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes }),
      md5OfBody: message.MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: formatArn(queue),
      awsRegion: queue.region,
    },
  };
}

function eventAttributes(
  attributes: Readonly<Record<string, MessageAttributeValue>>,
): Record<string, object> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}
