import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import { queuePage } from './page.ts';
import type { Queue } from './queue.ts';
import { removeMessages } from './queue.ts';
import { FIFO_SUFFIX, queueArn, queueUrl } from './queue-address.ts';
import {
  type Attributes,
  checkDeadLetterQueue,
  checkedAttributes,
  describedAttributes,
} from './queue-attributes.ts';
import type { SqsContext, SqsOperations } from './sqs-context.ts';
import { queueOf, required } from './sqs-context.ts';
import {
  invalidAttributeValue,
  invalidParameter,
  queueDoesNotExist,
  unknownAttribute,
} from './sqs-errors.ts';

type QueueOperations =
  | 'CreateQueue'
  | 'GetQueueUrl'
  | 'ListQueues'
  | 'ListDeadLetterSourceQueues'
  | 'GetQueueAttributes'
  | 'SetQueueAttributes'
  | 'PurgeQueue'
  | 'DeleteQueue';

/** Source: error PurgeQueueInProgress in the API reference of PurgeQueue. */
const PURGE_INTERVAL_MS = 60_000;

export function queueOperations(sqs: SqsContext): Required<Pick<SqsOperations, QueueOperations>> {
  const { queues, broker, clock, store } = sqs;
  const urlOf = (queue: Queue, caller: RequestContext): string => queueUrl(caller.origin, queue.record);

  return {
    async CreateQueue(input, caller) {
      const name = required(input.QueueName, 'QueueName');
      const given = (input.Attributes ?? {}) as Attributes;
      const isFifo = given['FifoQueue']?.toLowerCase() === 'true';
      checkName(name, isFifo);
      const address = { accountId: caller.accountId, region: caller.region, name };
      const attributes = withoutEmpty(checkedAttributes(given, isFifo));
      const existing = queues.find(address);
      if (existing === undefined && attributes['RedrivePolicy'] !== undefined) {
        checkDeadLetterQueue(attributes['RedrivePolicy'], { arn: queueArn(address), isFifo }, (arn) =>
          queues.findByArn(arn),
        );
      }
      const { queue, isNew } = await queues.findOrCreate(address, attributes, input.tags ?? {});
      if (!isNew) checkSame(queue, attributes);
      return { QueueUrl: urlOf(queue, caller) };
    },

    async GetQueueUrl(input, caller) {
      const name = required(input.QueueName, 'QueueName');
      const accountId = input.QueueOwnerAWSAccountId ?? caller.accountId;
      const queue = queues.find({ accountId, region: caller.region, name });
      if (queue === undefined) throw queueDoesNotExist(caller);
      return { QueueUrl: urlOf(queue, caller) };
    },

    async ListQueues(input, caller) {
      const prefix = input.QueueNamePrefix ?? '';
      const matching = queues.list(caller).filter(({ record }) => record.name.startsWith(prefix));
      const { page, nextToken } = queuePage(matching, input.MaxResults, input.NextToken);
      return {
        ...(page.length === 0 ? {} : { QueueUrls: page.map((queue) => urlOf(queue, caller)) }),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },

    async ListDeadLetterSourceQueues(input, caller) {
      const target = queueOf(sqs, input.QueueUrl, caller);
      const sources = queues
        .list(target.record)
        .filter(({ settings }) => settings.redrive?.deadLetterTargetArn === target.arn);
      const { page, nextToken } = queuePage(sources, input.MaxResults, input.NextToken);
      return {
        queueUrls: page.map((queue) => urlOf(queue, caller)),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    },

    async GetQueueAttributes(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      broker.expect(queue);
      const all = describedAttributes(queue);
      const names: readonly string[] = input.AttributeNames ?? [];
      for (const name of names) if (!ATTRIBUTE_NAMES.has(name)) throw unknownAttribute(name);
      const chosen = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
      return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) };
    },

    async SetQueueAttributes(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const given = required(input.Attributes, 'Attributes') as Attributes;
      const { isFifo, retentionMs, delayMs } = queue.settings;
      if (given['FifoQueue'] !== undefined && (given['FifoQueue'] === 'true') !== isFifo) {
        throw invalidAttributeValue('FifoQueue');
      }
      const changed = checkedAttributes(given, isFifo);
      if (changed['RedrivePolicy']) {
        checkDeadLetterQueue(changed['RedrivePolicy'], { arn: queue.arn, isFifo }, (arn) =>
          queues.findByArn(arn),
        );
      }
      await queues.update(queue, (record) => ({
        ...record,
        modifiedMs: clock.now(),
        attributes: withoutEmpty({ ...record.attributes, ...changed }),
      }));
      if (queue.settings.retentionMs !== retentionMs) broker.retentionChanged(queue);
      // Source: "Amazon SQS delay queues": of FIFO queues the change is for waiting messages, too.
      if (isFifo && queue.settings.delayMs !== delayMs) await broker.redelay(queue);
      return {};
    },

    async PurgeQueue(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      const nowMs = clock.now();
      if (nowMs < queue.lastPurgeMs + PURGE_INTERVAL_MS) {
        throw new AwsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue.record.name} is allowed every 60 seconds.`,
        );
      }
      queue.lastPurgeMs = nowMs;
      await removeMessages(queue, store, [...queue.backlog.all()]);
      return {};
    },

    async DeleteQueue(input, caller) {
      const queue = queueOf(sqs, input.QueueUrl, caller);
      await queues.delete(queue);
      broker.retentionChanged(queue);
      for (const waiter of queue.waiters) waiter();
      await removeMessages(queue, store, [...queue.backlog.all()]);
      return {};
    },
  };
}

/** What GetQueueAttributes may be asked for. Source: its API reference. */
const ATTRIBUTE_NAMES: ReadonlySet<string> = new Set([
  'All',
  'Policy',
  'VisibilityTimeout',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
  'ApproximateNumberOfMessagesDelayed',
  'DelaySeconds',
  'ReceiveMessageWaitTimeSeconds',
  'RedrivePolicy',
  'FifoQueue',
  'ContentBasedDeduplication',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'RedriveAllowPolicy',
  'SqsManagedSseEnabled',
]);

function checkName(name: string, isFifo: boolean): void {
  if (!isFifo && !/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw invalidParameter(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
  const stem = name.endsWith(FIFO_SUFFIX) ? name.slice(0, -FIFO_SUFFIX.length) : '';
  if (isFifo && !(/^[A-Za-z0-9_-]+$/.test(stem) && name.length <= 80)) {
    throw invalidParameter(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
}

function checkSame(queue: Queue, attributes: Attributes): void {
  const current = describedAttributes(queue);
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== 'FifoQueue' && current[name] !== value) {
      throw new AwsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${name}`,
      );
    }
  }
}

function withoutEmpty(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== ''));
}
