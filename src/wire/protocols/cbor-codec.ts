/** Shapes over decoded CBOR values, both ways. */
import type { Shape } from '../model/shape.ts';
import { Tagged } from './cbor.ts';
import { decodeJson } from './json-codec.ts';
import { serializationError } from './serialization-error.ts';

/** Like JSON but for bytes, points in time, and numbers that need no text form. */
export function decodeCborShape(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'structure': {
      if (!isMap(value)) throw serializationError('Expected map or null');
      const result: Record<string, unknown> = {};
      for (const member of shape.members) {
        const held = value[member.wireName];
        if (held !== undefined && held !== null) result[member.name] = decodeCborShape(member.shape, held);
      }
      return result;
    }
    case 'list':
      if (!Array.isArray(value)) throw serializationError('Expected list or null');
      return value.map((item) => (item === null ? null : decodeCborShape(shape.member!.shape, item)));
    case 'map':
      if (!isMap(value)) throw serializationError('Expected map or null');
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== null && item !== undefined)
          .map(([key, item]) => [key, decodeCborShape(shape.value!.shape, item)]),
      );
    case 'timestamp':
      if (value instanceof Tagged && value.tag === 1 && typeof value.value === 'number') {
        return new Date(Math.round(value.value * 1_000));
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
export function encodeCborShape(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        shape.members
          .map((member) => [
            member.wireName,
            encodeCborShape(member.shape, (value as Record<string, unknown>)[member.name]),
          ])
          .filter(([, held]) => held !== undefined && held !== null),
      );
    case 'list':
      return (value as unknown[]).map((item) => encodeCborShape(shape.member!.shape, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [
          key,
          encodeCborShape(shape.value!.shape, item),
        ]),
      );
    case 'timestamp':
      return value instanceof Date ? value : new Date(value as number);
    case 'blob':
      return typeof value === 'string' ? Buffer.from(value) : value;
    default:
      return value;
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
