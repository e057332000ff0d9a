/** Errors in the form of each protocol. */
import type { AwsError } from '../../core/errors.ts';
import type { ProtocolName, WireResponse } from '../contract.ts';
import type { ServiceFile } from '../model/model-file.ts';
import { UNMODELLED_QUERY_CODES } from '../model/peculiarities.ts';
import type { Shape } from '../model/shape.ts';
import { encodeCbor } from './cbor.ts';
import { AWS_CBOR_TYPE, encodeCborShape } from './cbor-codec.ts';
import { encodeJson } from './json-codec.ts';
import { encodeBindings, restBindings } from './rest-bindings.ts';
import { encodeMembers } from './xml-codec.ts';
import { escapeXml } from './xml-document.ts';

export interface ErrorForm {
  readonly service: ServiceFile;
  readonly protocol: ProtocolName;
  /** The modelled error's shape, where the service has one of that name. */
  readonly shape: Shape | undefined;
  /** Another error has the same Query code, so that code alone would name the wrong one. */
  readonly ambiguousCode: boolean;
  readonly requestId: string;
}

/** Statuses of errors that no model lists. Source: each service's "Common errors" page. */
const COMMON_STATUS: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  AccessDeniedException: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InternalServiceError: 500,
  InvalidClientTokenId: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationToken: 403,
  MissingAuthenticationTokenException: 403,
  NotImplemented: 501,
  RequestEntityTooLargeException: 413,
  RequestExpired: 403,
  RequestTooLargeException: 413,
  ServiceException: 500,
  SignatureDoesNotMatch: 403,
  ThrottlingException: 400,
  TooManyRequestsException: 429,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
};

export function errorResponse(error: AwsError, form: ErrorForm): WireResponse {
  const { shape, protocol, requestId } = form;
  const fault = shape?.file.error;
  const status =
    error.status ??
    fault?.httpStatusCode ??
    COMMON_STATUS[error.code] ??
    (shape?.file.fault === true ? 500 : 400);
  const headers: Record<string, string> = { 'x-amzn-requestid': requestId };
  const value = shape === undefined ? {} : withMessage(shape, error);
  switch (protocol) {
    case 'restJson1':
      return restJson(error, form, status, headers, value);
    case 'awsJson1_0':
    case 'awsJson1_1':
      return awsJson(error, form, status, headers, value);
    case 'rpcv2Cbor':
    case 'awsCbor1_1':
      return cbor(error, form, status, headers, value);
    case 'restXml':
      return restXml(error, form, status, headers, value);
    default:
      return query(error, form, status, headers, value);
  }
}

/** The error's members, its message under the name the shape has for it. */
function withMessage(shape: Shape, error: AwsError): Record<string, unknown> {
  const value: Record<string, unknown> = { ...error.members };
  const name = shape.byName.has('message') ? 'message' : 'Message';
  if (shape.byName.has(name)) value[name] ??= error.message;
  return value;
}

function jsonBody(
  error: AwsError,
  shape: Shape | undefined,
  value: Record<string, unknown>,
): Record<string, unknown> {
  const bindings = restBindings(shape);
  const body =
    shape === undefined
      ? { ...error.members }
      : (encodeJson(shape, value, bindings.body) as Record<string, unknown>);
  if (body['message'] === undefined && body['Message'] === undefined) body['message'] = error.message;
  return body;
}

function restJson(
  error: AwsError,
  { shape }: ErrorForm,
  status: number,
  headers: Record<string, string>,
  value: Record<string, unknown>,
): WireResponse {
  if (shape !== undefined) encodeBindings(restBindings(shape), value, headers);
  headers['x-amzn-errortype'] = error.code;
  headers['content-type'] = 'application/json';
  return { status, headers, body: JSON.stringify(jsonBody(error, shape, value)) };
}

function awsJson(
  error: AwsError,
  { shape, service, protocol, ambiguousCode }: ErrorForm,
  status: number,
  headers: Record<string, string>,
  value: Record<string, unknown>,
): WireResponse {
  headers['content-type'] =
    protocol === 'awsJson1_0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  addQueryError(error, ambiguousCode ? undefined : shape, service, status, headers);
  const namespace = shapeNamespace(service);
  const type = namespace === undefined ? error.code : `${namespace}#${error.code}`;
  return { status, headers, body: JSON.stringify({ __type: type, ...jsonBody(error, shape, value) }) };
}

function cbor(
  error: AwsError,
  { shape, service, protocol, ambiguousCode }: ErrorForm,
  status: number,
  headers: Record<string, string>,
  value: Record<string, unknown>,
): WireResponse {
  if (protocol === 'awsCbor1_1') headers['content-type'] = AWS_CBOR_TYPE;
  else {
    headers['content-type'] = 'application/cbor';
    headers['smithy-protocol'] = 'rpc-v2-cbor';
  }
  addQueryError(error, ambiguousCode ? undefined : shape, service, status, headers);
  const members = shape === undefined ? {} : (encodeCborShape(shape, value) as Record<string, unknown>);
  const namespace = shapeNamespace(service);
  return {
    status,
    headers,
    body: encodeCbor({
      __type: namespace === undefined ? error.code : `${namespace}#${error.code}`,
      message: error.message,
      ...members,
    }),
  };
}

/** The namespace AWS writes before an error's name: `com.amazonaws.<service>` for services with a target. */
function shapeNamespace(service: ServiceFile): string | undefined {
  return service.awsQueryCompatible === undefined ? undefined : `com.amazonaws.${service.name}`;
}

/** Clients that used to speak Query find the old code in a header. */
function addQueryError(
  error: AwsError,
  shape: Shape | undefined,
  service: ServiceFile,
  status: number,
  headers: Record<string, string>,
): void {
  if (service.awsQueryCompatible === undefined) return;
  headers['x-amzn-query-error'] = `${queryCode(error, shape, service)};${faultOf(shape, status)}`;
}

function queryCode(error: AwsError, shape: Shape | undefined, service: ServiceFile): string {
  return shape?.file.error?.code ?? UNMODELLED_QUERY_CODES[service.name]?.[error.code] ?? error.code;
}

function faultOf(shape: Shape | undefined, status: number): 'Sender' | 'Receiver' {
  return shape?.file.error?.senderFault === true || status < 500 ? 'Sender' : 'Receiver';
}

function restXml(
  error: AwsError,
  { shape, service, requestId }: ErrorForm,
  status: number,
  headers: Record<string, string>,
  value: Record<string, unknown>,
): WireResponse {
  if (shape !== undefined) encodeBindings(restBindings(shape), value, headers);
  headers['content-type'] = 'application/xml';
  const code = `<Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>`;
  const members = xmlMembers(error, shape, value);
  if (service.name === 's3') {
    headers['x-amz-request-id'] = requestId;
    headers['x-amz-id-2'] = requestId;
    return {
      status,
      headers,
      body: `${XML_DECLARATION}<Error>${code}${members}<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`,
    };
  }
  const namespace =
    typeof service.xmlNamespace === 'string' ? service.xmlNamespace : service.xmlNamespace?.uri;
  const xmlns = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return {
    status,
    headers,
    body:
      `${XML_DECLARATION}<ErrorResponse${xmlns}><Error><Type>${faultOf(shape, status)}</Type>${code}${members}</Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Members of the error but its message, which stands before them; of an unmodelled error as text. */
function xmlMembers(error: AwsError, shape: Shape | undefined, value: Record<string, unknown>): string {
  if (shape !== undefined) {
    const { message: _message, Message: _Message, Code: _code, code: _Code, ...rest } = value;
    return encodeMembers(shape, rest)[1];
  }
  return Object.entries(error.members)
    .filter(([name, held]) => name !== 'Type' && typeof held !== 'object')
    .map(([name, held]) => `<${name}>${escapeXml(String(held))}</${name}>`)
    .join('');
}

function query(
  error: AwsError,
  { shape, service, protocol, requestId }: ErrorForm,
  status: number,
  headers: Record<string, string>,
  value: Record<string, unknown>,
): WireResponse {
  headers['content-type'] = 'text/xml';
  const code = escapeXml(queryCode(error, shape, service));
  const message = escapeXml(error.message);
  if (protocol === 'ec2Query') {
    return {
      status,
      headers,
      body: `${XML_DECLARATION}<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message>${xmlMembers(error, shape, value)}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
    };
  }
  const namespace =
    typeof service.xmlNamespace === 'string' ? service.xmlNamespace : service.xmlNamespace?.uri;
  const xmlns = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return {
    status,
    headers,
    body:
      `<ErrorResponse${xmlns}><Error><Type>${faultOf(shape, status)}</Type><Code>${code}</Code>` +
      `<Message>${message}</Message>${xmlMembers(error, shape, value)}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}
