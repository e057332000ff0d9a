/** One HTTP exchange with a registry, redirects followed. */
import type { IncomingMessage } from 'node:http';
import { ImageProblem } from '../../ports/image-store.ts';

/** Where a registry's requests go, where that is not the host of its name, and who asks. */
export interface RegistryAccess {
  /** `http://127.0.0.1:4566`: connected to in the registry's place; its name is still the Host. */
  readonly origin?: string;
  /** Asked for when the registry wants to know who asks; undefined where nobody has given any for it. */
  readonly credentials?: () => Promise<RegistryCredentials | undefined>;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** Redirects that are followed: registries send to a store of blobs, some by way of one more. */
const MAX_REDIRECTS = 5;
const PROTOCOLS = ['http:', 'https:'];
/** A registry that says nothing for so long is not there, milliseconds. */
const SILENCE_MS = 60_000;

/**
 * The answer's head; its body is read or destroyed by the caller. Rejects with `ImageProblem`; so does
 * the body fail when `signal` is aborted.
 */
export async function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let target = url;
  let sent = headers;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await exchange(target, sent, signal);
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) return response;
    response.destroy();
    const next = redirection(location, target);
    // The token is the registry's; the store behind it has an authorization of its own in the link.
    if (next.origin !== target.origin) {
      const { authorization: _1, host: _2, ...rest } = sent;
      sent = rest;
    }
    target = next;
  }
  throw new ImageProblem('unreachable', `${url.host} redirects more than ${MAX_REDIRECTS} times`);
}

function redirection(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (next !== undefined && PROTOCOLS.includes(next.protocol)) return next;
  throw new ImageProblem('unreachable', `${from.host} redirects to '${location}', which is no HTTP address`);
}

function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Not imported, see core/node-http.ts.
    const { request: open } =
      url.protocol === 'https:'
        ? process.getBuiltinModule('node:https')
        : process.getBuiltinModule('node:http');
    const failed = (error: Error): void =>
      reject(
        new ImageProblem('unreachable', `${url.host} could not be asked: ${error.message}`, { cause: error }),
      );
    const request = open(url, { headers, signal, agent: false, timeout: SILENCE_MS }, resolve);
    request.once('timeout', () => request.destroy(new Error(`no answer for ${SILENCE_MS / 1_000} seconds`)));
    request.on('error', failed);
    request.end();
  });
}

/** A whole body of at most `maxBytes`. Rejects with `ImageProblem`. */
export async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new ImageProblem('invalid', `an answer is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    throw new ImageProblem('unreachable', `an answer broke off: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return Buffer.concat(chunks);
}
