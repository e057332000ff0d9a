/** Answers and errors of the registry protocol. Source: OCI distribution specification 1.1, "Error Codes". */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../../core/errors.ts';
import type { LayerUpload } from './layer-uploads.ts';
import { MAX_MANIFEST_BYTES } from './registry-content.ts';
import { pageOfNames } from './registry-listings.ts';

/** Of every path of the protocol. */
export const PREFIX = '/v2/';

/** An error of the protocol, with its code there. */
export class RegistryError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RegistryError';
    this.status = status;
    this.code = code;
  }
}

/** The codes of the protocol for AWS's errors. */
const CODES: Readonly<Record<string, readonly [number, string]>> = {
  RepositoryNotFoundException: [404, 'NAME_UNKNOWN'],
  LayersNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ReferencedImagesNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ImageDigestDoesNotMatchException: [400, 'DIGEST_INVALID'],
  ImageTagAlreadyExistsException: [400, 'TAG_INVALID'],
  InvalidParameterException: [400, 'MANIFEST_INVALID'],
  LimitExceededException: [413, 'SIZE_INVALID'],
};

export function denied(action: string): RegistryError {
  return new RegistryError(403, 'DENIED', `no resource-based policy allows the ${action} action`);
}

export function answerNames(
  { response, query }: { readonly response: ServerResponse; readonly query: URLSearchParams },
  path: string,
  names: readonly string[],
  bodyOf: (names: readonly string[]) => object,
): void {
  const page = pageOfNames(names, query, path);
  if (page === undefined)
    throw new RegistryError(400, 'PAGINATION_NUMBER_INVALID', 'n is not a number of names');
  if (page.link !== undefined) response.setHeader('link', page.link);
  answerJson(response, bodyOf(page.names));
}

export function answerProgress(
  response: ServerResponse,
  status: number,
  name: string,
  upload: LayerUpload,
): void {
  response
    .writeHead(status, {
      location: `${PREFIX}${name}/blobs/uploads/${upload.id}`,
      range: `0-${Math.max(upload.bytes - 1, 0)}`,
      'docker-upload-uuid': upload.id,
      'content-length': 0,
    })
    .end();
}

export function answerStored(response: ServerResponse, name: string, digest: string): void {
  const location = `${PREFIX}${name}/blobs/${digest}`;
  response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end();
}

export function answerJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  let known: RegistryError | undefined;
  if (error instanceof RegistryError) known = error;
  else if (error instanceof AwsError) {
    const [status, code] = CODES[error.code] ?? [400, 'UNSUPPORTED'];
    known = new RegistryError(status, code, error.message);
  }
  if (known === undefined) throw error;
  const { status, code, message } = known;
  // What is left of a body is not waited for.
  response.shouldKeepAlive = false;
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="selfsame",service="ecr"' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...challenge });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_MANIFEST_BYTES)
      throw new RegistryError(413, 'SIZE_INVALID', `a manifest may have ${MAX_MANIFEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
