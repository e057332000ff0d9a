/**
 * The AWS SDK's packages are newer than the service models: operations, structures and members that
 * only they know are added from their schemas, which have no constraints.
 */
import type { SourceModel, SourceOperation, SourceShape, SourceShapeRef } from './service-models.ts';

type Schema = number | string | readonly unknown[] | (() => Schema);
type Traits = Readonly<Record<string, unknown>>;

/** Kinds of schema tuples and numbers of simple types, as `@smithy/types` defines them. */
const KIND = { simple: 0, list: 1, map: 2, structure: 3, union: 4, error: -3, operation: 9 } as const;
const LIST_OF = 64;
const MAP_OF = 128;
const SIMPLE: Readonly<Record<number, SourceShape>> = {
  0: { type: 'string' },
  1: { type: 'double' },
  2: { type: 'boolean' },
  4: { type: 'timestamp' },
  5: { type: 'timestamp', timestampFormat: 'iso8601' },
  6: { type: 'timestamp', timestampFormat: 'rfc822' },
  7: { type: 'timestamp', timestampFormat: 'unixTimestamp' },
  15: { type: 'structure', document: true, members: {} },
  17: { type: 'long' },
  19: { type: 'double' },
  21: { type: 'blob' },
  42: { type: 'blob', streaming: true },
};

export interface Additions {
  readonly model: SourceModel;
  /** What was added: operation names, and `Shape.Member`. */
  readonly added: readonly string[];
}

export function addFromSdk(model: SourceModel, sdk: Readonly<Record<string, unknown>>): Additions {
  const operations = { ...model.operations };
  const shapes: Record<string, SourceShape> = { ...model.shapes };
  const added: string[] = [];

  const refOf = (schema: Schema, traits: Traits = {}): SourceShapeRef => {
    const resolved = resolve(schema);
    if (Array.isArray(resolved) && resolved.length === 2) {
      return refOf(resolved[0] as Schema, { ...traitsOf(resolved[1]), ...traits });
    }
    return { shape: shapeOf(resolved), ...bindings(traits) };
  };
  const shapeOf = (schema: Schema): string => {
    if (typeof schema === 'number') return simpleShape(schema);
    const tuple = schema as readonly unknown[];
    const kind = tuple[0] as number;
    const name = tuple[2] as string;
    if (kind === KIND.simple) return simpleShape(resolve(tuple[4] as Schema) as number);
    if (shapes[name] !== undefined) return name;
    if (kind === KIND.list) shapes[name] = { type: 'list', member: refOf(tuple[4] as Schema) };
    else if (kind === KIND.map) {
      shapes[name] = { type: 'map', key: refOf(tuple[4] as Schema), value: refOf(tuple[5] as Schema) };
    } else {
      shapes[name] = { type: 'structure', members: {} };
      shapes[name] = structure(tuple);
    }
    added.push(name);
    return name;
  };
  const simpleShape = (type: number): string => {
    if (type >= MAP_OF) {
      const name = `SdkMapOf${type - MAP_OF}`;
      shapes[name] ??= { type: 'map', key: refOf(0), value: refOf(type - MAP_OF) };
      return name;
    }
    if (type >= LIST_OF) {
      const name = `SdkListOf${type - LIST_OF}`;
      shapes[name] ??= { type: 'list', member: refOf(type - LIST_OF) };
      return name;
    }
    const name = `SdkSimple${type}`;
    shapes[name] ??= SIMPLE[type]!;
    return name;
  };
  const structure = (tuple: readonly unknown[]): SourceShape => {
    const names = tuple[4] as readonly string[];
    const refs = tuple[5] as readonly Schema[];
    const members = Object.fromEntries(names.map((member, index) => [member, refOf(refs[index]!)]));
    const payload = names.find((member) => members[member]!['sdkPayload'] === true);
    const traits = traitsOf(tuple[3]);
    return {
      type: 'structure',
      required: names.slice(0, (tuple[6] as number | undefined) ?? 0),
      ...(tuple[0] === KIND.union ? { union: true } : {}),
      ...(tuple[0] === KIND.error ? { exception: true } : {}),
      ...(typeof traits['httpError'] === 'number' ? { error: { httpStatusCode: traits['httpError'] } } : {}),
      ...(payload === undefined ? {} : { payload }),
      members,
    };
  };

  for (const [exported, value] of Object.entries(sdk)) {
    if (!exported.endsWith('$') || !Array.isArray(value)) continue;
    const [kind, , name] = value as [number, string, string];
    if (kind === KIND.operation) {
      const known = operations[name];
      const fresh = operationOf(value, refOf);
      if (known === undefined) {
        // Query services wrap every result in an element named after the operation.
        const wrapped =
          fresh.output === undefined
            ? fresh
            : { ...fresh, output: { ...fresh.output, resultWrapper: `${name}Result` } };
        operations[name] = model.metadata['protocol'] === 'query' ? wrapped : fresh;
        added.push(name);
      } else if (known.output === undefined && fresh.output !== undefined) {
        operations[name] = { ...known, output: fresh.output };
        added.push(`${name}.output`);
      }
    }
    if ((kind === KIND.structure || kind === KIND.union) && model.shapes[name]?.type === 'structure') {
      addMembers(name, value, shapes, refOf, added);
    }
    const speaksQuery = model.metadata['awsQueryCompatible'] !== undefined;
    if (speaksQuery && kind === KIND.error && shapes[name]?.['error'] === undefined) {
      const error = queryError(traitsOf(value[3]));
      if (error === undefined || shapes[name] === undefined) continue;
      shapes[name] = { ...shapes[name], error };
      added.push(`${name} as ${error.code}`);
    }
  }
  return { model: { ...model, operations, shapes }, added };
}

/** The code that clients of the former Query API know the error by; SQS's service model has lost them. */
function queryError(
  traits: Traits,
): { code: string; httpStatusCode: number; senderFault: boolean } | undefined {
  const named = traits['awsQueryError'] as readonly [string, number] | undefined;
  if (named === undefined) return undefined;
  const [code, httpStatusCode] = named;
  return { code, httpStatusCode, senderFault: traits['error'] === 'client' };
}

function addMembers(
  name: string,
  tuple: readonly unknown[],
  shapes: Record<string, SourceShape>,
  refOf: (schema: Schema) => SourceShapeRef,
  added: string[],
): void {
  const known = shapes[name]!;
  const members = { ...known.members };
  for (const [index, member] of (tuple[4] as readonly string[]).entries()) {
    const known = members[member];
    const fresh = refOf((tuple[5] as readonly Schema[])[index]!);
    if (known === undefined) members[member] = fresh;
    else if (shapes[known.shape]?.type === 'string' && fresh.shape === 'SdkSimple1') {
      // CloudFront's paging members are text in the service model, and numbers for every client.
      shapes['SdkInteger'] ??= { type: 'integer' };
      members[member] = { ...known, shape: 'SdkInteger' };
    } else if (shapes[known.shape]?.type === 'integer' && fresh.shape === 'SdkSimple0') {
      // S3's PartNumberMarker, the other way round.
      members[member] = { ...known, shape: 'SdkSimple0' };
    } else continue;
    added.push(`${name}.${member}`);
  }
  shapes[name] = { ...known, members };
}

function operationOf(value: readonly unknown[], refOf: (schema: Schema) => SourceShapeRef): SourceOperation {
  const [method, uri, status] = (traitsOf(value[3])['http'] ?? ['POST', '/', 200]) as [
    string,
    string,
    number,
  ];
  const input = resolve(value[4] as Schema);
  const output = resolve(value[5] as Schema);
  const isUnit = (schema: Schema): boolean => schema === 'unit';
  return {
    http: { method, requestUri: uri, responseCode: status },
    ...(isUnit(input) ? {} : { input: refOf(input) }),
    ...(isUnit(output) ? {} : { output: refOf(output) }),
  };
}

/** HTTP bindings of a member in the words of the service models. */
function bindings(traits: Traits): Record<string, unknown> {
  const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders, httpResponseCode, jsonName, xmlName } = traits;
  const { ec2QueryName } = traits;
  return {
    ...(httpLabel === undefined ? {} : { location: 'uri' }),
    ...(httpQuery === undefined ? {} : { location: 'querystring', locationName: httpQuery }),
    ...(httpHeader === undefined ? {} : { location: 'header', locationName: httpHeader }),
    ...(httpPrefixHeaders === undefined ? {} : { location: 'headers', locationName: httpPrefixHeaders }),
    ...(httpResponseCode === undefined ? {} : { location: 'statusCode' }),
    ...(traits['httpPayload'] === undefined ? {} : { sdkPayload: true }),
    ...(jsonName === undefined && xmlName === undefined ? {} : { locationName: jsonName ?? xmlName }),
    ...(ec2QueryName === undefined ? {} : { queryName: ec2QueryName }),
    ...(traits['xmlFlattened'] === undefined ? {} : { flattened: true }),
    ...(traits['idempotencyToken'] === undefined ? {} : { idempotencyToken: true }),
  };
}

/** Traits are an object, or a bit set of those that are only there or not. */
function traitsOf(traits: unknown): Traits {
  if (typeof traits === 'object' && traits !== null) return traits as Traits;
  const bits = typeof traits === 'number' ? traits : 0;
  return {
    ...(bits & 1 ? { httpLabel: 1 } : {}),
    ...(bits & 4 ? { idempotencyToken: 1 } : {}),
    ...(bits & 16 ? { httpPayload: 1 } : {}),
    ...(bits & 32 ? { httpResponseCode: 1 } : {}),
  };
}

function resolve(schema: Schema): Schema {
  let resolved = schema;
  while (typeof resolved === 'function') resolved = resolved();
  return resolved;
}
