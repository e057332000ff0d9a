/** Items as they are stored: JSON in the form of the wire, with bytes in base64. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/** Of the item itself: `constructor` and its like may be names of attributes. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

export function textOfItem(item: Item): string {
  return JSON.stringify(item, hasBytes(item) ? replaceBytes : undefined);
}

function hasBytes(item: Item): boolean {
  for (const name in item) if (holdsBytes(item[name]!)) return true;
  return false;
}

function holdsBytes(value: AttributeValue): boolean {
  if (value.B !== undefined || value.BS !== undefined) return true;
  if (value.M !== undefined) return hasBytes(value.M);
  return value.L?.some(holdsBytes) ?? false;
}

/** Buffers have become `{type: 'Buffer', …}` before the replacer sees them: it looks at what they were. */
function replaceBytes(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const held = (this as Record<string, unknown>)[key];
  return held instanceof Uint8Array
    ? Buffer.from(held.buffer, held.byteOffset, held.byteLength).toString('base64')
    : value;
}

export function itemOfText(text: string): Item {
  const item = JSON.parse(text) as Record<string, AttributeValue>;
  // Most items hold no bytes; where the text may hold some, each value is looked at.
  return text.includes('"B":') || text.includes('"BS":') ? withBytes(item) : item;
}

/** The item, parsed from text, with bytes in place of the base64 that stands for them. */
export function withBytes(item: Item): Item {
  for (const value of Object.values(item)) restore(value);
  return item;
}

function restore(value: AttributeValue): void {
  const held: { B?: unknown; BS?: unknown } = value;
  if (value.M !== undefined) for (const inner of Object.values(value.M)) restore(inner);
  else if (value.L !== undefined) for (const inner of value.L) restore(inner);
  else if (typeof held.B === 'string') held.B = Buffer.from(held.B, 'base64');
  else if (Array.isArray(held.BS)) {
    held.BS = held.BS.map((text) => Buffer.from(text as string, 'base64'));
  }
}
