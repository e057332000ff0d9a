/** From a message as a client sends it to one that a queue takes: every check of SendMessage. */
import { createHash } from 'node:crypto';
import type { MessageAttributeValue, MessageSystemAttributeValue } from '@aws-sdk/client-sqs';
import { AwsError } from '../../core/errors.ts';
import type { StoredAttributes } from './message-attributes.ts';
import { attributesSize, storedAttributes } from './message-attributes.ts';
import type { Draft } from './message-broker.ts';
import type { Queue } from './queue.ts';
import { required } from './sqs-context.ts';
import { invalidParameter, invalidValue, missingParameter, notForThisQueueType } from './sqs-errors.ts';

/** What SendMessage and the entries of its batch have in common. */
export interface SentInput {
  readonly MessageBody?: string | undefined;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: Record<string, MessageAttributeValue> | undefined;
  readonly MessageSystemAttributes?: Partial<Record<string, MessageSystemAttributeValue>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export interface SentDraft extends Draft {
  readonly sizeBytes: number;
}

const MAX_DELAY_SECONDS = 900;
/** Source: API reference of SendMessage. */
const ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
/** Source: API reference of SendMessage: the characters of XML 1.0. */
const FORBIDDEN = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function draftOf(queue: Queue, input: SentInput, senderId: string): SentDraft {
  const body = required(input.MessageBody, 'MessageBody');
  if (FORBIDDEN.test(body)) {
    throw new AwsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  const attributes = storedAttributes(input.MessageAttributes ?? {});
  const sizeBytes = Buffer.byteLength(body) + (attributes === undefined ? 0 : attributesSize(attributes));
  const limit = queue.settings.maximumMessageBytes;
  if (sizeBytes > limit) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
    );
  }
  const traceHeader = input.MessageSystemAttributes?.['AWSTraceHeader']?.StringValue;
  const order = queue.settings.isFifo ? fifoFields(queue, input, body) : standardFields(input);
  return {
    ...order,
    delayMs: delayOf(queue, input.DelaySeconds),
    sizeBytes,
    content: content(body, senderId, attributes, traceHeader, order.deduplicationId),
  };
}

export function content(
  body: string,
  senderId: string,
  attributes: StoredAttributes | undefined,
  traceHeader: string | undefined,
  deduplicationId: string | undefined,
): Draft['content'] {
  return {
    body,
    senderId,
    ...(attributes === undefined ? {} : { attributes }),
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
}

interface OrderFields {
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly deduplicationKey?: string;
}

/** Standard queues take groups, too, since they share out fairly among them. */
function standardFields(input: SentInput): OrderFields {
  const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId } = input;
  if (deduplicationId !== undefined) throw notForThisQueueType(deduplicationId, 'MessageDeduplicationId');
  if (groupId === undefined) return {};
  return { groupId: checkedId(groupId, 'MessageGroupId') };
}

function fifoFields({ settings }: Queue, input: SentInput, body: string): OrderFields {
  if (!input.MessageGroupId) throw missingParameter('MessageGroupId');
  const groupId = checkedId(input.MessageGroupId, 'MessageGroupId');
  if (input.MessageDeduplicationId === undefined && !settings.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  const deduplicationId =
    input.MessageDeduplicationId === undefined
      ? createHash('sha256').update(body).digest('hex')
      : checkedId(input.MessageDeduplicationId, 'MessageDeduplicationId');
  const scope = settings.deduplicationScope === 'messageGroup' ? groupId : '';
  return { groupId, deduplicationId, deduplicationKey: `${scope}\n${deduplicationId}` };
}

function checkedId(id: string, parameter: string): string {
  if (ID.test(id)) return id;
  throw invalidValue(
    id,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function delayOf({ settings }: Queue, seconds: number | undefined): number {
  if (seconds !== undefined && (seconds < 0 || seconds > MAX_DELAY_SECONDS)) {
    throw invalidValue(seconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`);
  }
  if (!settings.isFifo) return seconds === undefined ? settings.delayMs : seconds * 1000;
  // Recorded: a zero is taken, and means the queue's own delay.
  if (seconds) throw notForThisQueueType(seconds, 'DelaySeconds');
  return settings.delayMs;
}
