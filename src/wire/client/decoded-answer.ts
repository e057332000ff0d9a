/** Answers of an endpoint as outputs of operations, or as the `AwsError` that they tell of. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { AwsError } from '../../core/errors.ts';
import type { OperationModel } from '../model/operation.ts';
import type { Member, Shape } from '../model/shape.ts';
import { decodeJson } from '../protocols/json-codec.ts';
import { decodeBindings } from '../protocols/rest-bindings.ts';
import { decodeXml } from '../protocols/xml-codec.ts';
import type { XmlElement } from '../protocols/xml-document.ts';
import { parseXml } from '../protocols/xml-document.ts';
import type { ClientProtocol } from './encoded-request.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** The member of an output that is the whole body, however long. */
export function streamedMember({ outputBindings: { payload } }: OperationModel): Member | undefined {
  if (payload?.shape.type !== 'blob') return undefined;
  return payload.traits.streaming === true || payload.shape.file.streaming === true ? payload : undefined;
}

/** `body` is read to its end, but for an operation with a `streamedMember`. */
export function decodedOutput(
  operation: OperationModel,
  protocol: ClientProtocol,
  answer: Answer,
  body: Buffer | Readable,
): Record<string, unknown> {
  const { output: shape } = operation;
  if (shape === undefined) return {};
  if (protocol === 'json') return decodeJson(shape, jsonOf(body as Buffer)) as Record<string, unknown>;
  if (protocol === 'query') {
    const root = parseXml(String(body));
    const { resultWrapper } = operation.file;
    const result = root.children.find(({ name }) => name === resultWrapper) ?? root;
    return decodeXml(shape, result) as Record<string, unknown>;
  }
  return restOutput(operation, shape, protocol, answer, body);
}

function restOutput(
  operation: OperationModel,
  shape: Shape,
  protocol: ClientProtocol,
  { status, headers }: Answer,
  body: Buffer | Readable,
): Record<string, unknown> {
  const output: Record<string, unknown> = {};
  const { outputBindings: bindings } = operation;
  decodeBindings(bindings, { labels: {}, query: undefined, routeQuery: new Set(), headers }, output);
  if (bindings.statusCode !== undefined) output[bindings.statusCode.name] = status;
  const { payload } = bindings;
  if (payload?.shape.type === 'blob') output[payload.name] = body;
  else if (payload?.shape.type === 'string') output[payload.name] = String(body);
  else if ((body as Buffer).length > 0) {
    const decoded =
      protocol === 'rest-xml'
        ? xmlOutput(payload?.shape ?? shape, parseXml(String(body)))
        : decodeJson(payload?.shape ?? shape, jsonOf(body as Buffer), payload ? undefined : bindings.body);
    if (payload === undefined) Object.assign(output, decoded);
    else output[payload.name] = decoded;
  }
  return output;
}

/** GetBucketLocation of S3 answers its one member as the root, without what would be around it. */
function xmlOutput(shape: Shape, root: XmlElement): unknown {
  const member = root.children.length === 0 ? shape.byWireName.get(root.name) : undefined;
  return member === undefined || root.text === ''
    ? decodeXml(shape, root)
    : { [member.name]: decodeXml(member.shape, root) };
}

function jsonOf(body: Buffer): unknown {
  return body.length === 0 ? {} : JSON.parse(body.toString());
}

/** What an answer says has gone wrong; `shapeOf` finds a modelled error by its name or by the code that Query has for it. */
export function decodedError(
  { status, headers }: Answer,
  body: Buffer,
  shapeOf: (code: string) => Shape | undefined,
): AwsError {
  const text = body.toString();
  const error = text.trimStart().startsWith('<')
    ? xmlError(text, shapeOf)
    : jsonError(text, headers, shapeOf);
  const code = error.code ?? CODES_OF_STATUS[status] ?? 'UnknownError';
  const message = error.message ?? `The endpoint answered with the status ${status}.`;
  return new AwsError(code, message, error.members, status);
}

/** Of answers without a body, as HEAD has them. Source: S3's API reference, "Error responses". */
const CODES_OF_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  412: 'PreconditionFailed',
};

interface ToldError {
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly members: Record<string, unknown>;
}

function xmlError(text: string, shapeOf: (code: string) => Shape | undefined): ToldError {
  const root = parsed(() => parseXml(text));
  const error = root === undefined ? undefined : errorElement(root);
  const textOf = (name: string): string | undefined =>
    error?.children.find((child) => child.name.toLowerCase() === name)?.text;
  const told = textOf('code');
  const shape = told === undefined ? undefined : shapeOf(told);
  const members = shape && error && (parsed(() => decodeXml(shape, error)) as Record<string, unknown>);
  return { code: shape?.name ?? told, message: textOf('message'), members: { ...members } };
}

/** S3 has it at the root, Query within a response. */
function errorElement(root: XmlElement): XmlElement | undefined {
  if (root.name === 'Error') return root;
  const inner = root.children.find(({ name }) => name === 'Error' || name === 'Errors');
  return inner === undefined ? undefined : errorElement(inner);
}

function jsonError(
  text: string,
  headers: IncomingHttpHeaders,
  shapeOf: (code: string) => Shape | undefined,
): ToldError {
  const body = (parsed(() => JSON.parse(text)) ?? {}) as Readonly<Record<string, unknown>>;
  const type = headers['x-amzn-errortype'] ?? body['__type'] ?? body['code'];
  // `com.amazonaws.sqs#QueueDoesNotExist`, and in headers `Name:http://…`.
  const told = typeof type === 'string' ? type.replace(/^.*#/, '').replace(/:.*$/, '') : undefined;
  const message = body['message'] ?? body['Message'];
  const shape = told === undefined ? undefined : shapeOf(told);
  const members = shape && (parsed(() => decodeJson(shape, body)) as Record<string, unknown>);
  return {
    code: told,
    message: typeof message === 'string' ? message : undefined,
    members: { ...members },
  };
}

/** Undefined for what is not of the form that it should have: proxies answer with pages of their own. */
function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
