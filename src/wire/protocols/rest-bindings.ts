/** Members that REST protocols bind to the path, the query and header fields, both ways. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Member, Shape } from '../model/shape.ts';
import { serializationError } from './serialization-error.ts';
import { scalarFromText, scalarToText } from './xml-codec.ts';

/** The members of an input or output by where they stand; made once per operation. */
export interface RestBindings {
  readonly labels: readonly Member[];
  readonly query: readonly Member[];
  readonly queryMaps: readonly Member[];
  readonly headers: readonly Member[];
  readonly prefixHeaders: readonly Member[];
  readonly statusCode: Member | undefined;
  readonly payload: Member | undefined;
  readonly body: readonly Member[];
}

export function restBindings(shape: Shape | undefined): RestBindings {
  const members = shape?.members ?? [];
  const at = (location: string): Member[] => members.filter(({ traits }) => traits.location === location);
  const query = at('querystring');
  return {
    labels: at('uri'),
    query: query.filter(({ shape: { type } }) => type !== 'map'),
    queryMaps: query.filter(({ shape: { type } }) => type === 'map'),
    headers: at('header'),
    prefixHeaders: at('headers'),
    statusCode: at('statusCode')[0],
    payload: shape?.payload,
    body: members.filter((member) => member.traits.location === undefined && member !== shape?.payload),
  };
}

export interface RestRequestParts {
  readonly labels: Readonly<Record<string, string>>;
  readonly query: URLSearchParams | undefined;
  /** Query parameters that belong to the route. */
  readonly routeQuery: ReadonlySet<string>;
  readonly headers: IncomingHttpHeaders;
}

/** Reads everything but the body into `input`. */
export function decodeBindings(
  bindings: RestBindings,
  parts: RestRequestParts,
  input: Record<string, unknown>,
): void {
  for (const member of bindings.labels) {
    const value = parts.labels[member.wireName];
    if (value !== undefined) input[member.name] = scalarFromText(member.shape, value);
  }
  if (parts.query !== undefined) decodeQueryString(bindings, parts, parts.query, input);
  for (const member of bindings.headers) {
    const value = parts.headers[member.wireName.toLowerCase()];
    if (typeof value !== 'string' || value === '') continue;
    input[member.name] = headerFromText(member, value);
  }
  for (const member of bindings.prefixHeaders) {
    const prefix = member.wireName.toLowerCase();
    const found: Record<string, string> = {};
    for (const [name, value] of Object.entries(parts.headers)) {
      if (name.startsWith(prefix) && typeof value === 'string') found[name.slice(prefix.length)] = value;
    }
    if (Object.keys(found).length > 0) input[member.name] = found;
  }
}

function decodeQueryString(
  bindings: RestBindings,
  parts: RestRequestParts,
  query: URLSearchParams,
  input: Record<string, unknown>,
): void {
  for (const member of bindings.query) {
    const values = query.getAll(member.wireName);
    if (values.length === 0) continue;
    input[member.name] =
      member.shape.type === 'list'
        ? values.map((value) => scalarFromText(member.shape.member!.shape, value))
        : scalarFromText(member.shape, values[0]!);
  }
  for (const member of bindings.queryMaps) {
    const bound = new Set(bindings.query.map(({ wireName }) => wireName));
    const found: Record<string, unknown> = {};
    for (const name of new Set(query.keys())) {
      if (bound.has(name) || parts.routeQuery.has(name) || name === 'x-id' || isSigning(name)) continue;
      const values = query.getAll(name);
      found[name] = member.shape.value!.shape.type === 'list' ? values : values[0];
    }
    if (Object.keys(found).length > 0) input[member.name] = found;
  }
}

/** Parameters of a presigned request are not the application's. */
function isSigning(name: string): boolean {
  return /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)$/i.test(name);
}

function headerFromText(member: Member, text: string): unknown {
  const { shape } = member;
  if (shape.type === 'list') {
    const inner = shape.member!.shape;
    return splitHeader(text, inner.type === 'timestamp').map((item) => scalarFromText(inner, item));
  }
  if (member.traits.jsonvalue === true) return Buffer.from(text, 'base64').toString();
  return scalarFromText(shape, text.trim());
}

/** Commas separate, quotes protect; an HTTP date has a comma of its own. */
function splitHeader(text: string, dates: boolean): string[] {
  if (dates) {
    const parts = text.split(',').map((part) => part.trim());
    const isHttpDate = parts.length >= 2 && /^[A-Za-z]{3}$/.test(parts[0]!);
    if (!isHttpDate) return parts;
    const joined: string[] = [];
    for (let index = 0; index < parts.length; index += 2)
      joined.push(`${parts[index]}, ${parts[index + 1] ?? ''}`);
    return joined;
  }
  const items: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw serializationError(`'${text}' is not a list of header values`);
    items.push(match[1] === undefined ? match[2]!.trim() : match[1].replace(/\\(.)/g, '$1'));
  }
  return items;
}

/** Header fields for the output's bound members; returns the status where a member holds it. */
export function encodeBindings(
  bindings: RestBindings,
  output: Record<string, unknown>,
  headers: Record<string, string>,
): number | undefined {
  for (const member of bindings.headers) {
    const value = output[member.name];
    if (value !== undefined && value !== null)
      headers[member.wireName.toLowerCase()] = headerText(member, value);
  }
  for (const member of bindings.prefixHeaders) {
    for (const [name, value] of Object.entries((output[member.name] as object | undefined) ?? {})) {
      headers[`${member.wireName}${name}`.toLowerCase()] = String(value);
    }
  }
  const status = bindings.statusCode === undefined ? undefined : output[bindings.statusCode.name];
  return typeof status === 'number' ? status : undefined;
}

function headerText(member: Member, value: unknown): string {
  if (Array.isArray(value)) {
    const inner = member.shape.member!;
    return value
      .map((item) => {
        const text = headerText(inner, item);
        return inner.shape.type === 'string' && /[",]/.test(text)
          ? `"${text.replace(/["\\]/g, '\\$&')}"`
          : text;
      })
      .join(', ');
  }
  if (member.shape.type === 'timestamp') {
    return scalarToText(member.shape, value, {
      ...member,
      timestampFormat: member.timestampFormat ?? 'rfc822',
    });
  }
  if (member.traits.jsonvalue === true) return Buffer.from(String(value)).toString('base64');
  return scalarToText(member.shape, value, member);
}
