/** Requests signed by AWS's own signer for JavaScript, as this server would receive them. */
import { SignatureV4 } from '@smithy/signature-v4';
import type { SignedRequest } from '../../../src/wire/signature/signed-request.ts';
import type { Credentials } from '../../../src/wire/signature/verify.ts';
import { NodeSha256 } from '../../kit/node-sha256.ts';

export const ACCESS_KEY = 'AKIDEXAMPLE';
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const SIGNED_AT = new Date('2026-03-01T12:00:00Z');

export interface ToSign {
  readonly service?: string;
  readonly region?: string;
  readonly method?: string;
  /** Percent-encoded. */
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly sessionToken?: string;
}

export interface Signed {
  readonly request: SignedRequest;
  readonly body: Buffer;
}

export async function sign(what: ToSign, expiresIn?: number): Promise<Signed> {
  const { service = 'lambda', method = 'POST', path = '/', query = {}, body = '' } = what;
  const signer = new SignatureV4({
    service,
    region: what.region ?? 'us-east-1',
    credentials: {
      accessKeyId: ACCESS_KEY,
      secretAccessKey: SECRET,
      ...(what.sessionToken === undefined ? {} : { sessionToken: what.sessionToken }),
    },
    sha256: NodeSha256,
    uriEscapePath: service !== 's3',
  });
  const request = {
    method,
    protocol: 'http:',
    hostname: 'localhost',
    port: 4566,
    path,
    query,
    headers: { host: 'localhost:4566', ...what.headers },
    ...(body === '' ? {} : { body }),
  };
  const signed =
    expiresIn === undefined
      ? await signer.sign(request, { signingDate: SIGNED_AT })
      : await signer.presign(request, { signingDate: SIGNED_AT, expiresIn });
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const pairs = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encode(name)}=${encode(String(value))}`,
  );
  return {
    request: { method, path, query: pairs.join('&'), rawHeaders: Object.entries(signed.headers).flat() },
    body: Buffer.from(body),
  };
}

export function credentials(
  sessionToken?: string,
): (accessKeyId: string) => Promise<Credentials | undefined> {
  return async (accessKeyId) =>
    accessKeyId === ACCESS_KEY
      ? { secretAccessKey: SECRET, ...(sessionToken === undefined ? {} : { sessionToken }) }
      : undefined;
}

export function withHeader(request: SignedRequest, name: string, value: string | undefined): SignedRequest {
  const rawHeaders: string[] = [];
  let found = false;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [field, old] = [request.rawHeaders[index]!, request.rawHeaders[index + 1]!];
    if (field.toLowerCase() !== name) rawHeaders.push(field, old);
    else if (value !== undefined) rawHeaders.push(field, value);
    found ||= field.toLowerCase() === name;
  }
  if (!found && value !== undefined) rawHeaders.push(name, value);
  return { ...request, rawHeaders };
}
