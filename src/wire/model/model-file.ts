/** The compact form of an AWS service model, as `npm run generate` writes it to `src/generated`. */
import { readFileSync } from 'node:fs';

export interface ServiceFile {
  readonly name: string;
  readonly apiVersion: string;
  readonly endpointPrefix: string;
  readonly signingName: string;
  readonly serviceId?: string;
  /** Protocols that clients may speak, in the model's words: `rest-json`, `smithy-rpc-v2-cbor`, … */
  readonly protocols: readonly string[];
  readonly jsonVersion?: string;
  readonly targetPrefix?: string;
  readonly xmlNamespace?: string | { readonly uri: string };
  readonly awsQueryCompatible?: unknown;
}

export interface RefTraits {
  readonly shape: string;
  readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlNamespace?: XmlNamespace;
  readonly xmlAttribute?: boolean;
  readonly streaming?: boolean;
  readonly jsonvalue?: boolean;
  readonly timestampFormat?: TimestampFormat;
  readonly eventheader?: boolean;
  readonly eventpayload?: boolean;
}

export type RefFile = string | RefTraits;

export interface XmlNamespace {
  readonly uri: string;
  readonly prefix?: string;
}

export type TimestampFormat = 'iso8601' | 'rfc822' | 'unixTimestamp';

export type ShapeType =
  | 'string'
  | 'character'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'timestamp'
  | 'blob'
  | 'list'
  | 'map'
  | 'structure';

export interface ShapeFile {
  readonly type: ShapeType;
  readonly members?: Readonly<Record<string, RefFile>>;
  readonly member?: RefFile;
  readonly key?: RefFile;
  readonly value?: RefFile;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly flattened?: boolean;
  readonly locationName?: string;
  readonly streaming?: boolean;
  readonly timestampFormat?: TimestampFormat;
  readonly xmlNamespace?: XmlNamespace | string;
  readonly eventstream?: boolean;
  readonly event?: boolean;
  readonly document?: boolean;
  readonly union?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: {
    readonly code?: string;
    readonly httpStatusCode?: number;
    readonly senderFault?: boolean;
  };
}

export interface OperationFile {
  readonly method: string;
  readonly uri: string;
  readonly status?: number;
  readonly input?: RefFile;
  readonly output?: RefFile;
  readonly resultWrapper?: string;
  /** Clients send large bodies in gzip. */
  readonly requestCompression?: boolean;
  readonly errors?: readonly string[];
}

export interface ModelFile {
  readonly service: ServiceFile;
  readonly operations: Readonly<Record<string, OperationFile>>;
  readonly shapes: Readonly<Record<string, ShapeFile>>;
}

const GENERATED = new URL('../../generated/', import.meta.url);

/** Read once, at the first request for the service. */
export function readModelFile(name: string): ModelFile | undefined {
  if (!/^[a-z0-9-]+$/.test(name)) return undefined;
  return readGenerated<ModelFile>(`${name}.json`);
}

/** What every generated model says of its service, by its name. */
export function readModelIndex(): Readonly<Record<string, ServiceFile>> {
  return readGenerated<Record<string, ServiceFile>>('index.json') ?? {};
}

function readGenerated<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(new URL(file, GENERATED), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
