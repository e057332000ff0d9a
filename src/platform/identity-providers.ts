/** Reads what identity providers publish about themselves: JSON over HTTPS, on this machine over HTTP too. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { isLoopback } from '../wire/routing/host-name.ts';

const TIMEOUT_MS = 5_000;
/** More than any set of keys takes, bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * Rejects where it cannot be had, or the server is not who it says. A certificate that no known authority vouches for
 * is taken where it, or one that it was issued by, has one of the thumbprints (hexadecimal SHA-1, lower case).
 */
export async function fetchProviderJson(address: string, thumbprints: readonly string[]): Promise<unknown> {
  const url = new URL(address);
  const isSecure = url.protocol === 'https:';
  if (!isSecure && !(url.protocol === 'http:' && isOfThisMachine(url.hostname)))
    throw new Error(`${address} is not read over HTTPS`);
  const response = await opened(url, isSecure, thumbprints);
  if (response.statusCode !== 200) throw new Error(`${address} answers ${response.statusCode}`);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw new Error(`${address} is larger than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
}

function isOfThisMachine(hostname: string): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  return isLoopback(name) || name.endsWith('.localhost');
}

function opened(url: URL, isSecure: boolean, thumbprints: readonly string[]): Promise<IncomingMessage> {
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    agent: false,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    // Whom to trust is decided by `isTrusted`, before anything that was answered is read.
    ...(isSecure ? { rejectUnauthorized: false } : {}),
  };
  // As in src/core/node-http.ts: a server that nobody sends tokens never loads the client.
  const { request } = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    request(url, options, (response: IncomingMessage) => {
      if (!isSecure || isTrusted(response.socket as TLSSocket, url.hostname, thumbprints)) resolve(response);
      else {
        response.destroy();
        reject(new Error(`nobody vouches for the certificate of ${url.host}`));
      }
    })
      .on('error', reject)
      .end();
  });
}

function isTrusted(socket: TLSSocket, hostname: string, thumbprints: readonly string[]): boolean {
  if (socket.authorized) return true;
  const { checkServerIdentity } = process.getBuiltinModule('node:tls');
  const first = socket.getPeerCertificate(true);
  if (checkServerIdentity(hostname, first) !== undefined) return false;
  return chainOf(first).some(({ fingerprint }) =>
    thumbprints.includes(fingerprint.replaceAll(':', '').toLowerCase()),
  );
}

/** The certificate and those it was issued by; a root has issued itself. */
function chainOf(
  first: PeerCertificate & { readonly issuerCertificate?: PeerCertificate },
): PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let next: typeof first | undefined = first;
  while (next !== undefined && !chain.includes(next)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}
