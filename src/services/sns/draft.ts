/** From what a client publishes to a message that a topic takes: every check of Publish. */
import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import type { MessageAttributes } from './message-attributes.ts';
import { attributesBytes, messageAttributes } from './message-attributes.ts';
import { invalidParameter } from './sns-errors.ts';
import type { TopicRecord } from './topic-record.ts';

/** What Publish and the entries of its batch have in common. */
export interface PublishedInput {
  readonly Message?: string | undefined;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Record<string, MessageAttributeValue> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export interface Draft {
  /** By protocol, and under `default`. */
  readonly texts: Readonly<Record<string, string>>;
  readonly subject?: string;
  readonly attributes: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sizeBytes: number;
  readonly traceHeader?: string;
}

/** Source: API reference of Publish. */
export const MAX_MESSAGE_BYTES = 256 * 1024;
const MAX_SUBJECT_LENGTH = 100;
const ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
/** Printable ASCII that begins with a letter, digit or punctuation mark. */
const SUBJECT = /^[!-~][ -~]*$/;

/** `path` is where the attributes are, for errors of the shape. Throws `InvalidParameter` and others. */
export function draftOf(topic: TopicRecord, input: PublishedInput, path?: string): Draft {
  const { Message: message = '', Subject: subject } = input;
  if (message === '') throw invalidParameter('Empty message');
  // AWS lets other letters through in practice; what no mail header may hold it refuses.
  if (subject !== undefined && !(subject.length <= MAX_SUBJECT_LENGTH && SUBJECT.test(subject))) {
    throw invalidParameter('Subject');
  }
  const attributes = messageAttributes(input.MessageAttributes, path);
  return {
    texts: textsOf(message, input.MessageStructure),
    ...(subject === undefined ? {} : { subject }),
    attributes,
    ...(topic.isFifo ? fifoFields(topic, input, message) : standardFields(input)),
    sizeBytes: Buffer.byteLength(message) + attributesBytes(attributes),
  };
}

function textsOf(message: string, structure: string | undefined): Readonly<Record<string, string>> {
  if (structure === undefined || structure === '') return { default: message };
  if (structure !== 'json') throw invalidParameter('MessageStructure');
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const texts = Object.fromEntries(entries.filter(([, text]) => typeof text === 'string'));
  if (!Object.hasOwn(texts, 'default')) {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return texts;
}

function fifoFields(topic: TopicRecord, input: PublishedInput, message: string) {
  const { MessageGroupId: groupId, MessageDeduplicationId: given } = input;
  if (!groupId) throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
  const isByContent = topic.attributes['ContentBasedDeduplication'] === 'true';
  if (!given && !isByContent) {
    throw invalidParameter(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  return {
    groupId: checkedId(groupId, 'MessageGroupId'),
    deduplicationId: given
      ? checkedId(given, 'MessageDeduplicationId')
      : createHash('sha256').update(message).digest('hex'),
  };
}

/** Standard topics hand groups on to queues, which share out fairly among them. */
function standardFields({
  MessageGroupId: groupId,
  MessageDeduplicationId: deduplicationId,
}: PublishedInput) {
  if (deduplicationId !== undefined) {
    throw invalidParameter(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  return groupId === undefined ? {} : { groupId: checkedId(groupId, 'MessageGroupId') };
}

function checkedId(id: string, name: string): string {
  if (ID.test(id)) return id;
  throw invalidParameter(
    `${name} Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}
