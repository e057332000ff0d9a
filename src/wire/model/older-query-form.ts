/**
 * SQS spoke Query before JSON, and AWS goes on answering the clients of that time. Its model has
 * forgotten the names they use on the wire; they are kept here, from the API reference's examples.
 */
import type {
  MatchedOperation,
  ServiceModel,
  WireRequest,
  WireRequestHead,
  WireResponse,
} from '../contract.ts';
import type { ModelFile, OperationFile, RefFile, ShapeFile } from './model-file.ts';

/** Members by the name they have here, with their names in forms and XML. */
const MEMBER_NAMES: Readonly<Record<string, string>> = {
  AWSAccountIds: 'AWSAccountId',
  Actions: 'ActionName',
  AttributeNames: 'AttributeName',
  Attributes: 'Attribute',
  BinaryListValues: 'BinaryListValue',
  Failed: 'BatchResultErrorEntry',
  MessageAttributeNames: 'MessageAttributeName',
  MessageAttributes: 'MessageAttribute',
  MessageSystemAttributeNames: 'MessageSystemAttributeName',
  MessageSystemAttributes: 'MessageSystemAttribute',
  Messages: 'Message',
  QueueUrls: 'QueueUrl',
  Results: 'ListMessageMoveTasksResultEntry',
  StringListValues: 'StringListValue',
  TagKeys: 'TagKey',
  Tags: 'Tag',
  queueUrls: 'QueueUrl',
  tags: 'Tag',
};
const TAG_ENTRY = { key: 'Key', value: 'Value' };
const ATTRIBUTE_ENTRY = { key: 'Name', value: 'Value' };
const NAMESPACE = 'http://queue.amazonaws.com/doc/2012-11-05/';

/** The model as it was when Query was the protocol of the service. */
export function olderQueryForm(file: ModelFile): ModelFile {
  const { awsQueryCompatible: _, targetPrefix: _target, jsonVersion: _version, ...service } = file.service;
  return {
    service: { ...service, protocols: ['query'], xmlNamespace: NAMESPACE },
    operations: mapped(file.operations, withResult),
    shapes: mapped(file.shapes, withOlderNames),
  };
}

function withResult(operation: OperationFile, name: string): OperationFile {
  return operation.output === undefined ? operation : { ...operation, resultWrapper: `${name}Result` };
}

function withOlderNames(shape: ShapeFile, name: string): ShapeFile {
  if (shape.type === 'map') {
    const names = name === 'TagMap' ? TAG_ENTRY : ATTRIBUTE_ENTRY;
    return { ...shape, key: named(shape.key!, names.key), value: named(shape.value!, names.value) };
  }
  if (shape.members === undefined) return shape;
  return {
    ...shape,
    members: mapped(shape.members, (ref, member) => {
      const older = MEMBER_NAMES[member] ?? entryName(ref, member);
      return older === undefined ? ref : named(ref, older);
    }),
  };
}

/** The entries of a batch are called as their shape is: `SendMessageBatchRequestEntry.1.Id`. */
function entryName(ref: RefFile, member: string): string | undefined {
  if (member !== 'Entries' && member !== 'Successful') return undefined;
  const shape = typeof ref === 'string' ? ref : ref.shape;
  return shape.slice(0, -'List'.length);
}

function named(ref: RefFile, locationName: string): RefFile {
  return { ...(typeof ref === 'string' ? { shape: ref } : ref), locationName };
}

function mapped<T>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

const QUEUE_PATH = /^\/\d{12}\/[^/]+\/?$/;

/** A service that takes both forms: JSON requests name their operation in a header, the older ones do not. */
export class ModelOfTwoForms implements ServiceModel {
  readonly name: string;
  readonly operationNames: readonly string[];
  readonly acceptsGzip: boolean;
  private readonly json: ServiceModel;
  private readonly query: ServiceModel;

  constructor(json: ServiceModel, query: ServiceModel) {
    this.name = json.name;
    this.operationNames = json.operationNames;
    this.acceptsGzip = json.acceptsGzip;
    this.json = json;
    this.query = query;
  }

  match(head: WireRequestHead, body?: Buffer): MatchedOperation | undefined {
    return isOlder(head) ? this.query.match(withQueueUrl(head), body) : this.json.match(head, body);
  }

  decode(match: MatchedOperation, request: WireRequest): unknown {
    return this.of(match).decode(match, request);
  }

  decodePlain(operation: string, input: object): unknown {
    return this.json.decodePlain(operation, input);
  }

  encodeOutput(match: MatchedOperation, output: unknown, requestId: string): WireResponse {
    return this.of(match).encodeOutput(match, output, requestId);
  }

  encodeError(
    match: MatchedOperation | undefined,
    head: WireRequestHead,
    error: Error,
    requestId: string,
  ): WireResponse {
    return (isOlder(head) ? this.query : this.json).encodeError(match, head, error, requestId);
  }

  private of(match: MatchedOperation): ServiceModel {
    return match.protocol === 'awsQuery' ? this.query : this.json;
  }
}

function isOlder({ headers }: WireRequestHead): boolean {
  return headers['x-amz-target'] === undefined && headers['smithy-protocol'] === undefined;
}

/** The older clients send to the queue's URL itself; a `QueueUrl` in the form goes before it. */
function withQueueUrl(head: WireRequestHead): WireRequestHead {
  if (!QUEUE_PATH.test(head.path)) return head;
  const url = encodeURIComponent(`http://${head.headers.host ?? 'localhost'}${head.path}`);
  return { ...head, query: `QueueUrl=${url}&${head.query}` };
}
