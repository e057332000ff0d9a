/**
 * A message of RabbitMQ as Lambda's events have it. Source: Lambda developer guide, "Using Lambda with Amazon MQ"; what
 * it does not say is by the library that its example shows the traces of, Gson over RabbitMQ's client for Java.
 */
import type { ConsumeMessage } from 'amqplib';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export function rabbitmqRecord({ content, fields, properties }: ConsumeMessage): Record<string, unknown> {
  const timestamp = properties.timestamp as number | undefined;
  return {
    basicProperties: {
      contentType: given(properties.contentType),
      contentEncoding: given(properties.contentEncoding),
      headers: properties.headers === undefined ? null : tableOf(properties.headers),
      deliveryMode: given(properties.deliveryMode),
      priority: given(properties.priority),
      correlationId: given(properties.correlationId),
      replyTo: given(properties.replyTo),
      expiration: given(properties.expiration),
      messageId: given(properties.messageId),
      timestamp: timestamp === undefined ? null : dateText(timestamp),
      type: given(properties.type),
      userId: given(properties.userId),
      appId: given(properties.appId),
      clusterId: given(properties.clusterId),
      bodySize: content.length,
    },
    redelivered: fields.redelivered,
    data: content.toString('base64'),
  };
}

function given(value: unknown): Json {
  return value === undefined ? null : (value as Json);
}

function tableOf(table: object): Json {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, fieldOf(value)]));
}

/** Long strings are objects with their bytes, which Java has signed. */
function fieldOf(value: unknown): Json {
  if (typeof value === 'string') return { bytes: signedBytes(Buffer.from(value)) };
  if (value instanceof Uint8Array) return signedBytes(value);
  if (Array.isArray(value)) return value.map(fieldOf);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return given(value);
  // What amqplib makes of a timestamp among the headers.
  const typed = value as { readonly '!'?: string; readonly value?: unknown };
  if (typed['!'] === 'timestamp') return dateText(Number(typed.value));
  return typed['!'] === undefined ? tableOf(value) : fieldOf(typed.value);
}

function signedBytes(bytes: Uint8Array): number[] {
  return [...new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)];
}

const DATE = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

/** `Jan 1, 1970, 12:33:41 AM` of seconds since the Unix epoch. */
function dateText(seconds: number): string {
  // Newer editions of Unicode's data have a narrow space before AM.
  return DATE.format(seconds * 1_000).replace(/\s/g, ' ');
}
