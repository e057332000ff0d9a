/** One HTTP exchange with a registry, redirects followed. */
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ImageProblem } from '../../ports/image-store.ts';

/** Where a registry's requests go, where that is not the host of its name, and who asks. */
export interface RegistryAccess {
  /** `http://127.0.0.1:4566`: connected to in the registry's place; its name is still the Host. */
  readonly origin?: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Redirects that are followed: registries send to a store of blobs, some by way of one more. */
const MAX_REDIRECTS = 5;
/** A registry that says nothing for so long is not there, milliseconds. */
const SILENCE_MS = 60_000;

/** The answer's head; its body is read or destroyed by the caller. Rejects with `ImageProblem`. */
export async function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  hostHeader?: string,
): Promise<IncomingMessage> {
  let target = url;
  let sent: Record<string, string> = {
    ...headers,
    ...(hostHeader === undefined ? {} : { host: hostHeader }),
  };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await exchange(target, sent);
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) return response;
    response.destroy();
    const next = new URL(location, target);
    // The token is the registry's; the store behind it has an authorization of its own in the link.
    if (next.host !== target.host) {
      const { authorization: _1, host: _2, ...rest } = sent;
      sent = rest;
    }
    target = next;
  }
  throw new ImageProblem('unreachable', `${url.host} redirects more than ${MAX_REDIRECTS} times`);
}

function exchange(url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const failed = (error: Error): void =>
      reject(
        new ImageProblem('unreachable', `${url.host} could not be asked: ${error.message}`, { cause: error }),
      );
    const request = open(url, { headers, agent: false, timeout: SILENCE_MS }, resolve);
    request.once('timeout', () => request.destroy(new Error(`no answer for ${SILENCE_MS / 1_000} seconds`)));
    request.once('error', failed);
    request.end();
  });
}

/** A whole body of at most `maxBytes`. */
export async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ImageProblem('invalid', `an answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
