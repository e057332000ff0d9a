/** Shapes as XML, both ways: bodies of REST-XML services and answers of Query services. */

import type { XmlNamespace } from '../model/model-file.ts';
import type { Member, Shape } from '../model/shape.ts';
import { decodeBase64 } from './json-codec.ts';
import { serializationError } from './serialization-error.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';
import type { XmlElement } from './xml-document.ts';
import { escapeXml } from './xml-document.ts';

export function decodeXml(shape: Shape, element: XmlElement): unknown {
  switch (shape.type) {
    case 'structure':
      return decodeStructure(shape, element);
    case 'list':
      return decodeItems(
        shape,
        element.children.filter(({ name }) => name === itemName(shape)),
      );
    case 'map':
      return decodeEntries(
        shape,
        element.children.filter(({ name }) => name === 'entry'),
      );
    default:
      return scalarFromText(shape, element.text);
  }
}

function decodeStructure(shape: Shape, element: XmlElement): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    if (member.traits.location !== undefined) continue;
    if (member.traits.xmlAttribute === true) {
      const value = element.attributes[member.wireName] ?? element.attributes[local(member.wireName)];
      if (value !== undefined) result[member.name] = scalarFromText(member.shape, value);
      continue;
    }
    const found = element.children.filter((child) => child.name === member.wireName);
    if (found.length === 0) continue;
    if (member.flattened && member.shape.type === 'list')
      result[member.name] = decodeItems(member.shape, found);
    else if (member.flattened && member.shape.type === 'map')
      result[member.name] = decodeEntries(member.shape, found);
    else result[member.name] = decodeXml(member.shape, found[0]!);
  }
  return result;
}

function decodeItems(shape: Shape, elements: readonly XmlElement[]): unknown[] {
  return elements.map((element) => decodeXml(shape.member!.shape, element));
}

function decodeEntries(shape: Shape, elements: readonly XmlElement[]): Record<string, unknown> {
  const keyName = shape.key!.traits.locationName ?? 'key';
  const valueName = shape.value!.traits.locationName ?? 'value';
  const result: Record<string, unknown> = {};
  for (const element of elements) {
    const key = element.children.find(({ name }) => name === keyName)?.text ?? '';
    const value = element.children.find(({ name }) => name === valueName);
    if (value !== undefined) result[key] = decodeXml(shape.value!.shape, value);
  }
  return result;
}

/** A scalar from text, for XML, forms, headers and query strings. */
export function scalarFromText(shape: Shape, text: string): unknown {
  switch (shape.type) {
    case 'boolean':
      if (text === 'true' || text === 'True' || text === '1') return true;
      if (text === 'false' || text === 'False' || text === '0') return false;
      throw serializationError(`'${text}' can not be converted to a Boolean`);
    case 'integer':
    case 'long': {
      if (!/^[+-]?\d+$/.test(text.trim()))
        throw serializationError(`'${text}' can not be converted to an Integer`);
      return Number(text);
    }
    case 'float':
    case 'double': {
      const number = Number(text);
      if (text.trim() === '' || (Number.isNaN(number) && text !== 'NaN')) {
        throw serializationError(`'${text}' can not be converted to a Double`);
      }
      return number;
    }
    case 'timestamp':
      return parseTimestamp(text);
    case 'blob':
      return decodeBase64(text.trim());
    default:
      return text;
  }
}

/** The element for `value`, or nothing when it is absent. */
export function encodeXml(name: string, member: Member, value: unknown): string {
  return encodeElement(name, member.shape, value, member);
}

function encodeElement(name: string, shape: Shape, value: unknown, member: Member | undefined): string {
  if (value === undefined || value === null) return '';
  const flattened = member?.flattened ?? false;
  switch (shape.type) {
    case 'structure': {
      const [attributes, content] = encodeMembers(shape, value as Record<string, unknown>);
      return `<${name}${namespaceAttribute(member?.xmlNamespace)}${attributes}>${content}</${name}>`;
    }
    case 'list': {
      const inner = shape.member!;
      // Items of a flattened list stand under the member's own name, whatever the list calls them.
      const item = flattened ? name : itemName(shape);
      const items = (value as unknown[])
        .map((held) => encodeElement(item, inner.shape, held, inner))
        .join('');
      return flattened ? items : `<${name}${namespaceAttribute(member?.xmlNamespace)}>${items}</${name}>`;
    }
    case 'map': {
      const keyName = shape.key!.traits.locationName ?? 'key';
      const valueName = shape.value!.traits.locationName ?? 'value';
      const entryName = flattened ? name : 'entry';
      const entries = Object.entries(value as object)
        .map(
          ([key, held]) =>
            `<${entryName}><${keyName}>${escapeXml(key)}</${keyName}>${encodeElement(valueName, shape.value!.shape, held, shape.value)}</${entryName}>`,
        )
        .join('');
      return flattened ? entries : `<${name}>${entries}</${name}>`;
    }
    default:
      return `<${name}${namespaceAttribute(member?.xmlNamespace)}>${escapeXml(scalarToText(shape, value, member))}</${name}>`;
  }
}

/** Attributes and content of a structure's element. */
export function encodeMembers(
  shape: Shape,
  value: Record<string, unknown>,
): [attributes: string, content: string] {
  let attributes = '';
  let content = '';
  for (const member of shape.members) {
    if (member.traits.location !== undefined) continue;
    const held = value[member.name];
    if (held === undefined || held === null) continue;
    if (member.traits.xmlAttribute === true) {
      attributes += ` ${member.wireName}="${escapeXml(scalarToText(member.shape, held, member))}"`;
    } else content += encodeElement(member.wireName, member.shape, held, member);
  }
  return [attributes, content];
}

export function scalarToText(shape: Shape, value: unknown, member: Member | undefined): string {
  if (shape.type === 'timestamp') {
    return String(
      formatTimestamp(value as Date, member?.timestampFormat ?? shape.file.timestampFormat ?? 'iso8601'),
    );
  }
  if (shape.type === 'blob') {
    return (typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array)).toString(
      'base64',
    );
  }
  return String(value);
}

export function namespaceAttribute(namespace: XmlNamespace | undefined): string {
  if (namespace === undefined) return '';
  return namespace.prefix === undefined
    ? ` xmlns="${escapeXml(namespace.uri)}"`
    : ` xmlns:${namespace.prefix}="${escapeXml(namespace.uri)}"`;
}

function itemName(shape: Shape): string {
  return shape.member!.traits.locationName ?? 'member';
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
