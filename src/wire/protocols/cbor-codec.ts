/** Shapes over decoded CBOR values, both ways. */
import type { Shape } from '../model/shape.ts';
import { Tagged } from './cbor.ts';
import { decodeJson } from './json-codec.ts';
import { serializationError } from './serialization-error.ts';

/**
 * What tag 1 counts. rpcv2Cbor goes by RFC 8949; the older protocol counts whole milliseconds, as the SDK for Java
 * writes and reads them (aws-sdk-java-v2, issue 4661).
 */
export type TimeUnit = 'seconds' | 'milliseconds';

export const AWS_CBOR_TYPE = 'application/x-amz-cbor-1.1';

const MILLISECONDS: Readonly<Record<TimeUnit, number>> = { seconds: 1_000, milliseconds: 1 };

/** Like JSON but for bytes, points in time, and numbers that need no text form. */
export function decodeCborShape(shape: Shape, value: unknown, unit: TimeUnit = 'seconds'): unknown {
  switch (shape.type) {
    case 'structure': {
      if (!isMap(value)) throw serializationError('Expected map or null');
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        const held = value[member.wireName];
        if (held !== undefined && held !== null)
          result[member.name] = decodeCborShape(member.shape, held, unit);
      }
      return result;
    }
    case 'list':
      if (!Array.isArray(value)) throw serializationError('Expected list or null');
      return value.map((item) => (item === null ? null : decodeCborShape(shape.member!.shape, item, unit)));
    case 'map':
      if (!isMap(value)) throw serializationError('Expected map or null');
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== null && item !== undefined)
          .map(([key, item]) => [key, decodeCborShape(shape.value!.shape, item, unit)]),
      );
    case 'timestamp':
      if (value instanceof Tagged && value.tag === 1 && typeof value.value === 'number') {
        return new Date(Math.round(value.value * MILLISECONDS[unit]));
      }
      throw serializationError('A point in time must be CBOR tag 1 with a number');
    case 'blob':
      if (!(value instanceof Uint8Array)) throw serializationError('Expected a byte string');
      return value;
    default:
      return decodeJson(shape, value instanceof Tagged ? value.value : value);
  }
}

/** Plain values for `encodeCbor`, with wire names and only modelled members. */
export function encodeCborShape(shape: Shape, value: unknown, unit: TimeUnit = 'seconds'): unknown {
  if (value === undefined || value === null) return value;
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        shape.members
          .map((member) => [
            member.wireName,
            encodeCborShape(member.shape, (value as Record<string, unknown>)[member.name], unit),
          ])
          .filter(([, held]) => held !== undefined && held !== null),
      );
    case 'list':
      return (value as unknown[]).map((item) => encodeCborShape(shape.member!.shape, item, unit));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [
          key,
          encodeCborShape(shape.value!.shape, item, unit),
        ]),
      );
    case 'timestamp':
      return timestamp(value instanceof Date ? value : new Date(value as number), unit);
    case 'blob':
      return typeof value === 'string' ? Buffer.from(value) : value;
    default:
      return value;
  }
}

function timestamp(date: Date, unit: TimeUnit): Date | Tagged {
  return unit === 'seconds' ? date : new Tagged(1, date.getTime());
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
