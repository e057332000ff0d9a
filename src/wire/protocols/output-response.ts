/** Outputs in the form of each protocol. */
import type { Readable } from 'node:stream';
import { jsonTextOf } from '../../core/json-text.ts';
import type { ProtocolName, WireResponse } from '../contract.ts';
import type { ServiceFile } from '../model/model-file.ts';
import type { OperationModel } from '../model/operation.ts';
import type { Shape } from '../model/shape.ts';
import { encodeCbor } from './cbor.ts';
import { AWS_CBOR_TYPE, encodeCborShape } from './cbor-codec.ts';
import { EVENT_STREAM_TYPE, encodeEvents } from './event-stream.ts';
import { encodeJson } from './json-codec.ts';
import { encodeBindings } from './rest-bindings.ts';
import { encodeMembers, namespaceAttribute } from './xml-codec.ts';

type Output = Record<string, unknown>;

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function outputResponse(
  service: ServiceFile,
  operation: OperationModel,
  protocol: ProtocolName,
  output: Output,
  requestId: string,
): WireResponse {
  const headers: Record<string, string> = { 'x-amzn-requestid': requestId };
  switch (protocol) {
    case 'restJson1':
    case 'restXml':
      return rest(service, operation, protocol, output, headers, requestId);
    case 'awsJson1_0':
    case 'awsJson1_1':
      return awsJson(operation, protocol, output, headers);
    case 'rpcv2Cbor':
      headers['content-type'] = 'application/cbor';
      headers['smithy-protocol'] = 'rpc-v2-cbor';
      return {
        status: 200,
        headers,
        body: encodeCbor(operation.output === undefined ? {} : encodeCborShape(operation.output, output)),
      };
    case 'awsCbor1_1':
      return awsCbor(operation, output, headers);
    case 'awsQuery':
      return query(service, operation, output, headers, requestId);
    case 'ec2Query':
      return ec2(service, operation, output, headers, requestId);
  }
}

function awsJson(
  operation: OperationModel,
  protocol: 'awsJson1_0' | 'awsJson1_1',
  output: Output,
  headers: Record<string, string>,
): WireResponse {
  const { eventStream } = operation;
  if (eventStream !== undefined) {
    const { [eventStream.name]: events, ...rest } = output;
    headers['content-type'] = EVENT_STREAM_TYPE;
    const initial = Buffer.from(JSON.stringify(encodeJson(operation.output!, rest)));
    return {
      status: 200,
      headers,
      body: encodeEvents(eventStream.shape, events as AsyncIterable<Output>, 'json', initial),
    };
  }
  headers['content-type'] =
    protocol === 'awsJson1_0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  // Operations without an output answer an empty body, as AWS does.
  if (operation.output === undefined) return { status: 200, headers, body: '' };
  return { status: 200, headers, body: jsonBody(operation.output, output) };
}

/** What is JSON text already is put in as it is. */
function jsonBody(shape: Shape, output: Output): Buffer | string {
  const member = jsonTextOf(output);
  if (member === undefined) return JSON.stringify(encodeJson(shape, output));
  const others = shape.members.filter(({ name }) => name !== member.name);
  const rest = JSON.stringify(encodeJson(shape, output, others));
  const head = `{${JSON.stringify(member.name)}:`;
  const tail = rest === '{}' ? '}' : `,${rest.slice(1)}`;
  const { text } = member;
  return typeof text === 'string'
    ? head + text + tail
    : Buffer.concat([Buffer.from(head), text, Buffer.from(tail)]);
}

function awsCbor(operation: OperationModel, output: Output, headers: Record<string, string>): WireResponse {
  const { eventStream } = operation;
  if (eventStream !== undefined) {
    const { [eventStream.name]: events, ...rest } = output;
    headers['content-type'] = EVENT_STREAM_TYPE;
    const initial = encodeCbor(encodeCborShape(operation.output!, rest, 'milliseconds'));
    const stream = encodeEvents(eventStream.shape, events as AsyncIterable<Output>, 'cbor', initial);
    return { status: 200, headers, body: stream };
  }
  headers['content-type'] = AWS_CBOR_TYPE;
  if (operation.output === undefined) return { status: 200, headers, body: '' };
  const body = encodeCbor(encodeCborShape(operation.output, output, 'milliseconds'));
  return { status: 200, headers, body };
}

function rest(
  service: ServiceFile,
  operation: OperationModel,
  protocol: 'restJson1' | 'restXml',
  output: Output,
  headers: Record<string, string>,
  requestId: string,
): WireResponse {
  if (service.name === 's3') {
    headers['x-amz-request-id'] = requestId;
    headers['x-amz-id-2'] = requestId;
  }
  const bindings = operation.outputBindings;
  const status =
    encodeBindings(bindings, output, headers) ??
    (service.name === 's3' && output['ContentRange'] !== undefined ? 206 : (operation.file.status ?? 200));
  if (operation.output === undefined) return { status, headers, body: undefined };
  if (bindings.payload !== undefined) return payload(service, operation, protocol, output, headers, status);
  if (bindings.body.length === 0 && protocol === 'restXml') return { status, headers, body: undefined };
  if (status === 204 || status === 304) return { status, headers, body: undefined };
  if (protocol === 'restJson1') {
    headers['content-type'] = 'application/json';
    return { status, headers, body: JSON.stringify(encodeJson(operation.output, output, bindings.body)) };
  }
  headers['content-type'] = 'application/xml';
  const [attributes, content] = encodeMembers(operation.output, output);
  const root = rootName(service, operation);
  return {
    status,
    headers,
    body: `${XML_DECLARATION}<${root}${rootNamespace(service, operation)}${attributes}>${content}</${root}>`,
  };
}

/** S3's answers are named after the result, not the model's shape. */
function rootName(service: ServiceFile, operation: OperationModel): string {
  const name = operation.outputRef?.locationName ?? operation.output!.file.locationName;
  if (name !== undefined) return name;
  return service.name === 's3' ? operation.output!.name.replace(/Output$/, 'Result') : operation.output!.name;
}

function rootNamespace(service: ServiceFile, operation: OperationModel): string {
  const declared = operation.outputRef?.xmlNamespace ?? operation.output!.file.xmlNamespace;
  if (declared !== undefined)
    return namespaceAttribute(typeof declared === 'string' ? { uri: declared } : declared);
  const uri = typeof service.xmlNamespace === 'string' ? service.xmlNamespace : service.xmlNamespace?.uri;
  if (uri !== undefined) return namespaceAttribute({ uri });
  return service.name === 's3' ? namespaceAttribute({ uri: 'http://s3.amazonaws.com/doc/2006-03-01/' }) : '';
}

function payload(
  service: ServiceFile,
  operation: OperationModel,
  protocol: 'restJson1' | 'restXml',
  output: Output,
  headers: Record<string, string>,
  status: number,
): WireResponse {
  const member = operation.outputBindings.payload!;
  const value = output[member.name];
  if (member.shape.file.eventstream === true && value !== undefined) {
    headers['content-type'] ??= EVENT_STREAM_TYPE;
    const format = protocol === 'restXml' ? 'xml' : 'json';
    return {
      status,
      headers,
      body: encodeEvents(member.shape, value as AsyncIterable<Output>, format, undefined),
    };
  }
  if (value === undefined || value === null) return { status, headers, body: undefined };
  // Where the content type is a member of the output, its absence is the handler's choice.
  const chosen = operation.outputBindings.headers.some(
    ({ wireName }) => wireName.toLowerCase() === 'content-type',
  );
  switch (member.shape.type) {
    case 'blob':
      if (!chosen)
        headers['content-type'] ??=
          service.name === 'lambda' ? 'application/json' : 'application/octet-stream';
      return { status, headers, body: value as Buffer | Readable };
    case 'string':
      headers['content-type'] ??= 'text/plain';
      return { status, headers, body: String(value) };
    default:
      break;
  }
  if (protocol === 'restJson1') {
    headers['content-type'] ??= 'application/json';
    return { status, headers, body: JSON.stringify(encodeJson(member.shape, value)) };
  }
  headers['content-type'] ??= 'application/xml';
  const [attributes, content] = encodeMembers(member.shape, value as Output);
  const namespace =
    member.xmlNamespace === undefined
      ? rootNamespace(service, operation)
      : namespaceAttribute(member.xmlNamespace);
  const root = member.traits.locationName ?? member.shape.file.locationName ?? member.shape.name;
  return {
    status,
    headers,
    body: `${XML_DECLARATION}<${root}${namespace}${attributes}>${content}</${root}>`,
  };
}

function query(
  service: ServiceFile,
  operation: OperationModel,
  output: Output,
  headers: Record<string, string>,
  requestId: string,
): WireResponse {
  headers['content-type'] = 'text/xml';
  const content = operation.output === undefined ? '' : encodeMembers(operation.output, output)[1];
  const wrapper = operation.file.resultWrapper;
  const result = wrapper === undefined ? content : `<${wrapper}>${content}</${wrapper}>`;
  const uri = typeof service.xmlNamespace === 'string' ? service.xmlNamespace : service.xmlNamespace?.uri;
  const xmlns = uri === undefined ? '' : ` xmlns="${uri}"`;
  return {
    status: 200,
    headers,
    body:
      `<${operation.name}Response${xmlns}>${result}<ResponseMetadata><RequestId>${requestId}</RequestId>` +
      `</ResponseMetadata></${operation.name}Response>`,
  };
}

function ec2(
  service: ServiceFile,
  operation: OperationModel,
  output: Output,
  headers: Record<string, string>,
  requestId: string,
): WireResponse {
  headers['content-type'] = 'text/xml;charset=UTF-8';
  const content = operation.output === undefined ? '' : encodeMembers(operation.output, output)[1];
  return {
    status: 200,
    headers,
    body:
      `${XML_DECLARATION}<${operation.name}Response xmlns="http://ec2.amazonaws.com/doc/${service.apiVersion}/">` +
      `<requestId>${requestId}</requestId>${content}</${operation.name}Response>`,
  };
}
