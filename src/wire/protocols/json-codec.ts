/** JSON bodies: strict in, as modelled out. Handlers see member names, Buffers and Dates. */
import type { Member, Shape } from '../model/shape.ts';
import { serializationError } from './serialization-error.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';

/** The body as an object; an empty body is an empty one. */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw serializationError(`Could not parse request body into json: ${(error as Error).message}`);
  }
}

export function decodeJson(shape: Shape, value: unknown, only?: readonly Member[]): unknown {
  if (shape.file.document === true) return value;
  switch (shape.type) {
    case 'structure':
      return decodeStructure(shape, value, only);
    case 'list': {
      if (!Array.isArray(value)) throw unexpected(value, 'list');
      const { member } = shape;
      return value.map((item) => (item === null ? null : decodeJson(member!.shape, item)));
    }
    case 'map': {
      if (!isObject(value)) throw unexpected(value, 'map');
      const result: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value)) {
        if (item !== null) put(result, key, decodeJson(shape.value!.shape, item));
      }
      return result;
    }
    default:
      return decodeScalar(shape, value);
  }
}

function decodeStructure(shape: Shape, value: unknown, only: readonly Member[] | undefined): unknown {
  if (!isObject(value)) throw unexpected(value, 'structure');
  const result: Record<string, unknown> = {};
  for (const member of only ?? shape.members) {
    const held = value[member.wireName];
    if (held !== undefined && held !== null) result[member.name] = decodeJson(member.shape, held);
  }
  return result;
}

function decodeScalar(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'string':
    case 'character':
      if (typeof value !== 'string') throw cannotConvert(value, 'a String');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw cannotConvert(value, 'a Boolean');
      return value;
    case 'integer':
    case 'long':
      if (typeof value !== 'number')
        throw cannotConvert(value, shape.type === 'integer' ? 'an Integer' : 'a Long');
      if (!Number.isInteger(value))
        throw cannotConvert(value, shape.type === 'integer' ? 'an Integer' : 'a Long');
      return value;
    case 'float':
    case 'double':
      if (typeof value === 'number') return value;
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
      throw cannotConvert(value, shape.type === 'float' ? 'a Float' : 'a Double');
    case 'timestamp':
      if (typeof value === 'number') return new Date(value * 1_000);
      if (typeof value === 'string') return parseTimestamp(value);
      throw cannotConvert(value, 'a Timestamp');
    case 'blob':
      if (typeof value !== 'string') throw cannotConvert(value, 'a Blob');
      return decodeBase64(value);
    default:
      return value;
  }
}

/** Refuses what is not base64 instead of dropping characters. */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== base64Length(text)) throw serializationError('Invalid base64 in a blob');
  return bytes;
}

function base64Length(text: string): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 61) end -= 1;
  return Math.floor((end * 3) / 4);
}

/** `only` limits a structure to some members, for HTTP bodies that share it with headers. */
export function encodeJson(shape: Shape, value: unknown, only?: readonly Member[]): unknown {
  if (value === undefined || value === null) return null;
  if (shape.file.document === true) return value;
  switch (shape.type) {
    case 'structure': {
      const result: Record<string, unknown> = {};
      for (const member of only ?? shape.members) {
        const held = (value as Record<string, unknown>)[member.name];
        if (held !== undefined && held !== null) {
          result[member.wireName] =
            member.shape.type === 'timestamp'
              ? encodeTimestamp(member, held)
              : encodeJson(member.shape, held);
        }
      }
      return result;
    }
    case 'list': {
      const member = shape.member!;
      return (value as unknown[]).map((item) =>
        member.shape.type === 'timestamp' ? encodeTimestamp(member, item) : encodeJson(member.shape, item),
      );
    }
    case 'map': {
      const result: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value as object)) {
        put(
          result,
          key,
          shape.value!.shape.type === 'timestamp'
            ? encodeTimestamp(shape.value!, item)
            : encodeJson(shape.value!.shape, item),
        );
      }
      return result;
    }
    case 'blob':
      return (typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array)).toString(
        'base64',
      );
    case 'float':
    case 'double':
      return Number.isFinite(value) ? value : String(value);
    case 'timestamp':
      return formatTimestamp(value as Date, shape.file.timestampFormat ?? 'unixTimestamp');
    default:
      return typeof value === 'bigint' ? Number(value) : value;
  }
}

function encodeTimestamp(member: Member, value: unknown): string | number {
  return formatTimestamp(value as Date, member.timestampFormat ?? 'unixTimestamp');
}

/** Own property even for the name `__proto__`. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(value: unknown, wanted: 'structure' | 'list' | 'map'): Error {
  if (Array.isArray(value)) return serializationError('Start of list found where not expected');
  if (isObject(value)) return serializationError('Start of structure or map found where not expected.');
  return serializationError(wanted === 'list' ? 'Expected list or null' : 'Expected map or null');
}

function cannotConvert(value: unknown, wanted: string): Error {
  if (Array.isArray(value)) return serializationError('Start of list found where not expected');
  if (isObject(value)) return serializationError('Start of structure or map found where not expected.');
  const token =
    typeof value === 'string'
      ? 'STRING_VALUE'
      : typeof value === 'boolean'
        ? `${String(value).toUpperCase()}_VALUE`
        : Number.isInteger(value)
          ? 'NUMBER_VALUE'
          : 'DECIMAL_VALUE';
  return serializationError(`${token} can not be converted to ${wanted}`);
}
