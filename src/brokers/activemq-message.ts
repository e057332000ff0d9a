/**
 * A message of ActiveMQ as Lambda's events have it: fields and their order by the test event of aws/aws-lambda-go. What
 * JMS calls each is by ActiveMQ's mapping of JMS to AMQP 1.0.
 */
import type { Message } from 'rhea';

/** Values of `x-opt-jms-msg-type`. */
const MESSAGE_TYPES = [
  'message',
  'object-message',
  'map-message',
  'bytes-message',
  'stream-message',
  'text-message',
];
const TEXT = 5;
const BYTES = 3;

/** JMS: not to be kept, or to be kept, by a broker that ends. */
const NON_PERSISTENT = 1;
const PERSISTENT = 2;
/** AMQP: what a message has that says nothing of it. */
const DEFAULT_PRIORITY = 4;

/** `receivedMs` is epoch milliseconds. */
export function activemqRecord(message: Message, queue: string, receivedMs: number): Record<string, unknown> {
  const { type, data } = contentOf(message);
  const createdMs = timeOf(message['creation_time']) ?? receivedMs;
  return {
    messageID: text(message['message_id']),
    messageType: `jms/${type}`,
    timestamp: createdMs,
    deliveryMode: message['durable'] === true ? PERSISTENT : NON_PERSISTENT,
    correlationID: text(message['correlation_id']),
    // A text, in AWS's example too.
    replyTo: message['reply_to'] === undefined ? 'null' : text(message['reply_to']),
    destination: { physicalName: queue },
    redelivered: Number(message['delivery_count'] ?? 0) > 0,
    type: text(message['subject']),
    expiration: timeOf(message['absolute_expiry_time']) ?? endOf(createdMs, message['ttl']),
    priority: Number(message['priority'] ?? DEFAULT_PRIORITY),
    data: data.toString('base64'),
    // AMQP carries neither when it came to the broker nor when it left.
    brokerInTime: createdMs,
    brokerOutTime: receivedMs,
    properties: propertiesOf(message['application_properties']),
  };
}

function contentOf(message: Message): { readonly type: string; readonly data: Buffer } {
  const body: unknown = message['body'];
  const annotations = message['message_annotations'] as Readonly<Record<string, unknown>> | undefined;
  const told = annotations?.['x-opt-jms-msg-type'];
  if (typeof body === 'string') return { type: typeName(told, TEXT), data: Buffer.from(body) };
  const bytes = bytesOf(body);
  if (bytes !== undefined) return { type: typeName(told, BYTES), data: bytes };
  return { type: typeName(told, 0), data: Buffer.from(body == null ? '' : JSON.stringify(body)) };
}

/** Of a value that is bytes, or of a section of data, as rhea has it. */
function bytesOf(body: unknown): Buffer | undefined {
  const content = (body as { readonly content?: unknown } | null | undefined)?.content ?? body;
  if (Array.isArray(content) && content.every((part) => Buffer.isBuffer(part))) return Buffer.concat(content);
  return Buffer.isBuffer(content) ? content : undefined;
}

function typeName(told: unknown, otherwise: number): string {
  return MESSAGE_TYPES[Number(told ?? otherwise)] ?? MESSAGE_TYPES[otherwise]!;
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'number' ? value : undefined;
}

/** JMS: 0 for a message that does not expire. */
function endOf(createdMs: number, timeToLiveMs: unknown): number {
  return typeof timeToLiveMs === 'number' && timeToLiveMs > 0 ? createdMs + timeToLiveMs : 0;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

/** Texts, whatever they were. */
function propertiesOf(properties: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries((properties ?? {}) as Readonly<Record<string, unknown>>).map(([name, value]) => [
      name,
      text(value),
    ]),
  );
}
