/**
 * Inputs that did not come over the wire: JSON with the names of the API reference, which SDKs for other languages
 * write in capitals where the model does not, and with text where the model has bytes. Source: EventBridge Scheduler
 * user guide, "Using universal targets", whose examples give the payload of a function so.
 */
import { isObject } from '../protocols/json-codec.ts';
import type { Member, Shape } from './shape.ts';

/** The same as the JSON protocols have it: wire names, bytes in base64. What does not fit is left for their decoder to refuse. */
export function wireJson(shape: Shape, value: unknown): unknown {
  if (shape.file.document === true || value === null || value === undefined) return value;
  switch (shape.type) {
    case 'structure':
      return isObject(value) ? structure(shape, value) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => wireJson(shape.member!.shape, item)) : value;
    case 'map':
      return isObject(value)
        ? Object.fromEntries(
            Object.entries(value).map(([key, item]) => [key, wireJson(shape.value!.shape, item)]),
          )
        : value;
    case 'blob':
      return typeof value === 'string' ? Buffer.from(value).toString('base64') : value;
    default:
      return value;
  }
}

function structure(shape: Shape, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = new Map(Object.entries(value).map(([name, held]) => [initialLess(name), held]));
  const held = (member: Member): [string, unknown][] => {
    const item = given.get(initialLess(member.name));
    return item === undefined ? [] : [[member.wireName, wireJson(member.shape, item)]];
  };
  return Object.fromEntries(shape.members.flatMap(held));
}

function initialLess(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
