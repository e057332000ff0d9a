import { parseArn } from '../../core/arn.ts';
import { invalidParameter, notImplemented } from './sns-errors.ts';
import type { Protocol } from './subscription-record.ts';
import { PROTOCOLS } from './subscription-record.ts';
import type { TopicRecord } from './topic-record.ts';
import { FIFO_SUFFIX } from './topic-record.ts';

/** What AWS delivers by, too. */
const OTHER_PROTOCOLS = ['email', 'email-json', 'sms', 'application'];

/** Throws `InvalidParameter`, and `NotImplemented` for protocols that are AWS's only. */
export function checkEndpoint(topic: TopicRecord, protocol: string, endpoint: string): Protocol {
  if (OTHER_PROTOCOLS.includes(protocol)) throw notImplemented(`subscriptions of the protocol ${protocol}`);
  const known = PROTOCOLS.find((one) => one === protocol);
  if (known === undefined) {
    throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
  }
  if (topic.isFifo && known !== 'sqs') {
    throw invalidParameter(`Invalid parameter: Protocol Reason: FIFO topics do not support ${known}`);
  }
  if (known === 'sqs') checkQueue(topic, endpoint);
  else if (known === 'lambda') checkFunction(endpoint);
  else if (known === 'firehose') checkDeliveryStream(endpoint);
  else checkUrl(known, endpoint);
  return known;
}

/** Whoever is reached over HTTP must agree, and so must the owner of a queue that is not the subscriber's. */
export function needsConfirmation(protocol: Protocol, endpoint: string, accountId: string): boolean {
  if (protocol === 'sqs') return parseArn(endpoint)?.accountId !== accountId;
  return protocol !== 'lambda' && protocol !== 'firehose';
}

function checkQueue(topic: TopicRecord, endpoint: string): void {
  if (parseArn(endpoint)?.service !== 'sqs') throw invalidParameter('SQS endpoint ARN');
  if (!topic.isFifo && endpoint.endsWith(FIFO_SUFFIX)) {
    throw invalidParameter(
      'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
    );
  }
}

function checkFunction(endpoint: string): void {
  const arn = parseArn(endpoint);
  if (arn?.service !== 'lambda' || !arn.resource.startsWith('function:')) {
    throw invalidParameter('Lambda endpoint ARN');
  }
}

function checkDeliveryStream(endpoint: string): void {
  const arn = parseArn(endpoint);
  if (arn?.service !== 'firehose' || !arn.resource.startsWith('deliverystream/')) {
    throw invalidParameter('Firehose endpoint ARN');
  }
}

function checkUrl(protocol: 'http' | 'https', endpoint: string): void {
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== `${protocol}:`) {
    throw invalidParameter('Endpoint must match the specified protocol');
  }
}
