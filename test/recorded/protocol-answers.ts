/** Reads answers as a client does, with the readers of the wire, so that two answers can be compared. */
import type { ProtocolName } from '../../src/wire/contract.ts';
import type { Shape } from '../../src/wire/model/shape.ts';
import { decodeCbor, Tagged } from '../../src/wire/protocols/cbor.ts';
import { decodeCborShape } from '../../src/wire/protocols/cbor-codec.ts';
import { decodeJson } from '../../src/wire/protocols/json-codec.ts';
import { decodeBindings, restBindings } from '../../src/wire/protocols/rest-bindings.ts';
import { decodeXml } from '../../src/wire/protocols/xml-codec.ts';
import type { XmlElement } from '../../src/wire/protocols/xml-document.ts';
import { parseXml } from '../../src/wire/protocols/xml-document.ts';

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The members of an output or error, by its shape. */
export function readMembers(shape: Shape, protocol: ProtocolName, answer: Answer): Record<string, unknown> {
  const { body } = answer;
  switch (protocol) {
    case 'restJson1':
    case 'restXml':
      return readRest(shape, protocol, answer);
    case 'awsJson1_0':
    case 'awsJson1_1':
      return body.length === 0 ? {} : (decodeJson(shape, JSON.parse(body.toString())) as Members);
    case 'rpcv2Cbor':
      return body.length === 0 ? {} : (decodeCborShape(shape, decodeCbor(body)) as Members);
    default:
      return body.length === 0 ? {} : (decodeXml(shape, contentOf(body)) as Members);
  }
}

type Members = Record<string, unknown>;

function readRest(shape: Shape, protocol: ProtocolName, { status, headers, body }: Answer): Members {
  const bindings = restBindings(shape);
  const read: Members = {};
  decodeBindings(bindings, { labels: {}, query: undefined, routeQuery: new Set(), headers }, read);
  if (bindings.statusCode !== undefined) read[bindings.statusCode.name] = status;
  const { payload } = bindings;
  if (body.length === 0) return read;
  if (payload === undefined) {
    const members =
      protocol === 'restXml'
        ? decodeXml(shape, contentOf(body))
        : decodeJson(shape, JSON.parse(body.toString()), bindings.body);
    return Object.assign(read, members);
  }
  if (payload.shape.type === 'blob') read[payload.name] = body;
  else if (payload.shape.type === 'string') read[payload.name] = body.toString();
  else if (protocol === 'restXml') read[payload.name] = decodeXml(payload.shape, parseXml(body.toString()));
  else read[payload.name] = decodeJson(payload.shape, JSON.parse(body.toString()));
  return read;
}

/** The element that holds the members: the root, or what Query puts around results and errors. */
function contentOf(body: Buffer): XmlElement {
  const root = parseXml(body.toString());
  if (root.name === 'ErrorResponse') return child(root, 'Error');
  if (root.name === 'Response') return child(child(root, 'Errors'), 'Error');
  return root.children.find(({ name }) => `${name.replace(/Result$/, '')}Response` === root.name) ?? root;
}

function child(element: XmlElement, name: string): XmlElement {
  const found = element.children.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`<${element.name}> has no <${name}>`);
  return found;
}

/** The error's code and message as a client finds them, namespaces and addresses taken off. */
export function readError(
  protocol: ProtocolName,
  { headers, body }: Answer,
): { code: string; message: string } {
  switch (protocol) {
    case 'awsQuery':
    case 'ec2Query':
    case 'restXml': {
      const texts = new Map(contentOf(body).children.map(({ name, text }) => [name, text]));
      return { code: texts.get('Code') ?? '', message: texts.get('Message') ?? '' };
    }
    default: {
      const read = (protocol === 'rpcv2Cbor' ? decodeCbor(body) : JSON.parse(body.toString())) as Members;
      const [byQuery] = (headers['x-amzn-query-error'] ?? '').split(';');
      const type = String(headers['x-amzn-errortype'] ?? read['__type'] ?? read['code']);
      return {
        code: byQuery || type.split(':')[0]!.replace(/^.*#/, ''),
        message: String(read['message'] ?? read['Message'] ?? ''),
      };
    }
  }
}

/** An XML body without what means nothing: white space, order of attributes, the request's id. */
interface PlainElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly PlainElement[];
  readonly text: string;
}

/** A body as data that can be compared with another's, whatever any shape says of it. */
export function plainBody(protocol: ProtocolName, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  switch (protocol) {
    case 'rpcv2Cbor':
      return untagged(decodeCbor(body));
    case 'restXml':
    case 'awsQuery':
    case 'ec2Query':
      return body.toString().trimStart().startsWith('<')
        ? plainElement(parseXml(body.toString()))
        : body.toString();
    default:
      try {
        return JSON.parse(body.toString()) as unknown;
      } catch {
        return body.toString();
      }
  }
}

function plainElement({ name, attributes, children, text }: XmlElement): PlainElement {
  return {
    name,
    attributes: Object.fromEntries(
      Object.entries(attributes).filter(([attribute]) => !attribute.startsWith('xmlns')),
    ),
    children: children
      .filter(
        (element) => !['ResponseMetadata', 'requestId', 'RequestId', 'RequestID'].includes(element.name),
      )
      .map(plainElement),
    text: children.length > 0 ? '' : text.trim(),
  };
}

function untagged(value: unknown): unknown {
  if (value instanceof Tagged) return { tag: value.tag, value: value.value };
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, untagged(held)]));
}
