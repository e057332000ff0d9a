/** What the attributes of a queue may be, in the words of CreateQueue and SetQueueAttributes. */
import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../core/policy/parse.ts';
import type { Queue } from './queue.ts';
import { addressOfArn } from './queue-address.ts';
import { DEFAULT_ATTRIBUTES } from './queue-record.ts';
import { invalidAttributeValue, invalidValue, unknownAttribute } from './sqs-errors.ts';

export type Attributes = Readonly<Record<string, string>>;

/** Inclusive bounds. Source: API reference of SetQueueAttributes; 1 MiB since August 2025. */
const NUMBER_BOUNDS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ['true', 'false'],
  ContentBasedDeduplication: ['true', 'false'],
  DeduplicationScope: ['messageGroup', 'queue'],
  // Neither limits anything here: AWS's rates of messages a second are not those of one host.
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};

/** Known to a queue of type FIFO only. */
const FIFO_ATTRIBUTES = [
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
];

/** An empty value takes these away. Source: API reference, "Policy" and "RedrivePolicy". */
const REMOVABLE = new Set(['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId']);

const MAX_RECEIVE_COUNT = 1000;
const MAX_SOURCE_QUEUES = 10;

/** Checks and normalizes what a caller sets; `name` tells whether the queue is FIFO. */
export function checkedAttributes(given: Attributes, isFifo: boolean): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (FIFO_ATTRIBUTES.includes(name) && !isFifo && !(name === 'FifoQueue' && value === 'false')) {
      throw unknownAttribute(name);
    }
    checked[name] = REMOVABLE.has(name) && value === '' ? '' : checkedAttribute(name, value);
  }
  if (checked['FifoThroughputLimit'] === 'perMessageGroupId' && checked['DeduplicationScope'] === 'queue') {
    throw invalidAttributeValue('FifoThroughputLimit');
  }
  return checked;
}

function checkedAttribute(name: string, value: string): string {
  const bounds = NUMBER_BOUNDS[name];
  if (bounds !== undefined) {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= bounds[0] && number <= bounds[1])) throw invalidAttributeValue(name);
    return String(number);
  }
  const choices = CHOICES[name];
  if (choices !== undefined) {
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    if (found === undefined) throw invalidAttributeValue(name);
    return found;
  }
  switch (name) {
    case 'Policy':
      if (!isPolicy(value)) throw invalidAttributeValue(name);
      return value;
    case 'RedrivePolicy':
      return checkedRedrivePolicy(value);
    case 'RedriveAllowPolicy':
      return checkedRedriveAllowPolicy(value);
    case 'SqsManagedSseEnabled':
      // What is true here, where messages lie on the disk as they came.
      if (value.toLowerCase() === 'false') return 'false';
      if (value.toLowerCase() === 'true') throw notImplemented(name);
      throw invalidAttributeValue(name);
    case 'KmsMasterKeyId':
    case 'KmsDataKeyReusePeriodSeconds':
      throw notImplemented(name);
    default:
      throw unknownAttribute(name);
  }
}

/** To encrypt under a key, of the account or of SQS. */
function notImplemented(name: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement sqs:${name} yet.`, {}, 501);
}

function isPolicy(value: string): boolean {
  try {
    parsePolicy(value);
    return true;
  } catch {
    return false;
  }
}

function checkedRedrivePolicy(value: string): string {
  const refuse = (reason: string): AwsError => invalidValue(value, 'RedrivePolicy', reason);
  const policy = parseObject(value);
  if (policy === undefined) throw refuse('Redrive policy is not a valid JSON map.');
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  if (deadLetterTargetArn === undefined || maxReceiveCount === undefined) {
    throw refuse(
      `Redrive policy does not contain mandatory attribute: ${
        maxReceiveCount === undefined ? 'maxReceiveCount' : 'deadLetterTargetArn'
      }.`,
    );
  }
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > MAX_RECEIVE_COUNT) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  if (typeof deadLetterTargetArn !== 'string' || addressOfArn(deadLetterTargetArn) === undefined) {
    throw refuse('Invalid value for deadLetterTargetArn.');
  }
  return JSON.stringify({ deadLetterTargetArn, maxReceiveCount: count });
}

function checkedRedriveAllowPolicy(value: string): string {
  const refuse = (reason: string): AwsError => invalidValue(value, 'RedriveAllowPolicy', reason);
  const policy = parseObject(value);
  if (policy === undefined)
    throw refuse('Amazon SQS can not create the redrive allow policy, as it’s in an unsupported format.');
  const { redrivePermission, sourceQueueArns } = policy;
  if (redrivePermission === undefined) {
    throw refuse('Redrive allow policy does not contain mandatory attribute: redrivePermission.');
  }
  if (!['allowAll', 'denyAll', 'byQueue'].includes(String(redrivePermission))) {
    throw refuse('Invalid value for redrivePermission, valid values are allowAll, denyAll and byQueue.');
  }
  const isByQueue = redrivePermission === 'byQueue';
  const arns = Array.isArray(sourceQueueArns) ? sourceQueueArns : undefined;
  if (isByQueue !== (arns !== undefined && arns.length > 0) || (arns?.length ?? 0) > MAX_SOURCE_QUEUES) {
    throw refuse(
      'sourceQueueArns has to name from 1 to 10 queues where redrivePermission is byQueue, and nothing otherwise.',
    );
  }
  return value;
}

/** The dead-letter queue has to exist, be of the same type, account and region, and let itself be used. */
export function checkDeadLetterQueue(
  policyText: string,
  source: { readonly arn: string; readonly isFifo: boolean },
  find: (arn: string) => Queue | undefined,
): void {
  const refuse = (reason: string): AwsError => invalidValue(policyText, 'RedrivePolicy', reason);
  const { deadLetterTargetArn } = JSON.parse(policyText) as { deadLetterTargetArn: string };
  const [from, to] = [addressOfArn(source.arn)!, addressOfArn(deadLetterTargetArn)!];
  if (from.accountId !== to.accountId || from.region !== to.region) {
    throw refuse('Dead-letter queue must be in the same account and region as the source queue.');
  }
  const target = find(deadLetterTargetArn);
  if (target === undefined) throw refuse('Dead letter target does not exist.');
  if (target.settings.isFifo !== source.isFifo) {
    throw refuse(
      source.isFifo
        ? 'Dead-letter queue for a FIFO queue must also be a FIFO queue.'
        : 'Dead-letter queue for a standard queue must also be a standard queue.',
    );
  }
  const { redrivePermission, sourceQueueArns } = target.settings.redriveAllow;
  const isAllowed =
    redrivePermission === 'allowAll' ||
    (redrivePermission === 'byQueue' && sourceQueueArns.includes(source.arn));
  if (!isAllowed)
    throw refuse("Queue does not have permission to use the dead-letter queue's redrive allow policy.");
}

/** All attributes of a queue, as GetQueueAttributes tells them; on AWS a new one has `SqsManagedSseEnabled` true. */
export function describedAttributes(queue: Queue): Record<string, string> {
  const { record, settings } = queue;
  const { available, inFlight, delayed } = queue.backlog.counts;
  const { ContentBasedDeduplication, FifoQueue, ...others } = record.attributes;
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(available),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: seconds(record.createdMs),
    LastModifiedTimestamp: seconds(record.modifiedMs),
    ...DEFAULT_ATTRIBUTES,
    SqsManagedSseEnabled: 'false',
    ...(settings.isFifo
      ? {
          FifoQueue: FifoQueue ?? 'true',
          ContentBasedDeduplication: ContentBasedDeduplication ?? 'false',
          DeduplicationScope: 'queue',
          FifoThroughputLimit: 'perQueue',
        }
      : {}),
    ...others,
  };
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
