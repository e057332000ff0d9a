/** Inputs of operations as requests, in the protocol that their model puts first. */
import { Readable } from 'node:stream';
import type { ServiceFile } from '../model/model-file.ts';
import type { OperationModel } from '../model/operation.ts';
import type { Member } from '../model/shape.ts';
import { encodeJson } from '../protocols/json-codec.ts';
import { encodeBindings } from '../protocols/rest-bindings.ts';
import { encodeMembers, namespaceAttribute, scalarToText } from '../protocols/xml-codec.ts';
import { queryForm } from './query-form.ts';

type Input = Readonly<Record<string, unknown>>;

export interface EncodedRequest {
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  readonly body: Buffer | Readable;
}

export type ClientProtocol = 'json' | 'rest-json' | 'rest-xml' | 'query';

const SPOKEN: readonly ClientProtocol[] = ['json', 'rest-json', 'rest-xml', 'query'];

/** Undefined where nothing here speaks to such a service. */
export function clientProtocol({ protocols }: Pick<ServiceFile, 'protocols'>): ClientProtocol | undefined {
  return SPOKEN.find((protocol) => protocols.includes(protocol));
}

export function encodedRequest(
  service: ServiceFile,
  operation: OperationModel,
  protocol: ClientProtocol,
  input: Input,
): EncodedRequest {
  switch (protocol) {
    case 'json':
      return jsonRequest(service, operation, input);
    case 'query':
      return queryRequest(service, operation, input);
    default:
      return restRequest(service, operation, protocol, input);
  }
}

function jsonRequest(
  service: ServiceFile,
  { name, input: shape }: OperationModel,
  input: Input,
): EncodedRequest {
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      'content-type': `application/x-amz-json-${service.jsonVersion ?? '1.1'}`,
      'x-amz-target': `${service.targetPrefix}.${name}`,
    },
    body: Buffer.from(shape === undefined ? '{}' : JSON.stringify(encodeJson(shape, input))),
  };
}

function queryRequest(
  service: ServiceFile,
  { name, input: shape }: OperationModel,
  input: Input,
): EncodedRequest {
  const form = new URLSearchParams([
    ['Action', name],
    ['Version', service.apiVersion],
    ...queryForm(shape, input),
  ]);
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: Buffer.from(form.toString()),
  };
}

function restRequest(
  service: ServiceFile,
  operation: OperationModel,
  protocol: 'rest-json' | 'rest-xml',
  input: Input,
): EncodedRequest {
  const { file, inputBindings: bindings } = operation;
  const [path = '/', routeQuery = ''] = file.uri.split('?');
  const labels = new Map(bindings.labels.map((member) => [member.wireName, member]));
  const headers: Record<string, string> = {};
  encodeBindings(bindings, input, headers);
  // Operations of S3 that share a URI are told apart by the hint that the JavaScript SDK sends too.
  const hint = service.name === 's3' && routeQuery === '' ? `x-id=${operation.name}` : '';
  const query = [routeQuery, hint, ...queryPairs(operation, input)].filter((pair) => pair !== '');
  return {
    method: file.method,
    path: path.replace(/\{([^}+]+)(\+?)\}/g, (_whole, name: string, greedy: string) =>
      labelText(labels.get(name), input, greedy === '+'),
    ),
    query: query.join('&'),
    headers,
    body: restBody(service, operation, protocol, input, headers),
  };
}

function labelText(member: Member | undefined, input: Input, isGreedy: boolean): string {
  if (member === undefined) return '';
  const text = scalarToText(member.shape, input[member.name] ?? '', member);
  return isGreedy ? text.split('/').map(percentEncoded).join('/') : percentEncoded(text);
}

function queryPairs({ inputBindings }: OperationModel, input: Input): string[] {
  const pairs: string[] = [];
  for (const member of inputBindings.query) {
    const value = input[member.name];
    if (value === undefined || value === null) continue;
    const [shape, values] =
      member.shape.type === 'list'
        ? [member.shape.member!.shape, value as readonly unknown[]]
        : [member.shape, [value]];
    for (const item of values)
      pairs.push(`${percentEncoded(member.wireName)}=${percentEncoded(scalarToText(shape, item, member))}`);
  }
  for (const member of inputBindings.queryMaps) {
    for (const [name, held] of Object.entries((input[member.name] as object | undefined) ?? {})) {
      for (const item of [held].flat()) pairs.push(`${percentEncoded(name)}=${percentEncoded(String(item))}`);
    }
  }
  return pairs;
}

/** RFC 3986: what `encodeURIComponent` leaves of reserved characters too. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function restBody(
  service: ServiceFile,
  operation: OperationModel,
  protocol: 'rest-json' | 'rest-xml',
  input: Input,
  headers: Record<string, string>,
): Buffer | Readable {
  const { payload, body } = operation.inputBindings;
  if (payload !== undefined) return payloadBody(service, payload, protocol, input[payload.name], headers);
  if (body.length === 0) return Buffer.alloc(0);
  if (protocol === 'rest-json') {
    headers['content-type'] ??= 'application/json';
    return Buffer.from(JSON.stringify(encodeJson(operation.input!, input, body)));
  }
  const ref = operation.file.input;
  const named = typeof ref === 'string' ? undefined : ref?.locationName;
  const root = named ?? operation.input!.file.locationName ?? operation.input!.name;
  return xmlBody(root, namespaceOf(service), encodeMembers(operation.input!, { ...input }), headers);
}

function payloadBody(
  service: ServiceFile,
  member: Member,
  protocol: 'rest-json' | 'rest-xml',
  value: unknown,
  headers: Record<string, string>,
): Buffer | Readable {
  const { shape } = member;
  if (value === undefined || value === null) return Buffer.alloc(0);
  if (value instanceof Readable) return value;
  if (shape.type === 'blob' || shape.type === 'string')
    return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array);
  if (protocol === 'rest-json') {
    headers['content-type'] ??= 'application/json';
    return Buffer.from(JSON.stringify(encodeJson(shape, value)));
  }
  const root = member.traits.locationName ?? shape.file.locationName ?? shape.name;
  const namespace =
    member.xmlNamespace === undefined ? namespaceOf(service) : namespaceAttribute(member.xmlNamespace);
  return xmlBody(root, namespace, encodeMembers(shape, value as Record<string, unknown>), headers);
}

function xmlBody(
  root: string,
  namespace: string,
  [attributes, content]: [attributes: string, content: string],
  headers: Record<string, string>,
): Buffer {
  headers['content-type'] ??= 'application/xml';
  return Buffer.from(`<${root}${namespace}${attributes}>${content}</${root}>`);
}

function namespaceOf({ xmlNamespace }: ServiceFile): string {
  const uri = typeof xmlNamespace === 'string' ? xmlNamespace : xmlNamespace?.uri;
  return uri === undefined ? '' : namespaceAttribute({ uri });
}
