/** botocore's vectors for every AWS protocol, read in place, each with the model it carries. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import type { ModelFile, OperationFile } from '../../src/wire/model/model-file.ts';
import type { OperationModel } from '../../src/wire/model/operation.ts';
import { operationModel } from '../../src/wire/model/operation.ts';
import type { Shape } from '../../src/wire/model/shape.ts';
import { linkShapes } from '../../src/wire/model/shape.ts';
import { compactModel } from '../../tools/gen-model/compact-model.ts';
import type { SourceOperation, SourceShape } from '../../tools/gen-model/service-models.ts';
import { recordedJson, recordedPath } from '../kit/recorded.ts';

interface Suite {
  readonly description: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly shapes: Readonly<Record<string, SourceShape>>;
  readonly cases: readonly RecordedCase[];
}

interface RecordedCase {
  /** Not in every case. */
  readonly id?: string;
  readonly description?: string;
  readonly given: SourceOperation & { readonly name: string };
}

/** What a client was given and what it sent. */
export interface InputCase extends RecordedCase {
  readonly params: Readonly<Record<string, unknown>>;
  readonly serialized: {
    readonly method: string;
    readonly uri: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Base64 for CBOR, else text. */
    readonly body?: string;
  };
}

/** What a server sent and what a client read, a result or an error. */
export interface OutputCase extends RecordedCase {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: Readonly<Record<string, unknown>>;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly response: {
    readonly status_code: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

export interface Vector<Case> {
  /** File, suite and case, as the lists of exceptions name it. */
  readonly name: string;
  readonly case: Case;
  readonly file: ModelFile;
  readonly operation: OperationModel;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly isCbor: boolean;
}

export function vectors<Case extends RecordedCase>(direction: 'input' | 'output'): Vector<Case>[] {
  const found: Vector<Case>[] = [];
  for (const fileName of readdirSync(recordedPath('protocol-tests', direction)).sort()) {
    const protocol = basename(fileName, '.json');
    for (const suite of recordedJson<Suite[]>('protocol-tests', direction, fileName)) {
      suite.cases.forEach((recorded, index) => {
        const { given } = recorded;
        const model = compactModel(protocol, {
          metadata: suite.metadata,
          operations: { [given.name]: given },
          shapes: suite.shapes,
        }) as unknown as ModelFile;
        const shapes = linkShapes(model);
        const operation = operationModel(given.name, withWrapper(protocol, given.name, model), shapes);
        found.push({
          name: `${protocol}: ${recorded.id ?? `${suite.description} ${index}`}`,
          case: recorded as Case,
          file: model,
          operation,
          shapes,
          isCbor: protocol.includes('cbor'),
        });
      });
    }
  }
  return found;
}

/** Models of Query services name the element around the result; those of the vectors leave it out. */
function withWrapper(protocol: string, name: string, model: ModelFile): OperationFile {
  const operation = model.operations[name]!;
  return protocol === 'query' && operation.output !== undefined
    ? { ...operation, resultWrapper: `${name}Result` }
    : operation;
}

/** The vectors write bytes as text, points in time as seconds and what JSON lacks as words. */
export function fromRecorded(shape: Shape, value: unknown): unknown {
  if (value === null || value === undefined || shape.file.document === true) return value;
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(value).map(([name, held]) => {
          const member = shape.byName.get(name);
          return [name, member === undefined ? held : fromRecorded(member.shape, held)];
        }),
      );
    case 'list':
      return (value as unknown[]).map((item) => fromRecorded(shape.member!.shape, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value).map(([key, held]) => [key, fromRecorded(shape.value!.shape, held)]),
      );
    case 'blob':
      return Buffer.from(String(value));
    case 'timestamp':
      return typeof value === 'number' ? new Date(Math.round(value * 1_000)) : new Date(String(value));
    case 'float':
    case 'double':
      return Number(value);
    default:
      return value;
  }
}

export function lowerCaseNames(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
