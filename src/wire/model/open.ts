/** Opens a generated model as a `ServiceModel`: everything is compiled here, once. */
import { Readable } from 'node:stream';
import { AwsError } from '../../core/errors.ts';
import type {
  MatchedOperation,
  OpenServiceModel,
  ProtocolName,
  ServiceModel,
  WireRequest,
  WireRequestHead,
  WireResponse,
} from '../contract.ts';
import { decodeCbor } from '../protocols/cbor.ts';
import { AWS_CBOR_TYPE, decodeCborShape } from '../protocols/cbor-codec.ts';
import { errorResponse } from '../protocols/error-response.ts';
import { decodeJson, parseJsonBody } from '../protocols/json-codec.ts';
import { outputResponse } from '../protocols/output-response.ts';
import { decodeQuery } from '../protocols/query-codec.ts';
import { decodeBindings } from '../protocols/rest-bindings.ts';
import { serializationError } from '../protocols/serialization-error.ts';
import { decodeXml } from '../protocols/xml-codec.ts';
import { parseXml } from '../protocols/xml-document.ts';
import { violatedConstraints } from './constraints.ts';
import type { ModelFile, ServiceFile } from './model-file.ts';
import { readModelFile } from './model-file.ts';
import { ModelOfTwoForms, olderQueryForm } from './older-query-form.ts';
import type { OperationModel } from './operation.ts';
import { operationModel } from './operation.ts';
import {
  CHECKED_BY_HANDLER,
  COPY_SOURCE_OPERATIONS,
  ROOTED_PATHS,
  SERVICES_OF_TWO_FORMS,
  UNCHECKED_SERVICES,
  VALIDATION_CODES,
} from './peculiarities.ts';
import { wireJson } from './plain-input.ts';
import { RouteTable } from './route-table.ts';
import type { Shape } from './shape.ts';
import { linkShapes } from './shape.ts';

export const openServiceModel: OpenServiceModel = (name) => {
  const file = readModelFile(name);
  if (file === undefined) return undefined;
  const model = new GeneratedModel(file);
  return SERVICES_OF_TWO_FORMS.has(name)
    ? new ModelOfTwoForms(model, new GeneratedModel(olderQueryForm(file)))
    : model;
};

/** The same in its newer form alone, for clients, and for tests that read requests without checking constraints. */
export function openGeneratedModel(name: string): GeneratedModel | undefined {
  const file = readModelFile(name);
  return file === undefined ? undefined : new GeneratedModel(file);
}

export interface Match extends MatchedOperation {
  readonly model: OperationModel;
  readonly labels: Readonly<Record<string, string>>;
  readonly query: URLSearchParams | undefined;
  /** The parsed form of a Query request, so that its body is read once. */
  readonly form: URLSearchParams | undefined;
}

const NO_LABELS = {};

export class GeneratedModel implements ServiceModel {
  readonly name: string;
  readonly operationNames: readonly string[];
  readonly acceptsGzip: boolean;
  readonly service: ServiceFile;
  private readonly shapes: ReadonlyMap<string, Shape>;
  private readonly operations = new Map<string, OperationModel>();
  private readonly routes: RouteTable | undefined;
  /** Error shapes by name and by the code that Query knows them by. */
  private readonly errors = new Map<string, Shape>();
  /** Query codes that more than one error has. */
  private readonly ambiguousCodes = new Set<string>();

  constructor(file: ModelFile) {
    this.name = file.service.name;
    this.service = file.service;
    this.operationNames = Object.keys(file.operations).sort();
    this.acceptsGzip = Object.values(file.operations).some(({ requestCompression }) => requestCompression);
    this.shapes = linkShapes(file);
    for (const [name, operation] of Object.entries(file.operations)) {
      this.operations.set(name, operationModel(name, operation, this.shapes));
    }
    if (file.service.protocols.some((protocol) => protocol.startsWith('rest-'))) {
      this.routes = new RouteTable(file.operations, (name) => this.requiredQuery(name));
    }
    for (const shape of this.shapes.values()) {
      if (shape.file.exception !== true && shape.file.error === undefined) continue;
      const code = shape.file.error?.code;
      if (code === undefined) continue;
      if (this.errors.has(code)) this.ambiguousCodes.add(code);
      this.errors.set(code, shape);
    }
    for (const shape of this.shapes.values()) {
      if (shape.file.exception === true || shape.file.error !== undefined) this.errors.set(shape.name, shape);
    }
  }

  operation(name: string): OperationModel | undefined {
    return this.operations.get(name);
  }

  /** Of a modelled error, by its name or by the code that Query knows it by. */
  errorShape(code: string): Shape | undefined {
    return this.errors.get(code);
  }

  inputOf(operation: string): Shape | undefined {
    return this.operations.get(operation)?.input;
  }

  match(head: WireRequestHead, body?: Buffer): Match | undefined {
    const protocol = this.protocolOf(head);
    switch (protocol) {
      case 'restJson1':
      case 'restXml':
        return this.matchRest(head, protocol);
      case 'awsJson1_0':
      case 'awsJson1_1':
      case 'awsCbor1_1': {
        const target = String(head.headers['x-amz-target'] ?? '');
        return this.matched(target.slice(target.lastIndexOf('.') + 1), protocol, target);
      }
      case 'rpcv2Cbor': {
        const name = head.path.slice(head.path.lastIndexOf('/') + 1);
        return this.matched(name, protocol, name);
      }
      default:
        return this.matchQuery(head, body, protocol);
    }
  }

  decode(matched: MatchedOperation, request: WireRequest): unknown {
    const match = matched as Match;
    return this.checked(match.model, this.parse(match, request));
  }

  decodePlain(operation: string, input: object): unknown {
    const model = this.operations.get(operation);
    if (model === undefined) return undefined;
    if (model.input === undefined) return {};
    const decoded = decodeJson(model.input, wireJson(model.input, input)) as Record<string, unknown>;
    const checked = this.checked(model, decoded);
    const { payload } = model.inputBindings;
    if (!model.streamsInput || payload === undefined) return checked;
    return { ...checked, [payload.name]: Readable.from([decoded[payload.name] ?? Buffer.alloc(0)]) };
  }

  private checked(model: OperationModel, input: Record<string, unknown>): Record<string, unknown> {
    if (model.input !== undefined && !UNCHECKED_SERVICES.has(this.name)) {
      const message = violatedConstraints(model.input, input, {
        root: ROOTED_PATHS.has(this.name) ? lowerFirst(`${model.name}Input`) : '',
        unchecked: CHECKED_BY_HANDLER[this.name],
      });
      if (message !== undefined)
        throw new AwsError(VALIDATION_CODES[this.name] ?? 'ValidationException', message, {}, 400);
    }
    return input;
  }

  encodeOutput(matched: MatchedOperation, output: unknown, requestId: string): WireResponse {
    const { model, protocol } = matched as Match;
    return outputResponse(
      this.service,
      model,
      protocol,
      (output ?? {}) as Record<string, unknown>,
      requestId,
    );
  }

  encodeError(
    match: MatchedOperation | undefined,
    head: WireRequestHead,
    error: Error,
    requestId: string,
  ): WireResponse {
    const awsError =
      error instanceof AwsError
        ? error
        : new AwsError('InternalFailure', 'The request failed because of an internal error.', {}, 500);
    const shape = this.errors.get(awsError.code);
    return errorResponse(awsError, {
      service: this.service,
      protocol: match?.protocol ?? this.protocolOf(head),
      shape,
      ambiguousCode: this.ambiguousCodes.has(shape?.file.error?.code ?? ''),
      requestId,
    });
  }

  /** The typed input, its constraints unchecked. */
  parse(matched: MatchedOperation, request: WireRequest): Record<string, unknown> {
    const match = matched as Match;
    const { model } = match;
    if (model.input === undefined) return {};
    switch (match.protocol) {
      case 'restJson1':
      case 'restXml':
        return this.decodeRest(match, request);
      case 'awsJson1_0':
      case 'awsJson1_1':
        return decodeJson(model.input, parseJsonBody(wholeBody(request))) as Record<string, unknown>;
      case 'rpcv2Cbor':
      case 'awsCbor1_1': {
        const body = wholeBody(request);
        const unit = match.protocol === 'awsCbor1_1' ? 'milliseconds' : 'seconds';
        return body.length === 0
          ? {}
          : (decodeCborShape(model.input, decodeCbor(body), unit) as Record<string, unknown>);
      }
      default:
        return decodeQuery(model.input, match.form!, match.protocol);
    }
  }

  private decodeRest(match: Match, request: WireRequest): Record<string, unknown> {
    const { model } = match;
    const bindings = model.inputBindings;
    const input: Record<string, unknown> = {};
    decodeBindings(
      bindings,
      { labels: match.labels, query: match.query, routeQuery: model.routeQuery, headers: request.headers },
      input,
    );
    const { payload } = bindings;
    if (payload !== undefined) {
      const { shape } = payload;
      if (shape.type === 'blob') {
        const empty = Buffer.isBuffer(request.body) && request.body.length === 0;
        if (!empty) input[payload.name] = request.body;
        return input;
      }
      const body = wholeBody(request);
      if (body.length === 0 || shape.file.eventstream === true) return input;
      if (shape.type === 'string') input[payload.name] = body.toString();
      else if (match.protocol === 'restXml')
        input[payload.name] = decodeXml(shape, parseXml(body.toString()));
      else input[payload.name] = decodeJson(shape, parseJsonBody(body));
      return input;
    }
    if (bindings.body.length === 0) return input;
    const body = wholeBody(request);
    if (body.length === 0) return input;
    const decoded =
      match.protocol === 'restXml'
        ? decodeXml(model.input!, parseXml(body.toString()))
        : decodeJson(model.input!, parseJsonBody(body), bindings.body);
    return Object.assign(input, decoded);
  }

  private matchRest(head: WireRequestHead, protocol: ProtocolName): Match {
    const query = head.query === '' ? undefined : new URLSearchParams(head.query);
    const isS3 = this.name === 's3';
    const route = this.routes!.match(
      head.method,
      head.path,
      query,
      isS3 ? s3Refusal(head, query) : undefined,
    );
    if (route === undefined) throw this.unknownOperation(`${head.method} ${head.path}`);
    const model = this.operations.get(route.operation)!;
    return {
      operation: model.name,
      protocol,
      streamsInput: model.streamsInput,
      model,
      labels: route.labels,
      query,
      form: undefined,
    };
  }

  /** Several operations of S3 share a URI and differ in the parameters they need. */
  private requiredQuery(operation: string): string[] {
    if (this.name !== 's3') return [];
    const members = this.operations.get(operation)!.input?.members ?? [];
    return members
      .filter(({ required, traits }) => required && traits.location === 'querystring')
      .map(({ wireName }) => wireName);
  }

  private matchQuery(
    head: WireRequestHead,
    body: Buffer | undefined,
    protocol: ProtocolName,
  ): Match | undefined {
    if (head.method !== 'GET' && body === undefined) return undefined;
    const form = new URLSearchParams(head.query);
    if (body !== undefined)
      for (const [name, value] of new URLSearchParams(body.toString())) form.append(name, value);
    const action = form.get('Action') ?? '';
    const match = this.matched(action, protocol, action);
    return { ...match, form };
  }

  private matched(name: string, protocol: ProtocolName, shown: string): Match {
    const model = this.operations.get(name);
    if (model === undefined) throw this.unknownOperation(shown, protocol);
    return {
      operation: name,
      protocol,
      streamsInput: model.streamsInput,
      model,
      labels: NO_LABELS,
      query: undefined,
      form: undefined,
    };
  }

  private unknownOperation(shown: string, protocol?: ProtocolName): AwsError {
    if (protocol === 'awsQuery' || protocol === 'ec2Query') {
      return new AwsError('InvalidAction', `The action ${shown} is not valid for this web service.`, {}, 400);
    }
    if (this.name === 's3') {
      return new AwsError(
        'MethodNotAllowed',
        'The specified method is not allowed against this resource.',
        {},
        405,
      );
    }
    return new AwsError('UnknownOperationException', `Unknown operation: ${shown}`, {}, 404);
  }

  /** The protocol of a request, from its head alone. */
  private protocolOf(head: WireRequestHead): ProtocolName {
    const { protocols, jsonVersion } = this.service;
    if (head.headers['smithy-protocol'] === 'rpc-v2-cbor' && protocols.includes('smithy-rpc-v2-cbor'))
      return 'rpcv2Cbor';
    const json = jsonVersion === '1.0' ? 'awsJson1_0' : 'awsJson1_1';
    if (head.headers['x-amz-target'] !== undefined && protocols.includes('json')) {
      const type = String(head.headers['content-type'] ?? '');
      if (type.startsWith(AWS_CBOR_TYPE)) return 'awsCbor1_1';
      return type.includes('json-1.1') ? 'awsJson1_1' : json;
    }
    if (protocols.includes('rest-json')) return 'restJson1';
    if (protocols.includes('rest-xml')) return 'restXml';
    if (protocols.includes('ec2')) return 'ec2Query';
    if (protocols.includes('query')) return 'awsQuery';
    return json;
  }
}

/**
 * What S3's routes do not tell apart: copies and uploads (a header), and the two lists of buckets,
 * which on AWS live on different hosts; there the hint that the JavaScript SDK sends decides.
 */
function s3Refusal(
  head: WireRequestHead,
  query: URLSearchParams | undefined,
): (operation: string) => boolean {
  const isCopy = head.headers['x-amz-copy-source'] !== undefined;
  const isDirectory = query?.get('x-id') === 'ListDirectoryBuckets';
  return (operation) => {
    if (COPY_SOURCE_OPERATIONS[operation] === true) return !isCopy;
    if (operation === 'PutObject' || operation === 'UploadPart') return isCopy;
    if (operation === 'ListDirectoryBuckets') return !isDirectory;
    return operation === 'ListBuckets' && isDirectory;
  };
}

function wholeBody(request: WireRequest): Buffer {
  if (!Buffer.isBuffer(request.body)) throw serializationError('The request body could not be read.');
  return request.body;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
