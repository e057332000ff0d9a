/**
 * Turns a service model into the compact form of `src/generated`: what the wire needs, without
 * documentation, and nothing else. Keys are sorted, so that the same sources give the same bytes.
 */
import type { SourceModel, SourceOperation, SourceShape, SourceShapeRef } from './service-models.ts';

const SERVICE_FIELDS = [
  'apiVersion',
  'endpointPrefix',
  'jsonVersion',
  'protocol',
  'protocols',
  'serviceId',
  'signingName',
  'targetPrefix',
  'xmlNamespace',
  'awsQueryCompatible',
];
const REF_TRAITS = [
  'location',
  'locationName',
  'queryName',
  'flattened',
  'xmlNamespace',
  'xmlAttribute',
  'streaming',
  'jsonvalue',
  'timestampFormat',
  'eventheader',
  'eventpayload',
  'hostLabel',
  'idempotencyToken',
];
const SHAPE_TRAITS = [
  'min',
  'max',
  'pattern',
  'enum',
  'flattened',
  'locationName',
  'payload',
  'streaming',
  'timestampFormat',
  'xmlNamespace',
  'xmlOrder',
  'eventstream',
  'event',
  'exception',
  'fault',
  'error',
  'union',
  'document',
  'box',
  'wrapper',
];

/** Operations that AWS replaced by others on the very same method and path; current clients lack them. */
const REPLACED_OPERATIONS: Readonly<Record<string, ReadonlySet<string>>> = {
  s3: new Set(['GetBucketLifecycle', 'GetBucketNotification', 'PutBucketLifecycle', 'PutBucketNotification']),
};

export type CompactModel = {
  readonly service: Record<string, unknown>;
  readonly operations: Record<string, Record<string, unknown>>;
  readonly shapes: Record<string, Record<string, unknown>>;
};

export function compactModel(name: string, model: SourceModel): CompactModel {
  const { metadata } = model;
  const operations = Object.fromEntries(
    Object.entries(model.operations).filter(
      ([operation]) => REPLACED_OPERATIONS[name]?.has(operation) !== true,
    ),
  );
  const service = pick(metadata, SERVICE_FIELDS);
  service['name'] = name;
  service['signingName'] ??= metadata['endpointPrefix'];
  service['protocols'] ??= [metadata['protocol']];
  delete service['protocol'];
  const shapes: CompactModel['shapes'] = {};
  for (const shapeName of [...reachable(model)].sort())
    shapes[shapeName] = compactShape(model.shapes[shapeName]!);
  return { service: sorted(service), operations: mapSorted(operations, compactOperation), shapes };
}

function compactOperation(operation: SourceOperation): Record<string, unknown> {
  return sorted({
    method: operation.http.method,
    uri: operation.http.requestUri,
    ...(operation.http.responseCode === undefined ? {} : { status: operation.http.responseCode }),
    ...(operation.input === undefined ? {} : { input: compactRef(operation.input) }),
    ...(operation.output === undefined ? {} : { output: compactRef(operation.output) }),
    ...(operation.output?.resultWrapper === undefined
      ? {}
      : { resultWrapper: operation.output.resultWrapper }),
    ...(operation['requestcompression'] === undefined ? {} : { requestCompression: true }),
    ...(operation.errors === undefined ? {} : { errors: operation.errors.map(({ shape }) => shape) }),
  });
}

/** A reference without traits is just the shape's name. */
function compactRef(ref: SourceShapeRef): unknown {
  const traits = pick(ref, REF_TRAITS);
  return Object.keys(traits).length === 0 ? ref.shape : sorted({ shape: ref.shape, ...traits });
}

function compactShape(shape: SourceShape): Record<string, unknown> {
  const compact = pick(shape, SHAPE_TRAITS);
  // A list's own name is no member's name on the wire, as the AWS SDK reads it; only items are named by theirs.
  if (shape.type === 'list') delete compact['locationName'];
  return sorted({
    type: shape.type,
    ...compact,
    ...(shape.required === undefined || shape.required.length === 0 ? {} : { required: shape.required }),
    ...(shape.members === undefined ? {} : { members: mapKept(shape.members, compactRef) }),
    ...(shape.member === undefined ? {} : { member: compactRef(shape.member) }),
    ...(shape.key === undefined ? {} : { key: compactRef(shape.key) }),
    ...(shape.value === undefined ? {} : { value: compactRef(shape.value) }),
  });
}

function reachable(model: SourceModel): Set<string> {
  const seen = new Set<string>();
  const visit = (ref: SourceShapeRef | undefined): void => {
    if (ref === undefined || seen.has(ref.shape)) return;
    seen.add(ref.shape);
    const shape = model.shapes[ref.shape]!;
    for (const member of Object.values(shape.members ?? {})) visit(member);
    visit(shape.member);
    visit(shape.key);
    visit(shape.value);
  };
  for (const operation of Object.values(model.operations)) {
    visit(operation.input);
    visit(operation.output);
    for (const error of operation.errors ?? []) visit(error);
  }
  return seen;
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (from[name] !== undefined && from[name] !== false) picked[name] = from[name];
  return picked;
}

function sorted(from: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mapSorted<T>(from: Readonly<Record<string, T>>, map: (value: T) => Record<string, unknown>) {
  return Object.fromEntries(
    Object.keys(from)
      .sort()
      .map((key) => [key, map(from[key]!)]),
  );
}

/** Members keep their order: AWS checks and serialises them in it. */
function mapKept<T>(from: Readonly<Record<string, T>>, map: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]));
}
