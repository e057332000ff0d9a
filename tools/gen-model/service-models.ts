/** Reads the service models (`service-2.json`) that the AWS CLI carries inside an npm package. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';

export interface SourceShapeRef {
  readonly shape: string;
  readonly [trait: string]: unknown;
}

export interface SourceShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, SourceShapeRef>>;
  readonly member?: SourceShapeRef;
  readonly key?: SourceShapeRef;
  readonly value?: SourceShapeRef;
  readonly required?: readonly string[];
  readonly [trait: string]: unknown;
}

export interface SourceModel {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly operations: Readonly<Record<string, SourceOperation>>;
  readonly shapes: Readonly<Record<string, SourceShape>>;
}

export interface SourceOperation {
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: SourceShapeRef;
  readonly output?: SourceShapeRef & { readonly resultWrapper?: string };
  readonly errors?: readonly SourceShapeRef[];
  readonly [trait: string]: unknown;
}

const ENTRY = /\/botocore\/data\/([^/]+)\/([^/]+)\/service-2\.json$/;

/** The newest API version of each named service. */
export async function readServiceModels(names: ReadonlySet<string>): Promise<Map<string, SourceModel>> {
  const packageDirectory = dirname(
    createRequire(import.meta.url).resolve('@aws-cdk/asset-awscli-v1/package.json'),
  );
  const newest = new Map<string, string>();
  const found = new Map<string, SourceModel>();
  const zip = await yauzl.openPromise(join(packageDirectory, 'lib', 'layer.zip'));
  for await (const entry of zip.eachEntry()) {
    const match = ENTRY.exec(entry.fileName);
    if (match === null) continue;
    const [, name, version] = match as unknown as [string, string, string];
    if (!names.has(name) || (newest.get(name) ?? '') > version) continue;
    newest.set(name, version);
    found.set(name, JSON.parse((await buffer(await zip.openReadStreamPromise(entry))).toString()));
  }
  return found;
}
