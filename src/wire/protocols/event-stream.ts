/** The `application/vnd.amazon.eventstream` framing, and modelled event streams in it. */
import { crc32 } from 'node:zlib';
import type { Shape } from '../model/shape.ts';
import { encodeCbor } from './cbor.ts';
import { AWS_CBOR_TYPE, encodeCborShape } from './cbor-codec.ts';
import { encodeJson } from './json-codec.ts';
import { encodeMembers } from './xml-codec.ts';

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

/** Header value types of the framing. */
const HEADER_TYPE = {
  true: 0,
  false: 1,
  byte: 2,
  short: 3,
  integer: 4,
  long: 5,
  blob: 6,
  string: 7,
  timestamp: 8,
} as const;

export type EventBodyFormat = 'json' | 'xml' | 'cbor';

/** One message: lengths, CRC of them, headers, payload, CRC of all. */
export function encodeMessage(headers: Readonly<Record<string, HeaderValue>>, payload: Uint8Array): Buffer {
  const headerBytes = Buffer.concat(
    Object.entries(headers).map(([name, value]) => encodeHeader(name, value)),
  );
  const total = 12 + headerBytes.length + payload.byteLength + 4;
  const message = Buffer.alloc(total);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(headerBytes.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headerBytes.copy(message, 12);
  message.set(payload, 12 + headerBytes.length);
  message.writeUInt32BE(crc32(message.subarray(0, total - 4)), total - 4);
  return message;
}

export type HeaderValue = string | boolean | number | Date | Uint8Array;

function encodeHeader(name: string, value: HeaderValue): Buffer {
  const nameBytes = Buffer.from(name);
  const head = Buffer.concat([Buffer.from([nameBytes.length]), nameBytes]);
  if (typeof value === 'boolean')
    return Buffer.concat([head, Buffer.from([value ? HEADER_TYPE.true : HEADER_TYPE.false])]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(5);
    bytes[0] = HEADER_TYPE.integer;
    bytes.writeInt32BE(value, 1);
    return Buffer.concat([head, bytes]);
  }
  if (value instanceof Date) {
    const bytes = Buffer.alloc(9);
    bytes[0] = HEADER_TYPE.timestamp;
    bytes.writeBigInt64BE(BigInt(value.getTime()), 1);
    return Buffer.concat([head, bytes]);
  }
  const content = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
  const prefix = Buffer.alloc(3);
  prefix[0] = typeof value === 'string' ? HEADER_TYPE.string : HEADER_TYPE.blob;
  prefix.writeUInt16BE(content.length, 1);
  return Buffer.concat([head, prefix, content]);
}

/**
 * Encodes each `{EventName: members}` of `events` by its shape. `initial` is the output without the
 * stream, which RPC protocols send as a first message; REST protocols carry it in headers.
 */
export async function* encodeEvents(
  union: Shape,
  events: AsyncIterable<Record<string, unknown>>,
  format: EventBodyFormat,
  initial: Uint8Array | undefined,
): AsyncGenerator<Uint8Array> {
  if (initial !== undefined) {
    const type = format === 'cbor' ? AWS_CBOR_TYPE : 'application/json';
    yield encodeMessage(
      { ':message-type': 'event', ':event-type': 'initial-response', ':content-type': type },
      initial,
    );
  }
  for await (const event of events) {
    const [kind] = Object.keys(event);
    const member = kind === undefined ? undefined : union.byName.get(kind);
    if (kind === undefined || member === undefined) throw new Error(`${union.name} has no event ${kind}`);
    yield encodeEvent(kind, member.shape, event[kind] as Record<string, unknown>, format);
  }
}

function encodeEvent(
  kind: string,
  shape: Shape,
  value: Record<string, unknown>,
  format: EventBodyFormat,
): Buffer {
  const isError = shape.file.exception === true;
  const headers: Record<string, HeaderValue> = isError
    ? { ':message-type': 'exception', ':exception-type': kind }
    : { ':message-type': 'event', ':event-type': kind };
  let payload: Uint8Array | undefined;
  const rest = shape.members.filter((member) => {
    const held = value[member.name];
    if (member.traits.eventheader === true) {
      if (held !== undefined && held !== null) headers[member.name] = held as HeaderValue;
      return false;
    }
    if (member.traits.eventpayload !== true) return true;
    if (held === undefined || held === null) payload = new Uint8Array(0);
    else if (member.shape.type === 'blob') {
      payload = typeof held === 'string' ? Buffer.from(held) : (held as Uint8Array);
      headers[':content-type'] = 'application/octet-stream';
    } else if (member.shape.type === 'string') {
      payload = Buffer.from(held as string);
      headers[':content-type'] = 'text/plain';
    } else payload = body(member.shape, held as Record<string, unknown>, format, headers, member.wireName);
    return false;
  });
  if (payload === undefined) {
    payload = rest.length === 0 ? new Uint8Array(0) : body(shape, value, format, headers, shape.name);
  }
  return encodeMessage(headers, payload);
}

function body(
  shape: Shape,
  value: Record<string, unknown>,
  format: EventBodyFormat,
  headers: Record<string, HeaderValue>,
  name: string,
): Buffer {
  if (format === 'json') {
    headers[':content-type'] = 'application/json';
    return Buffer.from(JSON.stringify(encodeJson(shape, value)));
  }
  if (format === 'cbor') {
    headers[':content-type'] = AWS_CBOR_TYPE;
    return encodeCbor(encodeCborShape(shape, value, 'milliseconds'));
  }
  headers[':content-type'] = 'text/xml';
  const [attributes, content] = encodeMembers(shape, value);
  return Buffer.from(`<${name}${attributes}>${content}</${name}>`);
}
